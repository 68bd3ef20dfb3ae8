import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "./file-faults.ts";
import { type WriteLock, createWriteLock } from "../state/write-lock.ts";

/** Where files are made before they are moved into place: on the same file system, and where nobody lists. */
export interface WorkFolder {
  readonly lock: WriteLock;
  /** Gives a path that nothing else uses, and removes what is there at the end. */
  withTemporary<T>(use: (path: string) => Promise<T>): Promise<T>;
  /** What the file system takes for the present hour, in nanoseconds: what it stamps on files. */
  now(): bigint;
}

/** Made when it is first needed; what dead processes left in it is removed then. */
export function openWorkFolder(folder: string): WorkFolder {
  const files = join(folder, "tmp");
  const lock = createWriteLock(join(folder, "lock.db"));
  let ready = false;

  function prepare(): void {
    if (ready) return;
    mkdirSync(files, { recursive: true });
    for (const name of readdirSync(files)) {
      if (!isAlive(Number.parseInt(name, 10))) rmSync(join(files, name), { force: true, recursive: true });
    }
    ready = true;
  }

  return {
    lock: {
      hold: (work) => {
        prepare();
        return lock.hold(work);
      },
      close: () => lock.close(),
    },
    withTemporary: async (use) => {
      prepare();
      const path = join(files, `${process.pid}-${randomUUID()}`);
      try {
        return await use(path);
      } finally {
        await rm(path, { force: true });
      }
    },
    now: () => {
      prepare();
      const marker = openSync(join(folder, "now"), "w");
      try {
        writeSync(marker, "0");
        return fstatSync(marker, { bigint: true }).mtimeNs;
      } finally {
        closeSync(marker);
      }
    },
  };
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid)) return false; // Not a name that we gave.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM"; // Another user's.
  }
}
