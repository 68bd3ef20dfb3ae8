/** Trying again within one attempt, inside bounds: a task that retries by itself must not run for days. */
import { durationText, parseDuration } from "../../core/time.ts";
import { FreshetError } from "../../core/errors.ts";
import type { Duration } from "../options.ts";
import { signalOf } from "../signals.ts";
import { isPermanent } from "./failure.ts";

export interface RetryCallOptions {
  /** Tries after the first one; default 3. */
  readonly retries?: number;
  /** Before the second try; default `"1s"`. */
  readonly delay?: Duration;
  /** Each delay is this many times the one before it; default 2. */
  readonly backoff?: number;
  /** No delay is longer; default `"1m"`. */
  readonly maxDelay?: Duration;
  /**
   * After this many failures in a row, counted over all calls in the attempt, nothing is tried again: what is called is down,
   * and the thousandth item would only wait as well. Default 20.
   */
  readonly breakAfter?: number;
  /** Time that all calls in the attempt may spend on trying again, together; default `"10m"`. */
  readonly budget?: Duration;
}

export interface RetryCall {
  /** 1 for the first. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

/**
 * Calls `fn` until it succeeds, and throws its last error once it is given up. Stops at once when the attempt is aborted, at
 * `skip`, `quarantine` and `permanent`, and at errors that are bugs (a TypeError is no better the second time).
 */
export type Retry = <Result>(
  fn: (call: RetryCall) => Result | Promise<Result>,
  options?: RetryCallOptions,
) => Promise<Result>;

const CALL_RETRIES_DEFAULT = 3;
const CALL_DELAY_DEFAULT: Duration = "1s";
const CALL_MAX_DELAY_DEFAULT: Duration = "1m";
const CALL_BREAK_AFTER_DEFAULT = 20;
const CALL_BUDGET_DEFAULT: Duration = "10m";

export interface RetryDeps {
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Resolves after `ms`, rejects with the signal's reason when it aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly warn: (message: string) => void;
}

interface Bounds {
  readonly retries: number;
  readonly delayMs: number;
  readonly backoff: number;
  readonly maxDelayMs: number;
  readonly breakAfter: number;
  readonly budgetMs: number;
}

/** One for each attempt: the breaker and the budget are shared by all of its calls. */
export function createRetry({ signal, now, sleep, warn }: RetryDeps): Retry {
  const spent = { ms: 0, failuresInRow: 0 };

  return async (fn, options = {}) => {
    const bounds = boundsOf(options);
    let failedAt: number | undefined;
    /** What has passed since the last failure went into trying again. */
    const account = (): void => {
      const at = now();
      if (failedAt !== undefined) spent.ms += at - failedAt;
      failedAt = at;
    };
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      try {
        const result = await fn({ attempt, signal });
        if (attempt > 1) account();
        spent.failuresInRow = 0;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        account();
        spent.failuresInRow += 1;
        const delayMs = Math.min(bounds.delayMs * bounds.backoff ** (attempt - 1), bounds.maxDelayMs);
        const stop = reasonToStop({ error, attempt, bounds, delayMs, ...spent });
        if (stop !== undefined) {
          if (stop !== "") warn(`not tried again: ${stop}`);
          throw error;
        }
        const why = error instanceof Error ? error.message : String(error);
        warn(`try ${attempt} failed, next one in ${durationText(delayMs)}: ${why}`);
        await sleep(delayMs, signal);
      }
    }
  };
}

interface Situation {
  readonly error: unknown;
  readonly attempt: number;
  readonly bounds: Bounds;
  readonly delayMs: number;
  readonly ms: number;
  readonly failuresInRow: number;
}

/** Why there is no further try; empty where the error says it itself. */
function reasonToStop({ error, attempt, bounds, delayMs, ms, failuresInRow }: Situation): string | undefined {
  if (signalOf(error) !== undefined || isPermanent(error)) return "";
  if (attempt > bounds.retries) return bounds.retries === 0 ? "" : `${attempt} tries have failed`;
  if (failuresInRow >= bounds.breakAfter) return `${failuresInRow} failures in a row`;
  if (ms + delayMs > bounds.budgetMs) return `the budget of ${durationText(bounds.budgetMs)} for retries is spent`;
  return undefined;
}

function boundsOf(options: RetryCallOptions): Bounds {
  return {
    retries: count("retries", options.retries ?? CALL_RETRIES_DEFAULT, 0),
    delayMs: duration("delay", options.delay ?? CALL_DELAY_DEFAULT),
    backoff: count("backoff", options.backoff ?? 2, 1),
    maxDelayMs: duration("maxDelay", options.maxDelay ?? CALL_MAX_DELAY_DEFAULT),
    breakAfter: count("breakAfter", options.breakAfter ?? CALL_BREAK_AFTER_DEFAULT, 1),
    budgetMs: duration("budget", options.budget ?? CALL_BUDGET_DEFAULT),
  };
}

function count(name: string, value: number, min: number): number {
  if (Number.isFinite(value) && value >= min) return value;
  throw new FreshetError("USAGE", `retry: ${name} is ${String(value)}, expected a number from ${min}`);
}

function duration(name: string, value: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  throw new FreshetError("USAGE", `retry: ${name} is ${JSON.stringify(value)}, expected a duration such as "30s"`);
}

/** The sleep of a real attempt. */
export const sleepFor: RetryDeps["sleep"] = (ms, signal) =>
  new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal.addEventListener("abort", aborted, { once: true });
  });
