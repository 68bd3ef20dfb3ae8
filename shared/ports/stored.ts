/**
 * What every record store shares; and of every port: a call that failed for a passing reason (throttled, no reply, no
 * connection) rejects with FreshetError UNAVAILABLE, whether it took effect or not. Any other error is taken for a record
 * or message that cannot be decided.
 */

/**
 * The largest record, as it is stored. A larger one is refused with RECORD_TOO_LARGE and nothing is written: an item of
 * DynamoDB holds 400 KB, and what does not fit there must not come into being on a laptop.
 */
export const RECORD_BYTES_MAX = 350 * 1024;

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
