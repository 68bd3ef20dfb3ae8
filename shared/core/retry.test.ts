import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, NOON, SECOND_MS, aRetrySpec } from "../../test/builders/index.ts";
import type { ErrorClass, TaskError } from "./attempt.ts";
import type { RetrySpec } from "./manifest.ts";
import { decideRetry, hash32, lossDelayMs, retryDelayMs, type RetryQuestion } from "./retry.ts";
import { plus, type Instant } from "./time.ts";

const SEED = "orders#load#1772409600000";
const delays = (spec: Partial<RetrySpec>, tries = 5): readonly number[] =>
  Array.from({ length: tries }, (_, index) => retryDelayMs(aRetrySpec(spec), index + 1, SEED));

describe("the delay before the next try", () => {
  test("grows by the backoff each time", () => {
    expect(delays({ delayMs: 10 * SECOND_MS, backoff: 2 })).toEqual([10_000, 20_000, 40_000, 80_000, 160_000]);
    expect(delays({ delayMs: 10 * SECOND_MS, backoff: 1 })).toEqual([10_000, 10_000, 10_000, 10_000, 10_000]);
    expect(delays({ delayMs: 1_001, backoff: 1.5 })).toEqual([1_001, 1_502, 2_253, 3_379, 5_068]);
  });

  test("is never longer than its cap, however large the power", () => {
    expect(delays({ delayMs: 10 * SECOND_MS, backoff: 10, maxDelayMs: MINUTE_MS })).toEqual([
      10_000, 60_000, 60_000, 60_000, 60_000,
    ]);
    expect(retryDelayMs(aRetrySpec({ backoff: 100, jitter: "full" }), 1_000, SEED)).toBe(HOUR_MS);
  });

  test("is nothing where the cap is nothing, with jitter too", () => {
    expect(retryDelayMs(aRetrySpec({ maxDelayMs: 0, jitter: "full" }), 1, SEED)).toBe(0);
  });

  test("is at least a millisecond, so that a try is always later than the failure", () => {
    expect(delays({ delayMs: 0 })).toEqual([1, 1, 1, 1, 1]);
  });

  test("has jitter that depends on the task, the date and the try alone: these numbers stay for ever", () => {
    expect(delays({ delayMs: 30 * SECOND_MS, jitter: "full", maxDelayMs: 24 * HOUR_MS }, 3)).toEqual([
      37_724, 60_581, 202_962,
    ]);
  });

  test("is spread evenly over once to twice the base", () => {
    const spec = aRetrySpec({ delayMs: MINUTE_MS, jitter: "full" });
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let task = 0; task < 1_000; task++) {
      const delay = retryDelayMs(spec, 1, `orders#task-${task}#1772409600000`);
      tenths[Math.floor(((delay - MINUTE_MS) / MINUTE_MS) * 10)] =
        (tenths[Math.floor(((delay - MINUTE_MS) / MINUTE_MS) * 10)] ?? 0) + 1;
    }

    expect(tenths).toHaveLength(10);
    expect(Math.min(...tenths)).toBeGreaterThan(70);
    expect(Math.max(...tenths)).toBeLessThan(130);
  });
});

test("the wait after a loss doubles", () => {
  expect([1, 2, 3].map(lossDelayMs)).toEqual([2_000, 4_000, 8_000]);
});

test("the hash is FNV-1a of 32 bits", () => {
  expect(["", "a", "foobar"].map(hash32)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
});

const anError = (overrides: Partial<TaskError> = {}): TaskError => ({
  name: "Error",
  message: "no answer",
  class: "transient",
  ...overrides,
});

const ask = (spec: Partial<RetrySpec>, error: Partial<TaskError> = {}, overrides: Partial<RetryQuestion> = {}) =>
  decideRetry({
    spec: aRetrySpec({ retries: 3, delayMs: 10 * SECOND_MS, ...spec }),
    error: anError(error),
    failures: 1,
    firstFailureAt: NOON,
    run: { budgetMs: null, firstFailureAt: NOON },
    seed: SEED,
    startsFrom: (at) => at,
    now: NOON,
    ...overrides,
  });

describe("without a retryOn, the class of the error decides", () => {
  test.each<[ErrorClass, boolean]>([
    ["transient", true],
    ["timeout", true],
    ["permanent", false],
    ["quarantine", false],
  ])("%s: again %s", (errorClass, again) => {
    expect(ask({}, { class: errorClass }).again).toBe(again);
  });
});

describe("a list of names decides alone", () => {
  const on = ["RateLimited", "TaskTimeout"];

  test.each<[string, ErrorClass, boolean]>([
    ["RateLimited", "transient", true],
    ["RateLimited", "permanent", true],
    ["Error", "transient", false],
    ["TaskTimeout", "timeout", true],
    ["RateLimited", "quarantine", false],
  ])("%s of class %s: again %s", (name, errorClass, again) => {
    expect(ask({ on }, { name, class: errorClass }).again).toBe(again);
  });
});

test("the executor's verdict counts before a name on the list: it knows the classes above that name", () => {
  const on = ["NetworkError"];

  expect(ask({ on }, { name: "SocketError", retry: true }).again).toBe(true);
  expect(ask({ on }, { name: "NetworkError", retry: false }).again).toBe(false);
});

describe("the task's own function decides alone", () => {
  test.each<[boolean | undefined, ErrorClass, boolean]>([
    [true, "permanent", true],
    [false, "transient", false],
    [true, "quarantine", false],
    // It could not be asked: the code was killed.
    [undefined, "timeout", true],
    [undefined, "transient", true],
    [undefined, "permanent", false],
  ])("it says %s of class %s: again %s", (retry, errorClass, again) => {
    expect(ask({ on: "function" }, { class: errorClass, ...(retry === undefined ? {} : { retry }) }).again).toBe(again);
  });
});

test("a task that will be tried again says why, and when", () => {
  expect(ask({})).toEqual({
    again: true,
    at: plus(NOON, 10 * SECOND_MS),
    cause: { code: "error", text: "Error: no answer", class: "transient", name: "Error" },
  });
});

test("an error that is not tried again is told as it is, whatever tries are left", () => {
  expect(ask({}, { class: "permanent", name: "BadRow" })).toEqual({
    again: false,
    cause: { code: "error", text: "BadRow: no answer", class: "permanent", name: "BadRow" },
  });
});

describe("a try after the last one", () => {
  test("is one more than the retries", () => {
    expect(ask({ retries: 3 }, {}, { failures: 3 }).again).toBe(true);
  });

  test("is not made, and the cause counts them", () => {
    expect(ask({}, {}, { failures: 4 })).toEqual({
      again: false,
      cause: { code: "retries_exhausted", text: "Error: no answer (after 4 tries)", class: "transient", name: "Error" },
    });
  });

  test("of a task without retries just failed", () => {
    expect(ask({ retries: 0 })).toEqual({
      again: false,
      cause: { code: "error", text: "Error: no answer", class: "transient", name: "Error" },
    });
  });
});

describe("a retry budget", () => {
  test("allows a try that starts exactly at its end, and none after", () => {
    expect(ask({ budgetMs: 10 * SECOND_MS })).toMatchObject({ again: true, at: plus(NOON, 10 * SECOND_MS) });
    expect(ask({ budgetMs: 10 * SECOND_MS - 1 })).toMatchObject({ again: false, cause: { code: "retry_budget" } });
  });

  test("counts from the first failure", () => {
    expect(ask({ budgetMs: MINUTE_MS }, {}, { firstFailureAt: plus(NOON, -55 * SECOND_MS) }).again).toBe(false);
  });

  test("that is over is named with its length, and the error with its class", () => {
    expect(ask({ budgetMs: 5 * SECOND_MS })).toEqual({
      again: false,
      cause: {
        code: "retry_budget",
        text: "Error: no answer (the next try would start after the task's retry budget of 5s)",
        class: "transient",
        name: "Error",
      },
    });
  });

  test("of the run that has not ended allows the try", () => {
    expect(ask({}, {}, { run: { budgetMs: MINUTE_MS, firstFailureAt: NOON } }).again).toBe(true);
  });

  test("of the run is not blamed where the task's ends at the same time", () => {
    const run = { budgetMs: SECOND_MS, firstFailureAt: NOON };

    expect(ask({ budgetMs: SECOND_MS }, {}, { run }).cause.text).toMatch(/the task's retry budget of 1s/);
  });

  test("of the run counts from the run's first failure; the tighter of two counts", () => {
    const run = { budgetMs: MINUTE_MS, firstFailureAt: plus(NOON, -55 * SECOND_MS) };

    expect(ask({ budgetMs: HOUR_MS }, {}, { run })).toMatchObject({
      again: false,
      cause: { text: "Error: no answer (the next try would start after the run's retry budget of 1m)" },
    });
  });
});

describe("a try that waits for its task's hours", () => {
  const OPENS = plus(NOON, 3_600_000);
  const tryAt = (seed: string, jitter: RetrySpec["jitter"], startsFrom = opening): number => {
    const answer = ask({ jitter }, {}, { seed, startsFrom });
    return answer.again ? answer.at - OPENS : NaN;
  };
  const opening = (at: Instant): Instant => (at < OPENS ? OPENS : at);

  test("comes by its jitter after they begin, lest all start at once", () => {
    const offsets = ["a", "b", "c", "d"].map((seed) => tryAt(seed, "full"));

    expect(new Set(offsets).size).toBe(4);
    expect(offsets.every((offset) => offset >= 0 && offset < 20 * SECOND_MS)).toBe(true);
  });

  test("comes as they begin if it has none, or they are too short for it", () => {
    expect(tryAt("a", "none")).toBe(0);
    expect(tryAt("b", "full", (at) => (at === OPENS ? OPENS : at < OPENS ? OPENS : plus(OPENS, 1e9)))).toBe(0);
  });
});
