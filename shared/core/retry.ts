/** When a failed attempt is tried again. */
import type { TaskError } from "./attempt.ts";
import type { RetrySpec } from "./manifest.ts";
import type { Cause } from "./run.ts";
import { durationText, instant, plus, type Instant } from "./time.ts";

/** Attempts of one task instance that the platform may lose before the task fails; they do not count as tries. */
export const LOSSES_MAX = 3;
/** The wait after the first loss; doubled with each further one. */
const LOSS_DELAY_MS = 2_000;

/**
 * The delay before try `failures + 1`: `delay x backoff^(failures-1)`, plus jitter in [0, that) that depends on `seed` alone,
 * then capped. (Apache Airflow's exponential backoff, with the jitter that Airflow derives by hashing.)
 */
export function retryDelayMs(spec: RetrySpec, failures: number, seed: string): number {
  const baseMs = Math.max(1, Math.ceil(spec.delayMs * spec.backoff ** (failures - 1)));
  const jitterMs =
    spec.jitter === "full" ? hash32(`${seed}#${failures}`) % Math.max(1, Math.min(baseMs, spec.maxDelayMs)) : 0;
  return Math.min(baseMs + jitterMs, spec.maxDelayMs);
}

export const lossDelayMs = (losses: number): number => LOSS_DELAY_MS * 2 ** (losses - 1);

export interface RetryQuestion {
  readonly spec: RetrySpec;
  readonly error: TaskError;
  /** Tries so far, the failed one included; attempts that were lost do not count. */
  readonly failures: number;
  readonly firstFailureAt: Instant;
  readonly run: { readonly budgetMs: number | null; readonly firstFailureAt: Instant };
  readonly seed: string;
  /** When a try may start that would at this instant. */
  readonly startsFrom: (at: Instant) => Instant;
  readonly now: Instant;
}

export type RetryAnswer =
  | { readonly again: true; readonly at: Instant; readonly cause: Cause }
  | { readonly again: false; readonly cause: Cause };

/** Whether a failure is tried again, and when; with the cause that the task's state will show. */
export function decideRetry(question: RetryQuestion): RetryAnswer {
  const { spec, error, failures } = question;
  const facts = { class: error.class, name: error.name };
  const what = `${error.name}: ${error.message}`;
  if (!isRetried(spec, error)) return { again: false, cause: { code: "error", text: what, ...facts } };
  if (failures > spec.retries) {
    if (spec.retries === 0) return { again: false, cause: { code: "error", text: what, ...facts } };
    const text = `${what} (after ${failures} tries)`;
    return { again: false, cause: { code: "retries_exhausted", text, ...facts } };
  }
  const at = nextTry(question);
  const end = budgetEnd(question);
  if (at > end.at) {
    const text = `${what} (the next try would start after the ${end.whose} retry budget of ${durationText(end.budgetMs)})`;
    return { again: false, cause: { code: "retry_budget", text, ...facts } };
  }
  return { again: true, at, cause: { code: "error", text: what, ...facts } };
}

/** Those that wait for the same hours part again as these begin: each by the jitter that it had. */
function nextTry({ spec, failures, seed, startsFrom, now }: RetryQuestion): Instant {
  const delayMs = retryDelayMs(spec, failures, seed);
  const wanted = plus(now, delayMs);
  const opens = startsFrom(wanted);
  if (opens === wanted || spec.jitter !== "full") return opens;
  const parted = plus(opens, hash32(`${seed}#${failures}`) % Math.max(1, delayMs));
  // Hours that are shorter than the delay.
  return startsFrom(parted) === parted ? parted : opens;
}

/**
 * `retryOn` decides alone where it is given, by the verdict that came with the error or else by its name; otherwise the
 * class does. Bad data is never tried again.
 */
function isRetried(spec: RetrySpec, error: TaskError): boolean {
  if (error.class === "quarantine") return false;
  if (spec.on === "transient") return error.class === "transient" || error.class === "timeout";
  // The executor has seen the error itself: it knows the classes above its name, and asks the task's own function.
  if (error.retry !== undefined) return error.retry;
  if (spec.on === "function") return error.class === "timeout" || error.class === "transient";
  return spec.on.includes(error.name);
}

function budgetEnd({ spec, firstFailureAt, run }: RetryQuestion): { at: Instant; budgetMs: number; whose: string } {
  const task = {
    at: instant(spec.budgetMs === null ? Infinity : firstFailureAt + spec.budgetMs),
    budgetMs: spec.budgetMs ?? 0,
    whose: "task's",
  };
  const all = {
    at: instant(run.budgetMs === null ? Infinity : run.firstFailureAt + run.budgetMs),
    budgetMs: run.budgetMs ?? 0,
    whose: "run's",
  };
  return all.at < task.at ? all : task;
}

/** FNV-1a, 32 bits: spreads texts that differ in one character well enough to keep retries apart. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
