import { FreshetError } from "../../core/errors.ts";
import { isBusy, isFaultOfFile, stateFault } from "./database-faults.ts";
import type { Database } from "./database.ts";

/** Operations of one transaction at the most; what is beyond it goes into the next. */
export const WRITE_GROUP_MAX = 1_000;
/** How often a transaction is tried while another process holds the file, and how long the writer stands back between. */
const BUSY_TRIES_MAX = 400;
const BUSY_PAUSE_MS_MAX = 20;

/**
 * The one writer of a process. What has gathered while the last transaction ran is committed together, without waiting for
 * more: a commit costs a sync of the disk, whatever is in it.
 */
export interface Writer {
  /**
   * Runs the operation inside the next transaction and resolves with what it returned, once that is on disk. It sees what
   * the operations given before it wrote.
   *
   * An operation is synchronous and does nothing but use the database: it may run again if the transaction has to be
   * repeated. Conditions are answered by what it returns. One that throws takes only itself back.
   *
   * Rejects with DISK_FULL, STATE_READ_ONLY, STATE_DAMAGED, HOME_UNUSABLE or UNAVAILABLE when the transaction fails: then
   * nothing in it was written, but a loss of power in that moment may show otherwise, as with any lost reply.
   */
  write<T>(operation: (database: Database) => T): Promise<T>;
  /** Resolves once everything given so far is on disk or refused. */
  drained(): Promise<void>;
}

interface Entry {
  readonly operation: (database: Database) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

type Verdict = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: unknown };

export function createWriter(database: Database, { busyTriesMax = BUSY_TRIES_MAX } = {}): Writer {
  let waiting: Entry[] = [];
  let scheduled = false;
  let busyTries = 0;

  const write = <T>(operation: (database: Database) => T): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.push({ operation, resolve: resolve as (value: unknown) => void, reject });
      schedule();
    });

  // After the present turn and all that arrived with it, so that answers of one poll of the event loop share a commit.
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  function flush(): void {
    scheduled = false;
    const group = waiting.splice(0, WRITE_GROUP_MAX);
    const verdicts = commitGroup(database, group);
    if (verdicts === "busy" && busyTries < busyTriesMax) return tryAgain(group);
    busyTries = 0;
    const refused = verdicts === "busy" ? busyVerdict(database) : undefined;
    for (const [index, { resolve, reject }] of group.entries()) {
      const verdict = refused ?? (verdicts as readonly Verdict[])[index];
      if (verdict?.ok === true) resolve(verdict.value);
      else reject(verdict?.reason);
    }
    if (waiting.length > 0) schedule();
  }

  function tryAgain(group: Entry[]): void {
    waiting = [...group, ...waiting];
    busyTries += 1;
    scheduled = true;
    setTimeout(flush, Math.min(busyTries, BUSY_PAUSE_MS_MAX));
  }

  return { write, drained: () => write(() => {}) };
}

const busyVerdict = ({ path }: Database): Verdict => ({
  ok: false,
  reason: new FreshetError(
    "UNAVAILABLE",
    `the state file '${path}' has been held by another process for too long; try again, or end what has it open`,
  ),
});

/** One transaction of all that are given, in order; an operation that throws is left out, and the others run again. */
function commitGroup(database: Database, group: readonly Entry[]): readonly Verdict[] | "busy" {
  const verdicts: Verdict[] = [];
  const thrown = new Map<number, unknown>();
  for (;;) {
    try {
      database.statement("BEGIN IMMEDIATE").run();
      const failed = runAll(database, group, thrown, verdicts);
      if (failed === undefined) {
        database.statement("COMMIT").run();
        return verdicts;
      }
      thrown.set(failed.index, failed.reason);
      database.statement("ROLLBACK").run();
    } catch (error) {
      rollBack(database);
      if (isBusy(error)) return "busy";
      const reason = stateFault(database.path, error);
      return group.map((_, index) => ({ ok: false, reason: thrown.get(index) ?? reason }));
    }
  }
}

/** Throws what is the file's fault; returns which operation threw for a reason of its own. */
function runAll(
  database: Database,
  group: readonly Entry[],
  thrown: ReadonlyMap<number, unknown>,
  verdicts: Verdict[],
): { readonly index: number; readonly reason: unknown } | undefined {
  verdicts.length = 0;
  for (const [index, { operation }] of group.entries()) {
    if (thrown.has(index)) {
      verdicts.push({ ok: false, reason: thrown.get(index) });
      continue;
    }
    try {
      verdicts.push({ ok: true, value: operation(database) });
    } catch (reason) {
      if (isFaultOfFile(reason)) throw reason;
      return { index, reason };
    }
  }
  return undefined;
}

/** SQLite has rolled back by itself after some faults; there is nothing to say if that fails. */
function rollBack(database: Database): void {
  try {
    database.statement("ROLLBACK").run();
  } catch {
    // There was no transaction any more.
  }
}
