/** What every record store shares. */

/** A record as it was read, with the version that a commit must still find. */
export interface Stored<T> {
  readonly value: T;
  /** 1 after the first put; each commit adds 1. */
  readonly version: number;
}

/**
 * `committed`: written, now or by an earlier try of this same commit (recognised by its id). `stale`: somebody else wrote
 * since the read; nothing was written. `missing`: there is no such record.
 */
export type CommitResult = "committed" | "stale" | "missing";
