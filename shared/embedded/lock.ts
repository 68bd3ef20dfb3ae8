/** One scheduler a home. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FreshetError } from "../core/errors.ts";
import { iso, type Instant } from "../core/time.ts";
import { makeFolder } from "./make-folder.ts";

export interface HomeLock {
  /** Does nothing the second time. */
  release(): void;
}

/** A connection that nobody refers to is closed by the garbage collector, and the lock with it. */
const held = new Set<DatabaseSync>();

interface Holder {
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/**
 * Takes the scheduler's lock of a home, or throws FreshetError: HOME_LOCKED, naming who has it, or HOME_UNUSABLE. It is a
 * lock on an empty SQLite file, which the system drops when the process is gone, however it went; children do not inherit
 * it. Who has it stands in a file beside, because reading a locked file and closing it again would drop the lock.
 */
export function acquireLock(home: string, now: Instant): HomeLock {
  const path = join(home, "lock.db");
  const holderPath = join(home, "lock.json");
  const database = lockedDatabase(home, path, holderPath);
  held.add(database);
  const holder: Holder = { pid: process.pid, since: iso(now) };
  try {
    writeFileSync(holderPath, JSON.stringify(holder));
  } catch {
    // Only for the message to others: a full disk is the state file's to report.
  }
  return {
    release() {
      if (!database.isOpen) return;
      rmSync(holderPath, { force: true });
      database.close();
      held.delete(database);
    },
  };
}

/** Who holds the home's lock, as far as it can be told without taking it. */
function lockHolder(home: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(join(home, "lock.json"), "utf8")) as Partial<Holder>;
    return typeof holder.pid === "number" && typeof holder.since === "string" ? (holder as Holder) : undefined;
  } catch {
    return undefined; // Nobody, or somebody who has not written it yet.
  }
}

/**
 * Whether somebody seems to schedule the home: for messages alone, since it does not try the lock, which could keep a scheduler
 * from starting. A killed holder's number that another process has by now counts as held.
 */
export function isHeld(home: string): boolean {
  const holder = lockHolder(home);
  if (holder === undefined) return false;
  try {
    return process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // There is one, of somebody else.
  }
}

function lockedDatabase(home: string, path: string, holderPath: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    makeFolder(home);
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE"); // Nothing is ever written; never committed.
    return database;
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) throw locked(home, holderPath, cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FreshetError(
      "HOME_UNUSABLE",
      `the lock ${path} cannot be taken: ${reason}; FRESHET_HOME must be a folder on this machine in which you may write`,
      { cause },
    );
  }
}

const SQLITE_BUSY = 5;
const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  "errcode" in error &&
  typeof error.errcode === "number" &&
  (error.errcode & 0xff) === SQLITE_BUSY;

function locked(home: string, holderPath: string, cause: unknown): FreshetError {
  const holder = lockHolder(home);
  const who =
    holder === undefined ? `another process (see ${holderPath})` : `process ${holder.pid}, since ${holder.since}`;
  const remedy = "stop that one first, or set FRESHET_HOME to another folder";
  return new FreshetError("HOME_LOCKED", `Freshet is already running on ${home}: ${who}; ${remedy}`, { cause });
}
