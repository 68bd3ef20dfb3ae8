import { expect, test } from "vitest";
import { aSchedule } from "../../test/builders/index.ts";
import type { ScheduleSpec } from "./manifest.ts";
import { previewRows } from "./preview.ts";
import { instant, parseInstant, type Instant } from "./time.ts";

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
