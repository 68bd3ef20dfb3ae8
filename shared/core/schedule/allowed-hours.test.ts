import { expect, test } from "vitest";
import { allowedFrom } from "./allowed-hours.ts";
import { instant, iso, parseInstant } from "../time.ts";

const NIGHT = { from: 22 * 60, to: 6 * 60 };
const DAY = { from: 8 * 60, to: 18 * 60 + 30 };
const from = (hours: typeof DAY | null, zone: string, at: string): string =>
  iso(allowedFrom(hours, zone, parseInstant(at) ?? instant(NaN)));

test.each([
  ["within the hours it is now", DAY, "UTC", "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"],
  ["before them it is when they begin", DAY, "UTC", "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z"],
  ["the end is not in them", DAY, "UTC", "2026-03-02T18:30:00Z", "2026-03-03T08:00:00Z"],
  ["over midnight, in the evening", NIGHT, "UTC", "2026-03-02T23:00:00Z", "2026-03-02T23:00:00Z"],
  ["over midnight, in the morning", NIGHT, "UTC", "2026-03-02T05:59:00Z", "2026-03-02T05:59:00Z"],
  ["over midnight, at noon", NIGHT, "UTC", "2026-03-02T12:00:00Z", "2026-03-02T22:00:00Z"],
  ["by the clock of the zone", DAY, "America/New_York", "2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"],
  ["which clocks skip", { from: 150, to: 240 }, "America/New_York", "2026-03-08T06:00:00Z", "2026-03-08T07:30:00Z"],
  // It is 23:29, and the next day has 23 hours.
  [
    "the evening before clocks go forward",
    { from: 284, to: 922 },
    "America/Havana",
    "2026-03-08T04:29:00Z",
    "2026-03-08T08:44:00Z",
  ],
  ["on a date that does not exist", DAY, "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T18:00:00Z"],
  [
    "which clocks show twice",
    { from: 90, to: 240 },
    "America/New_York",
    "2026-11-01T04:00:00Z",
    "2026-11-01T05:30:00Z",
  ],
])("%s", (_what, hours, zone, at, expected) => {
  expect(from(hours, zone, at)).toBe(expected);
});

test("without hours it is always now", () => {
  expect(from(null, "UTC", "2026-03-02T12:00:00Z")).toBe("2026-03-02T12:00:00Z");
});
