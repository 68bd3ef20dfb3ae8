import { expect, test } from "vitest";
import { aSchedule } from "../../../test/builders/index.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { previewRows } from "./preview.ts";
import { instant, parseInstant, type Instant } from "../time.ts";

const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);
const notes = (schedule: ScheduleSpec, from: string, count: number): unknown =>
  previewRows(schedule, { from: at(from), count }).map(({ dueLocal, note }) => `${dueLocal} ${note ?? "-"}`);

const newYork = (overrides: Parameters<typeof aSchedule>[0]) =>
  aSchedule({ timezone: "America/New_York", interval: "none", ...overrides });

test("a row says what a run covers, and when it falls due on both clocks", () => {
  const daily = aSchedule({ timezone: "America/New_York" });

  expect(previewRows(daily, { from: at("2026-03-02T09:00:00Z"), count: 1 })).toEqual([
    {
      logicalDate: "2026-03-01T05:00:00Z",
      dataInterval: { start: "2026-03-01T05:00:00Z", end: "2026-03-02T05:00:00Z" },
      due: "2026-03-02T09:00:00Z",
      dueLocal: "2026-03-02T04:00:00-05:00",
      note: null,
    },
  ]);
});

test("a time that clocks skip is told where it fires instead", () => {
  expect(notes(newYork({ expression: "30 2 * * *" }), "2026-03-08T05:00:00Z", 2)).toEqual([
    "2026-03-08T03:30:00-04:00 clocks go forward: 02:30 does not exist, fires at 03:30",
    "2026-03-09T02:30:00-04:00 -",
  ]);
});

test("a time that is left out is told by the next firing", () => {
  const schedule = newYork({ expressions: ["30 2 * * *", "0 12 * * *"], dst: { gap: "skip", fold: "first" } });

  expect(notes(schedule, "2026-03-08T05:00:00Z", 2)).toEqual([
    "2026-03-08T12:00:00-04:00 clocks go forward: no 02:30 on 2026-03-08",
    "2026-03-09T02:30:00-04:00 -",
  ]);
});

test("a time that comes twice is told which of them fires", () => {
  const first = newYork({ expression: "30 1 * * *" });

  expect(notes(first, "2026-11-01T04:00:00Z", 1)).toEqual([
    "2026-11-01T01:30:00-04:00 clocks go back: 01:30 comes twice, fires the first time",
  ]);
  expect(notes({ ...first, dst: { gap: "shift", fold: "both" } }, "2026-11-01T04:00:00Z", 2)).toEqual([
    "2026-11-01T01:30:00-04:00 clocks go back: 01:30 comes twice, this is the first time",
    "2026-11-01T01:30:00-05:00 clocks go back: 01:30 comes twice, this is the second time",
  ]);
});

test("a day, a week and a month are told how long they are", () => {
  const [day, week, month] = [
    newYork({ interval: "day" }),
    newYork({ interval: "week", expression: "0 4 * * 1" }),
    newYork({ interval: "month", expression: "0 4 1 * *" }),
  ];

  expect(notes(day, "2026-03-09T06:00:00Z", 1)).toEqual([
    "2026-03-09T04:00:00-04:00 clocks go forward on 2026-03-08: covers 23h",
  ]);
  expect(notes(week, "2026-11-02T06:00:00Z", 1)).toEqual([
    "2026-11-02T04:00:00-05:00 clocks go back on 2026-11-01: covers 7d 1h",
  ]);
  expect(notes(month, "2026-04-01T06:00:00Z", 1)).toEqual([
    "2026-04-01T04:00:00-04:00 clocks go forward on 2026-03-08: covers 30d 23h",
  ]);
});

test("every hour there is nothing to miss", () => {
  expect(notes(newYork({ expression: "30 * * * *" }), "2026-03-08T06:00:00Z", 2)).toEqual([
    "2026-03-08T01:30:00-05:00 -",
    "2026-03-08T03:30:00-04:00 -",
  ]);
});

test("the time of a day that Apia skipped is told with its date", () => {
  const apia = aSchedule({ timezone: "Pacific/Apia", interval: "none" });

  expect(notes(apia, "2011-12-30T12:00:00Z", 1)).toEqual([
    "2011-12-31T04:00:00+14:00 clocks go forward: 2011-12-30 04:00 does not exist, fires at 04:00",
  ]);
});

test("rows go up to an instant, or to the end of the schedule", () => {
  const span = { from: at("2026-03-02T00:00:00Z"), count: 10 };

  expect(previewRows(aSchedule(), { ...span, to: at("2026-03-03T04:00:00Z") })).toHaveLength(1);
  expect(previewRows(aSchedule({ end: at("2026-03-04T00:00:00Z") }), span)).toHaveLength(3);
});

test("times that are left out are told together, once, and only if the schedule has any", () => {
  const dst = { gap: "skip", fold: "first" } as const;
  const early = newYork({ expressions: ["0,30 2 * * *", "0 12,13 * * *"], dst });
  const late = newYork({ expressions: ["0 3 * * *"], dst });

  expect(notes(early, "2026-03-08T05:00:00Z", 2)).toEqual([
    "2026-03-08T12:00:00-04:00 clocks go forward: no 02:00, 02:30 on 2026-03-08",
    "2026-03-08T13:00:00-04:00 -",
  ]);
  expect(notes(late, "2026-03-08T05:00:00Z", 1)).toEqual(["2026-03-08T03:00:00-04:00 -"]);
});

test("what comes by the hour fires both times, also beside what comes by the day", () => {
  const schedule = newYork({ expressions: ["30 * * * *", "0 12 * * *"] });

  expect(notes(schedule, "2026-11-01T05:00:00Z", 3)).toEqual([
    "2026-11-01T01:30:00-04:00 clocks go back: 01:30 comes twice, this is the first time",
    "2026-11-01T01:30:00-05:00 clocks go back: 01:30 comes twice, this is the second time",
    "2026-11-01T02:30:00-05:00 -",
  ]);
});

test("a day with an hour more is one of 25 hours", () => {
  expect(notes(newYork({ interval: "day" }), "2026-11-02T06:00:00Z", 1)).toEqual([
    "2026-11-02T04:00:00-05:00 clocks go back on 2026-11-01: covers 25h",
  ]);
});

test("a time that clocks skip is told with what its run covers, from the firing before", () => {
  const schedule = newYork({ interval: "cron", expression: "30 2 * * *" });

  expect(notes(schedule, "2026-03-08T05:00:00Z", 1)).toEqual([
    "2026-03-08T03:30:00-04:00 clocks go forward: 02:30 does not exist, fires at 03:30, covers 24h",
  ]);
});

test("to what comes every so often clocks do nothing", () => {
  const schedule: ScheduleSpec = {
    kind: "every",
    everyMs: 43_200_000,
    anchor: at("2026-03-08T00:00:00Z"),
    interval: "every",
    timezone: "America/New_York",
    start: null,
    end: null,
  };

  expect(notes(schedule, "2026-03-08T12:00:00Z", 1)).toEqual(["2026-03-08T08:00:00-04:00 -"]);
});

test("a time that comes twice and fires the second time says so", () => {
  const second = newYork({ expression: "30 1 * * *", dst: { gap: "shift", fold: "second" } });

  expect(notes(second, "2026-11-01T04:00:00Z", 1)).toEqual([
    "2026-11-01T01:30:00-05:00 clocks go back: 01:30 comes twice, fires the second time",
  ]);
});

test("of times that come twice each says by which expression it is named", () => {
  const schedule = newYork({ expressions: ["30 * * * *", "0 1 * * *"] });

  expect(notes(schedule, "2026-11-01T05:00:00Z", 4)).toEqual([
    "2026-11-01T01:00:00-04:00 clocks go back: 01:00 comes twice, fires the first time",
    "2026-11-01T01:30:00-04:00 clocks go back: 01:30 comes twice, this is the first time",
    "2026-11-01T01:30:00-05:00 clocks go back: 01:30 comes twice, this is the second time",
    "2026-11-01T02:30:00-05:00 -",
  ]);
});

test("what fires after a skipped time on the same day has nothing to tell, whether that moved or was left out", () => {
  const expressions = ["30 2 * * *", "0 12,18 * * *"];
  const skip = newYork({ expressions, dst: { gap: "skip", fold: "first" } });

  expect(notes(newYork({ expressions }), "2026-03-08T05:00:00Z", 3)).toEqual([
    "2026-03-08T03:30:00-04:00 clocks go forward: 02:30 does not exist, fires at 03:30",
    "2026-03-08T12:00:00-04:00 -",
    "2026-03-08T18:00:00-04:00 -",
  ]);
  expect(notes(skip, "2026-03-08T05:00:00Z", 2)).toEqual([
    "2026-03-08T12:00:00-04:00 clocks go forward: no 02:30 on 2026-03-08",
    "2026-03-08T18:00:00-04:00 -",
  ]);
});

test("the length of an interval is told in hours up to two days, and in days and minutes otherwise", () => {
  const covers = (expression: string, from: string): unknown =>
    notes(newYork({ interval: "cron", expression }), from, 1);
  const lordHowe = aSchedule({ timezone: "Australia/Lord_Howe" });

  expect(covers("0 4 7,9 * *", "2026-03-09T06:00:00Z")).toEqual([
    "2026-03-09T04:00:00-04:00 clocks go forward on 2026-03-08: covers 47h",
  ]);
  expect(covers("0 4 31,2 * *", "2026-11-02T06:00:00Z")).toEqual([
    "2026-11-02T04:00:00-05:00 clocks go back on 2026-11-01: covers 2d 1h",
  ]);
  expect(notes(lordHowe, "2026-04-05T16:00:00Z", 1)).toEqual([
    "2026-04-06T04:00:00+10:30 clocks go back on 2026-04-05: covers 1d 30m",
  ]);
});

test("dates and instants cover nothing that clocks could change", () => {
  const dates: ScheduleSpec = {
    kind: "dates",
    dates: [at("2026-03-07T12:00:00Z"), at("2026-03-09T12:00:00Z")],
    interval: "none",
    timezone: "America/New_York",
    start: null,
    end: null,
  };

  expect(notes(dates, "2026-03-07T00:00:00Z", 3)).toEqual([
    "2026-03-07T07:00:00-05:00 -",
    "2026-03-09T08:00:00-04:00 -",
  ]);
});

test("rows begin with the firing that is due at the very instant, and end before the other", () => {
  const span = { from: at("2026-03-02T04:00:00Z"), count: 10 };
  const due = (to: string) => previewRows(aSchedule(), { ...span, to: at(to) }).map((row) => row.due);

  expect(due("2026-03-03T04:00:00Z")).toEqual(["2026-03-02T04:00:00Z"]);
  expect(due("2026-03-03T04:01:00Z")).toEqual(["2026-03-02T04:00:00Z", "2026-03-03T04:00:00Z"]);
});
