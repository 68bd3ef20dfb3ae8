import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { NOON } from "../../test/builders/index.ts";
import { runId } from "../core/ids.ts";
import { instant, plus } from "../core/time.ts";
import { TIMER_HORIZON_MS, type TimerTarget } from "../ports/timers.ts";
import { createMemoryTimers } from "./timers.ts";

const RUN: TimerTarget = { kind: "run", id: runId("orders.run-1") };
const OTHER: TimerTarget = { kind: "run", id: runId("orders.run-2") };

beforeEach(() => void vi.useFakeTimers({ now: NOON }));
afterEach(() => void vi.useRealTimers());

function theTimers() {
  const woken: (readonly TimerTarget[])[] = [];
  const clock = { now: () => instant(Date.now()), sleep: async () => undefined };
  const timers = createMemoryTimers({ clock, wake: (targets) => woken.push(targets) });
  return { timers, woken };
}

test("a timer wakes its record at its instant and not before", async () => {
  const { timers, woken } = theTimers();
  await timers.arm(RUN, plus(NOON, 2_500), NOON);

  await vi.advanceTimersByTimeAsync(2_499);
  const before = woken.length;
  await vi.advanceTimersByTimeAsync(1);

  expect([before, woken]).toEqual([0, [[RUN]]]);
});

test("the earlier of two timers goes first, whichever was armed first", async () => {
  const { timers, woken } = theTimers();
  await timers.arm(RUN, plus(NOON, 2_000), NOON);
  await timers.arm(OTHER, plus(NOON, 1_000), NOON);

  await vi.advanceTimersByTimeAsync(5_000);

  expect(woken).toEqual([[OTHER], [RUN]]);
});

test("timers of one record for different instants all go", async () => {
  const { timers, woken } = theTimers();
  for (const ms of [30, 10, 20, 10]) await timers.arm(RUN, plus(NOON, ms), NOON);

  await vi.advanceTimersByTimeAsync(100);

  expect(woken).toEqual([[RUN], [RUN], [RUN]]);
});

test("a timer for the past goes at once", async () => {
  const { timers, woken } = theTimers();

  await timers.arm(RUN, plus(NOON, -5), NOON);
  await vi.advanceTimersByTimeAsync(1);

  expect(woken).toEqual([[RUN]]);
});

test("after the machine has slept, what fell due goes within a second", async () => {
  const { timers, woken } = theTimers();
  await timers.arm(RUN, plus(NOON, 100_000), NOON);

  vi.setSystemTime(plus(NOON, 200_000)); // The timers' own clock stood still meanwhile.
  await vi.advanceTimersByTimeAsync(1_000);

  expect(woken).toEqual([[RUN]]);
});

test("what lies beyond the horizon is left to the due index", async () => {
  const { timers } = theTimers();

  await timers.arm(RUN, plus(NOON, TIMER_HORIZON_MS + 1), NOON);

  expect(timers.size()).toBe(0);
});

test("closed timers wake nobody", async () => {
  const { timers, woken } = theTimers();
  await timers.arm(RUN, plus(NOON, 10), NOON);

  timers.close();
  await vi.advanceTimersByTimeAsync(1_000);

  expect(woken).toEqual([]);
});
