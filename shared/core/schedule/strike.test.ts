import { describe, expect, test } from "vitest";
import { HOUR_MS, NOON, aSchedule } from "../../../test/builders/index.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { lastStrike, nextStrike } from "./strike.ts";
import { plus, type Instant } from "../time.ts";

const common = { timezone: "UTC", start: null, end: null } as const;
const hours = (count: number): Instant => plus(NOON, count * HOUR_MS);

/** The last strike at each instant or before, and the next one after it, in hours from noon. */
const around = (schedule: ScheduleSpec, ...times: readonly Instant[]): unknown =>
  times.map((time) =>
    [lastStrike(schedule, time), nextStrike(schedule, time)].map((at) => (at === null ? null : (at - NOON) / HOUR_MS)),
  );

describe("a clock strikes", () => {
  test("every so often from its anchor on, and before it", () => {
    const schedule: ScheduleSpec = { ...common, kind: "every", everyMs: 2 * HOUR_MS, anchor: NOON, interval: "every" };

    expect(around(schedule, NOON, plus(NOON, -1), plus(NOON, 1), hours(5), hours(-3))).toEqual([
      [0, 2],
      [-2, 0],
      [0, 2],
      [4, 6],
      [-4, -2],
    ]);
  });

  test("on its dates, and neither before nor after them", () => {
    const dates = [hours(0), hours(3), hours(7)];
    const schedule: ScheduleSpec = { ...common, kind: "dates", dates, interval: "none" };

    expect(around(schedule, hours(-1), hours(0), hours(3), hours(5), hours(7))).toEqual([
      [null, 0],
      [0, 3],
      [3, 7],
      [3, 7],
      [7, null],
    ]);
  });

  test("by the nearest of several expressions", () => {
    const schedule = aSchedule({ expressions: ["0 11 * * *", "0 15 * * *", "0 10 * * *"], timezone: "UTC" });

    expect(around(schedule, hours(0), hours(3), hours(-1))).toEqual([
      [-1, 3],
      [3, 22],
      [-1, 3],
    ]);
  });
});
