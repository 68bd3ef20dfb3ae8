import { expect, test } from "vitest";
import { nextTimeOfDay, timeOfDayText } from "./time-of-day.ts";
import { instant, iso, parseInstant } from "./time.ts";

const at = (text: string) => parseInstant(text) ?? instant(Number.NaN);

test.for([
  ["later the same day", "UTC", 7 * 60, "2026-03-02T06:59:59Z", "2026-03-02T07:00:00Z"],
  ["the next day, where it shows it just now", "UTC", 7 * 60, "2026-03-02T07:00:00Z", "2026-03-03T07:00:00Z"],
  ["at midnight", "UTC", 0, "2026-03-02T23:59:00Z", "2026-03-03T00:00:00Z"],
  ["on its own day", "Pacific/Auckland", 60, "2026-03-02T12:30:00Z", "2026-03-03T12:00:00Z"],
  ["later, where clocks skip it", "Europe/London", 90, "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"],
  ["for the first time, where they show it twice", "Europe/London", 90, "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"],
  ["after a date that there was not", "Pacific/Apia", 120, "2011-12-30T09:00:00Z", "2011-12-30T12:00:00Z"],
] as const)("a clock next shows a time of day %s", ([, timezone, minute, after, next]) => {
  expect(iso(nextTimeOfDay(timezone, minute, at(after)))).toBe(next);
});

test.for([
  [0, "00:00"],
  [425, "07:05"],
  [1_439, "23:59"],
] as const)("%i minutes after midnight are read as %s", ([minute, text]) => {
  expect(timeOfDayText(minute)).toBe(text);
});
