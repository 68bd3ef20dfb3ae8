import { describe, expect, test } from "vitest";
import { cronFault } from "./cron.ts";

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

  test("a value drawn by lot, which would differ with each look", () => {
    expect(cronFault("H 4 * * *")).toContain("the minute is 'H'");
  });
});

test.each([
  "0 4 * * *",
  " 0 4 * * * ",
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
