import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { FreshetError } from "../../core/errors.ts";
import { isBusy } from "./database-faults.ts";

/** How often a lock that others hold is tried, and how long between: about ten seconds in all. */
const TRIES_MAX = 600;
const PAUSE_MS_MAX = 20;

/**
 * A lock among all processes of this machine. It is SQLite's on an empty database, so the kernel lets go of it when a
 * process dies, and there are no stale locks to find.
 */
export interface WriteLock {
  /** Runs the work while nobody else, in this process or another, holds the lock. Rejects with CONTENTION. */
  hold<T>(work: () => T): Promise<T>;
  close(): void;
}

export function createWriteLock(path: string, { triesMax = TRIES_MAX } = {}): WriteLock {
  let connection: DatabaseSync | undefined;

  /** The work is synchronous: within a process the lock is held and given back in one turn. */
  function tryHold<T>(work: () => T): { readonly value: T } | "held" {
    connection ??= new DatabaseSync(path, { timeout: 0 });
    try {
      connection.exec("BEGIN IMMEDIATE");
    } catch (error) {
      if (isBusy(error)) return "held";
      throw error;
    }
    try {
      return { value: work() };
    } finally {
      connection.exec("ROLLBACK");
    }
  }

  return {
    hold: async (work) => {
      for (let tries = 1; tries <= triesMax; tries++) {
        const held = tryHold(work);
        if (held !== "held") return held.value;
        await pause(Math.min(tries, PAUSE_MS_MAX));
      }
      throw new FreshetError("CONTENTION", `'${path}' has been held by another process for too long; try again`);
    },
    close: () => {
      connection?.close();
      connection = undefined;
    },
  };
}
