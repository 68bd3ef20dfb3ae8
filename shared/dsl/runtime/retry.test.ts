import { describe, expect, test } from "vitest";
import { quarantine } from "../signals.ts";
import { createRetry, type Retry, type RetryCallOptions, sleepFor } from "./retry.ts";

interface World {
  readonly retry: Retry;
  readonly slept: number[];
  readonly warnings: string[];
  readonly abort: AbortController;
}

/** Time passes only by sleeping. */
function aWorld(): World {
  const abort = new AbortController();
  const slept: number[] = [];
  const warnings: string[] = [];
  let now = 0;
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
    now += ms;
  };
  const retry = createRetry({
    signal: abort.signal,
    now: () => now,
    sleep,
    warn: (message) => void warnings.push(message),
  });
  return { retry, slept, warnings, abort };
}

/** Fails `times` times, then gives "done". */
function failing(times: number, error = () => new Error("busy")): { call: () => Promise<string>; calls: () => number } {
  let calls = 0;
  return {
    call: async () => {
      calls += 1;
      if (calls <= times) throw error();
      return "done";
    },
    calls: () => calls,
  };
}

const QUICK: RetryCallOptions = { retries: 2, delay: "10ms" };

describe("retry within a task", () => {
  test("calls until it succeeds, waiting longer each time", async () => {
    const { retry, slept } = aWorld();

    expect(await retry(failing(3).call, { delay: "1s", backoff: 3, maxDelay: "5s" })).toBe("done");
    expect(slept).toEqual([1_000, 3_000, 5_000]);
  });

  test("throws the last error once it has no tries left", async () => {
    const { retry } = aWorld();
    const { call, calls } = failing(9);

    await expect(retry(call, QUICK)).rejects.toThrow("busy");
    expect(calls()).toBe(3);
  });

  test("tells the call which try it is", async () => {
    const { retry } = aWorld();
    const attempts: number[] = [];

    await retry(({ attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error("busy");
    }, QUICK);

    expect(attempts).toEqual([1, 2, 3]);
  });

  test("does not try a bug again", async () => {
    const { retry } = aWorld();
    const { call, calls } = failing(9, () => new TypeError("x is not a function"));

    await expect(retry(call, QUICK)).rejects.toThrow("x is not a function");
    expect(calls()).toBe(1);
  });

  test("does not try bad data again", async () => {
    const { retry } = aWorld();
    let calls = 0;

    const act = retry(() => {
      calls += 1;
      return quarantine("negative prices");
    }, QUICK);

    await expect(act).rejects.toThrow("negative prices");
    expect(calls).toBe(1);
  });

  test("stops trying once too many calls in a row have failed, whichever they were", async () => {
    const { retry, slept, warnings } = aWorld();
    const options: RetryCallOptions = { retries: 2, delay: "10ms", breakAfter: 4 };
    await retry(failing(9).call, options).catch(() => undefined);

    const { call, calls } = failing(9);
    await expect(retry(call, options)).rejects.toThrow("busy");

    expect(calls()).toBe(1);
    expect(slept).toHaveLength(2);
    expect(warnings.at(-1)).toBe("not tried again: 4 failures in a row");
  });

  test("a success closes the breaker again", async () => {
    const { retry } = aWorld();
    const options: RetryCallOptions = { retries: 2, delay: "10ms", breakAfter: 3 };
    await retry(failing(2).call, options);

    const { call, calls } = failing(2);
    await retry(call, options);

    expect(calls()).toBe(3);
  });

  test("all calls together spend no more time on it than the budget", async () => {
    const { retry, slept } = aWorld();
    const options: RetryCallOptions = { retries: 9, delay: "10s", backoff: 1, budget: "25s", breakAfter: 99 };
    await retry(failing(1).call, options);

    await expect(retry(failing(9).call, options)).rejects.toThrow("busy");

    expect(slept).toEqual([10_000, 10_000]);
  });

  test("ends at once when the attempt is aborted", async () => {
    const { retry, abort } = aWorld();
    const { call, calls } = failing(9);
    abort.abort(new Error("cancelled"));

    await expect(retry(call, QUICK)).rejects.toThrow("cancelled");
    expect(calls()).toBe(0);
  });

  test.each<[RetryCallOptions, string]>([
    [{ retries: -1 }, "retry: retries is -1"],
    [{ backoff: 0 }, "retry: backoff is 0"],
    [{ delay: "soon" as "1s" }, 'retry: delay is "soon"'],
  ])("refuses %j", async (options, message) => {
    const { retry } = aWorld();

    await expect(retry(() => 1, options)).rejects.toThrow(message);
  });

  test("a wait ends early when the attempt is aborted", async () => {
    const abort = new AbortController();
    const wait = sleepFor(60_000, abort.signal);

    abort.abort(new Error("cancelled"));

    await expect(wait).rejects.toThrow("cancelled");
  });
});
