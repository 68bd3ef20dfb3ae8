import { expect, test } from "vitest";
import { daysOf } from "./days.ts";

const ZONE = "America/New_York";

test.each([
  ["a day", "1997-01-01T05:00:00Z", "1997-01-02T05:00:00Z", ["1997-01-01"]],
  ["a day of 23 hours", "1997-04-06T05:00:00Z", "1997-04-07T04:00:00Z", ["1997-04-06"]],
  ["a day of 25 hours", "1997-10-26T04:00:00Z", "1997-10-27T05:00:00Z", ["1997-10-26"]],
  ["three days", "1997-01-30T05:00:00Z", "1997-02-02T05:00:00Z", ["1997-01-30", "1997-01-31", "1997-02-01"]],
  ["some hours of two days", "1997-01-02T04:59:00Z", "1997-01-02T05:01:00Z", ["1997-01-01", "1997-01-02"]],
  ["an instant", "1997-01-02T05:00:00Z", "1997-01-02T05:00:00Z", []],
])("%s", (_, start, end, days) => {
  expect(daysOf({ start: new Date(start), end: new Date(end) }, ZONE)).toEqual(days);
});
