import fc from "fast-check";
import { expect, test } from "vitest";
import { readingAfter, readingBefore, type CronTable } from "./cron-table.ts";
import type { WallTime } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const wall = (text: string): WallTime => Date.parse(`${text}Z`) as WallTime;
const shown = (reading: WallTime | undefined): string | undefined =>
  reading === undefined ? undefined : new Date(reading).toISOString().slice(0, 16);

const aTable = (overrides: Partial<CronTable> = {}): CronTable => ({
  minutes: [0],
  hours: [4],
  days: Array.from({ length: 31 }, (_, index) => index + 1),
  lastDay: false,
  months: Array.from({ length: 12 }, (_, index) => index + 1),
  weekdays: [0, 1, 2, 3, 4, 5, 6],
  daysRestricted: false,
  weekdaysRestricted: false,
  ...overrides,
});

/** One to three of the values from `min` to `max`, ascending. */
const some = (min: number, max: number): fc.Arbitrary<number[]> =>
  fc
    .uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 3 })
    .map((values) => values.toSorted((a, b) => a - b));

const anyTable: fc.Arbitrary<CronTable> = fc.record({
  minutes: some(0, 59),
  hours: some(0, 23),
  days: some(1, 31),
  lastDay: fc.boolean(),
  months: fc.constant([2, 3, 4, 12]),
  weekdays: some(0, 6),
  daysRestricted: fc.boolean(),
  weekdaysRestricted: fc.boolean(),
});

/** All readings of a span, found by looking at each minute of each day: slow, and sure. */
function readings(table: CronTable, from: number, to: number): number[] {
  const found: number[] = [];
  for (let day = Math.floor(from / DAY_MS) * DAY_MS; day <= to; day += DAY_MS) {
    const date = new Date(day);
    const last = new Date(day + DAY_MS).getUTCMonth() !== date.getUTCMonth();
    const ofMonth = table.days.includes(date.getUTCDate()) || (table.lastDay && last);
    const ofWeek = table.weekdays.includes(date.getUTCDay());
    const either = table.daysRestricted && table.weekdaysRestricted;
    const both = (!table.daysRestricted || ofMonth) && ofWeek;
    const right = either ? ofMonth || ofWeek : table.daysRestricted ? ofMonth : both;
    if (!right || !table.months.includes(date.getUTCMonth() + 1)) continue;
    for (let minute = 0; minute < 1440; minute++) {
      const at = day + minute * MINUTE_MS;
      const named = table.hours.includes(Math.floor(minute / 60)) && table.minutes.includes(minute % 60);
      if (named && at >= from && at <= to) found.push(at);
    }
  }
  return found;
}

test("the next and the last reading are those that a look at each minute finds", () => {
  const from = wall("2027-12-20T00:00");
  const to = wall("2028-03-10T00:00");
  const anyTime = fc.integer({ min: from + 10 * DAY_MS, max: to - 40 * DAY_MS });
  fc.assert(
    fc.property(anyTable, anyTime, fc.constantFrom(0, 1, -1), (table, time, ms) => {
      const at = (Math.floor(time / MINUTE_MS) * MINUTE_MS + ms) as WallTime;
      const all = readings(table, from, to);
      const [next, last] = [readingAfter(table, at), readingBefore(table, at)];

      const expected = [all.find((reading) => reading > at), all.findLast((reading) => reading < at)];
      if (expected[0] !== undefined) expect(shown(next)).toBe(shown(expected[0] as WallTime));
      if (expected[1] !== undefined) expect(shown(last)).toBe(shown(expected[1] as WallTime));
    }),
    { numRuns: 150 },
  );
});

test("29 February is found eight years away, and 30 February never", () => {
  const leapDay = aTable({ days: [29], months: [2], daysRestricted: true });

  expect([
    shown(readingAfter(leapDay, wall("2096-02-29T04:00"))),
    shown(readingBefore(leapDay, wall("2104-02-29T04:00"))),
    shown(readingAfter({ ...leapDay, days: [30] }, wall("2026-01-01T00:00"))),
  ]).toEqual(["2104-02-29T04:00", "2096-02-29T04:00", undefined]);
});

test("L is the last day of each month", () => {
  const table = aTable({ days: [], lastDay: true, daysRestricted: true });

  expect(shown(readingAfter(table, wall("2028-02-01T00:00")))).toBe("2028-02-29T04:00");
});
