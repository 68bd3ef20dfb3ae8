/** The options that a DAG and its tasks have in common. */
import type { Executor } from "../core/manifest.ts";

type Unit = "ms" | "s" | "m" | "h" | "d";
/** `"500ms"`, `"30s"`, `"10m"`, `"1h30m"`, `"2d"`. */
export type Duration =
  `${number}${Unit}` | `${number}d${number}${"h" | "m"}` | `${number}h${number}${"m" | "s"}` | `${number}m${number}s`;

export interface RetryOptions {
  /** Tries after the first one; default 0. */
  readonly retries?: number;
  /** Before the second try; default `"30s"`. */
  readonly delay?: Duration;
  /** Each delay is this many times the one before it; default 2. */
  readonly backoff?: number;
  /** `"full"` (default) adds up to a whole delay, so that what failed together is not tried again together. */
  readonly jitter?: "full" | "none";
  /** No delay is longer; default `"1h"`. */
  readonly maxDelay?: Duration;
  /** No try starts later than this after the first failure; by default there is no such bound. */
  readonly budget?: Duration;
  /**
   * Which failures are tried again, instead of what their class says: names of errors, or a function. A timeout has the name
   * `TaskTimeout`; bad data (`quarantine`) and `permanent` failures are never tried again.
   */
  readonly retryOn?: readonly string[] | ((error: Error) => boolean);
}

export interface ResourceOptions {
  /** On `lambda` it also decides the share of CPU. */
  readonly memoryMb?: number;
  /** vCPUs; not on `lambda`. */
  readonly cpu?: number;
}

/** What a DAG may give to all of its tasks, and a task may say otherwise. */
export interface TaskDefaults {
  /** Default: no retries. Each member of `retry` is taken from the task, else from the DAG. */
  readonly retry?: RetryOptions;
  /** One attempt, from the start of its code; default `"10m"` on `lambda`, `"1h"` on `worker`. */
  readonly timeout?: Duration;
  /** How long an attempt may wait for an executor; default `"1d"`. */
  readonly queuedTimeout?: Duration;
  /** Default `"lambda"`. */
  readonly executor?: Executor;
  readonly resources?: ResourceOptions;
  /** The run may succeed (`degraded`) without the task. */
  readonly allowFailure?: boolean;
}

/** Who answers for it, and where it is explained. A task without them has its DAG's owner and runbook. */
export interface Ownership {
  readonly owner?: string;
  /** What to do when it fails: an address. */
  readonly runbook?: string;
  readonly tags?: readonly string[];
  /** Markdown. */
  readonly docs?: string;
}
