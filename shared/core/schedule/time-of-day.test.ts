import { describe, expect, test } from "vitest";
import { instant, iso, parseInstant, type Instant } from "../time.ts";
import { nextTimeOfDay, timeOfDayText } from "./time-of-day.ts";

const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);
const next = (timezone: string, minute: number, after: string): string =>
  iso(nextTimeOfDay(timezone, minute, at(after)));

describe("the next time that a clock shows a time of day is", () => {
  test.each<[string, string, number, string, string]>([
    ["today, if that is still to come", "UTC", 420, "2026-03-02T06:59:59Z", "2026-03-02T07:00:00Z"],
    ["tomorrow, if it is just that", "UTC", 420, "2026-03-02T07:00:00Z", "2026-03-03T07:00:00Z"],
    ["by the date of the clock", "Pacific/Kiritimati", 0, "2026-03-02T09:59:00Z", "2026-03-02T10:00:00Z"],
    ["later, where the clock skips it", "America/New_York", 150, "2026-03-08T05:00:00Z", "2026-03-08T07:30:00Z"],
    ["the first, where it comes twice", "America/New_York", 90, "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"],
    ["tomorrow after the first", "America/New_York", 90, "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
  ])("%s", (_what, timezone, minute, after, found) => {
    expect(next(timezone, minute, after)).toBe(found);
  });
});

test("a time of day is told with two digits each", () => {
  expect([0, 65, 420, 1_439].map(timeOfDayText)).toEqual(["00:00", "01:05", "07:00", "23:59"]);
});
