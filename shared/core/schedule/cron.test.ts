import { describe, expect, test } from "vitest";
import { cronFault, goesByMinutes, namesWall, nextWall, previousWall } from "./cron.ts";
import type { WallTime } from "./zone.ts";

describe("an expression that is none says what is wrong", () => {
  const minuteHelp = "expected numbers from 0 to 59, lists (1,3), ranges (1-5), steps (*/2) or *";

  test.each([
    ["61 * * * *", `'61 * * * *': the minute is '61', ${minuteHelp}`],
    ["a * * * *", `'a * * * *': the minute is 'a', ${minuteHelp}`],
    ["*/70 * * * *", `'*/70 * * * *': the minute is '*/70', ${minuteHelp}`],
    ["5-1 * * * *", `'5-1 * * * *': the minute is '5-1', ${minuteHelp}`],
    ["1,,2 * * * *", `'1,,2 * * * *': the minute is '1,,2', ${minuteHelp}`],
    [
      "0 24 * * *",
      "'0 24 * * *': the hour is '24', expected numbers from 0 to 23, lists (1,3), ranges (1-5), steps (*/2) or *",
    ],
    [
      "0 0 0 * *",
      "'0 0 0 * *': the day of month is '0', expected numbers from 1 to 31, lists (1,3), ranges (1-5), steps (*/2) or *",
    ],
    [
      "0 0 * 13 *",
      "'0 0 * 13 *': the month is '13', expected numbers from 1 to 12, lists (1,3), ranges (1-5), steps (*/2) or *",
    ],
    [
      "0 0 * * 8",
      "'0 0 * * 8': the day of week is '8', expected numbers from 0 to 7 (0 and 7 are Sunday), lists (1,3), ranges (1-5), steps (*/2) or *",
    ],
    ["* * * *", "'* * * *' has 4 fields; cron takes five: minute, hour, day of month, month, day of week"],
    ["0 * * * * *", "'0 * * * * *' has 6 fields; cron takes five: minute, hour, day of month, month, day of week"],
    ["", "'' has 0 fields; cron takes five: minute, hour, day of month, month, day of week"],
    ["0 0 31 2 *", "'0 0 31 2 *' never fires: there is no such date"],
    [" 0 0 30 2 * ", "'0 0 30 2 *' never fires: there is no such date"],
    [" 61 * * * * ", `'61 * * * *': the minute is '61', ${minuteHelp}`],
    ["0 0 30 2 *", "'0 0 30 2 *' never fires: there is no such date"],
    ["0 0 31 4,6 *", "'0 0 31 4,6 *' never fires: there is no such date"],
    [
      "61 24 * * *",
      `'61 24 * * *': the minute is '61', ${minuteHelp}; the hour is '24', expected numbers from 0 to 23, lists (1,3), ranges (1-5), steps (*/2) or *`,
    ],
    [
      "0 0 * * 1#2",
      "'0 0 * * 1#2': the day of week is '1#2', expected numbers from 0 to 7 (0 and 7 are Sunday), lists (1,3), ranges (1-5), steps (*/2) or *",
    ],
    [
      "@every 5m",
      "'@every 5m' is no macro; there are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually",
    ],
  ])("%s", (expression, fault) => {
    expect(cronFault(expression)).toBe(fault);
  });

  test.each(["*/60 * * * *", "0 */24 * * *", "0 0 * L *", "0 0 * * 5L", "0 0 * * l", "0 0 * * jul", "0 0 * * thu,h"])(
    "%s",
    (expression) => {
      expect(cronFault(expression)).toMatch(/ is '[^']+', expected numbers from /);
    },
  );

  test("a value drawn by lot, which would differ with each look", () => {
    expect(cronFault("H 4 * * *")).toContain("the minute is 'H'");
  });
});

test.each([
  "0 4 * * *",
  " 0  4 *\t* * ",
  " @daily ",
  "*/59 * * * *",
  "0 */23 * * *",
  "0 0 * * thu,Fri",
  "*/15 0-6,20 1 jan-mar mon",
  "0 0 29 2 *",
  "0 0 * * 7",
  "0 0 * * THU",
  "@midnight",
  "0 0 31 2 1",
  "0 0 L * *",
])("'%s' is an expression", (expression) => {
  expect(cronFault(expression)).toBeUndefined();
});

const wall = (text: string): WallTime => Date.parse(`${text}Z`) as WallTime;
const shown = (reading: WallTime): string => new Date(reading).toISOString().slice(0, 16);

// A Wednesday.
const WEDNESDAY = wall("2026-03-04T10:20");

describe("around a Wednesday in March, an expression names the reading before, and the one after", () => {
  test.each([
    ["@hourly", "2026-03-04T10:00", "2026-03-04T11:00"],
    ["@daily", "2026-03-04T00:00", "2026-03-05T00:00"],
    ["@midnight", "2026-03-04T00:00", "2026-03-05T00:00"],
    ["@weekly", "2026-03-01T00:00", "2026-03-08T00:00"],
    ["@monthly", "2026-03-01T00:00", "2026-04-01T00:00"],
    ["@yearly", "2026-01-01T00:00", "2027-01-01T00:00"],
    ["@annually", "2026-01-01T00:00", "2027-01-01T00:00"],
    ["5 4 * * 0", "2026-03-01T04:05", "2026-03-08T04:05"],
    ["5 4 * * 7", "2026-03-01T04:05", "2026-03-08T04:05"],
    ["5 4 * * 5-7", "2026-03-01T04:05", "2026-03-06T04:05"],
    ["5 4 L * *", "2026-02-28T04:05", "2026-03-31T04:05"],
    ["5 4 10 * 1", "2026-03-02T04:05", "2026-03-09T04:05"],
    ["5 4 10 * *", "2026-02-10T04:05", "2026-03-10T04:05"],
    ["20 10 * * *", "2026-03-03T10:20", "2026-03-05T10:20"],
  ])("%s: %s and %s", (expression, before, after) => {
    expect([shown(previousWall(expression, WEDNESDAY)), shown(nextWall(expression, WEDNESDAY))]).toEqual([
      before,
      after,
    ]);
  });
});

test("an expression names a reading to the millisecond", () => {
  const named = [0, 1, -1, 60_000].map((ms) => namesWall("20 10 * * *", (WEDNESDAY + ms) as WallTime));

  expect(named).toEqual([true, false, false, false]);
});

test("an expression goes by minutes where its hour is a star, and only there", () => {
  expect(["* * * * *", "@hourly", "0 4 * * *", "0 */1 * * *", "@daily"].map(goesByMinutes)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
