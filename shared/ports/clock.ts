import type { AttemptKey, CommitId } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";

export interface Clock {
  now(): Instant;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
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
  /** A hash of any text as 32 hex digits: equal texts, equal ids. */
  digest(text: string): string;
}

/** Proof that the scheduler sent a dispatch: code can complete only what it was given. */
export interface Tokens {
  sign(key: AttemptKey): string;
  verify(key: AttemptKey, token: string): boolean;
}
