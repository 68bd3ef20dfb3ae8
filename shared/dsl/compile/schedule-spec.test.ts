import { describe, expect, test } from "vitest";
import { loose, manifestOf, problemsIn, sales } from "../../../test/builders/definitions.ts";
import { iso } from "../../core/time.ts";
import { cron, dates, every, type Schedule } from "../index.ts";

const told = (schedule: Schedule, options: object = {}): readonly string[] =>
  problemsIn(sales({ schedule, ...options })).map(
    ({ code, message }) => `${code} ${message.replace("dag 'sales': ", "")}`,
  );

describe("a schedule that is wrong says so", () => {
  test.each<[string, Schedule, string]>([
    [
      "61 minutes",
      cron("61 * * * *"),
      "DAG007 schedule: '61 * * * *': the minute is '61', expected numbers from 0 to 59",
    ],
    ["four fields", cron("0 4 * *"), "has 4 fields; cron takes five"],
    ["six fields", cron("0 0 4 * * *"), "has 6 fields; cron takes five"],
    ["31 February", cron("0 0 31 2 *"), "'0 0 31 2 *' never fires: there is no such date"],
    ["@every", cron("@every 5m"), "'@every 5m' is no macro; there are @hourly, @daily"],
    ["no expression", cron([]), "DAG007 schedule: there is no expression"],
    ["a number", cron(loose(7)), 'DAG007 schedule: cron() takes expressions such as "0 4 * * *", not 7 (a number)'],
    [
      "an unknown zone",
      cron("0 4 * * *", { timezone: "Europe/Londn" }),
      `DAG008 schedule.timezone is "Europe/Londn" (text), expected an IANA name such as "Europe/London" or "UTC"; did you mean 'Europe/London'?`,
    ],
    [
      "start after end",
      every.day({ start: "2026-03-02", end: "2026-03-01" }),
      "DAG007 schedule: start is 2026-03-02, which is not before end, 2026-03-01",
    ],
    [
      "30 February",
      every.day({ start: "2026-02-30" }),
      `DAG018 schedule: start is "2026-02-30" (text), a day that does not exist; the last of that month is 2026-02-28`,
    ],
    [
      "no date at all",
      dates([loose("soon")]),
      `DAG018 schedule: dates[0] is "soon" (text), expected a date, a local time`,
    ],
    ["a policy that is none", cron("0 4 * * *", { dst: loose({ gap: "skpi" }) }), "did you mean 'skip'?"],
    [
      "an unknown option",
      every.day(loose({ att: "04:00" })),
      "DAG004 there is no option 'schedule.att'; did you mean 'at'?",
    ],
    ["no length", every("0m"), `DAG006 schedule: the length of every() is "0m" (text)`],
    [
      "both of two equal times of a day",
      every.day({ at: "01:30", timezone: "America/New_York", dst: { fold: "both" } }),
      "'30 1 * * *' fires more than once in a day",
    ],
  ])("%s", (_what, schedule, expected) => {
    expect(told(schedule)).toEqual([expect.stringContaining(expected)]);
  });

  test("all of it in one pass", () => {
    const schedule = cron(["61 * * * *", "0 25 * * *"], { timezone: "Mars/Olympus", start: "2026-02-30" });

    expect(told(schedule).map((problem) => problem.slice(0, 6))).toEqual(["DAG008", "DAG018", "DAG007", "DAG007"]);
  });
});

describe("a warning tells", () => {
  test("of a local time that clocks skip, which instant it becomes", () => {
    expect(told(dates(["2026-03-29T01:30"], { timezone: "Europe/London" }))).toEqual([
      "DAG019 schedule: dates[0] is 2026-03-29T01:30, which clocks in Europe/London skip; it becomes 2026-03-29T02:30:00+01:00 (2026-03-29T01:30:00Z)",
    ]);
  });

  test("of one that is left out, and nothing is left to fire", () => {
    const skip = { timezone: "Europe/London", dst: { gap: "skip" } } as const;

    expect(told(dates(["2026-03-29T01:30"], skip))).toEqual([
      "DAG019 schedule: dates[0] is 2026-03-29T01:30, which clocks in Europe/London skip; it is left out",
      "DAG007 schedule: there are no dates",
    ]);
  });

  test("of days that are counted in hours, where clocks change", () => {
    expect(told(every("1d"), { timezone: "Europe/London" })).toEqual([
      expect.stringContaining("DAG020 schedule: 1d is"),
    ]);
    expect(told(every("1d"))).toEqual([]);
  });
});

describe("a schedule becomes", () => {
  const spec = (schedule: Schedule, options: object = {}) => manifestOf(sales({ schedule, ...options })).schedule;

  test("bounds in its own zone: a date for an end is the last day that is covered", () => {
    const { start, end, timezone } = spec(
      every.day({ start: "2026-03-01", end: "2026-03-31", timezone: "Europe/London" }),
    ) ?? { timezone: "" };

    expect([timezone, start && iso(start), end && iso(end)]).toEqual([
      "Europe/London",
      "2026-03-01T00:00:00Z",
      "2026-03-31T23:00:00Z",
    ]);
  });

  test("in the DAG's zone, or the DAG in its", () => {
    expect(spec(cron("0 4 * * *"), { timezone: "Europe/London" })?.timezone).toBe("Europe/London");
    expect(manifestOf(sales({ schedule: cron("0 4 * * *", { timezone: "Europe/London" }) })).timezone).toBe(
      "Europe/London",
    );
  });

  test("dates in their order, each once", () => {
    const schedule = dates(["2026-03-02", "2026-03-01", "2026-03-01T00:00:00Z"], { timezone: "Europe/London" });

    expect(spec(schedule)).toMatchObject({
      kind: "dates",
      dates: [Date.parse("2026-03-01T00:00:00Z"), Date.parse("2026-03-02T00:00:00Z")],
      interval: "none",
    });
  });

  test("a length from its start on", () => {
    expect(spec(every("90m", { start: "2026-03-01T00:10" }))).toMatchObject({
      kind: "every",
      everyMs: 5_400_000,
      anchor: Date.parse("2026-03-01T00:10:00Z"),
    });
  });
});
