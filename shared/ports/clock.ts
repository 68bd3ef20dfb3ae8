import type { CommitId } from "../core/ids.ts";
import type { AttemptKey } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";

export interface Clock {
  now(): Instant;
}

/** Where randomness comes from: nothing is decided by it. */
export interface Ids {
  commitId(): CommitId;
  /** Unique for each claim of an attempt. */
  owner(): string;
  /** A short tail that keeps ids of the same instant apart. */
  suffix(): string;
  /** In [0, 1): jitter between tries. */
  random(): number;
}

/** Proof that the scheduler sent a dispatch: code can complete only what it was given. */
export interface Tokens {
  sign(key: AttemptKey): string;
  verify(key: AttemptKey, token: string): boolean;
}
