import { describe, expect, test } from "vitest";
import { aSchedule } from "../../../test/builders/index.ts";
import type { CronSpec, ScheduleSpec } from "../manifest.ts";
import { lastFiring, nextFiring, scheduleFaults, type Firing } from "./schedule.ts";
import { instant, iso, parseInstant, plus, type Instant } from "../time.ts";

const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);
const told = (firing: Firing | null): unknown =>
  firing === null
    ? null
    : {
        due: iso(firing.due),
        logicalDate: iso(firing.logicalDate),
        covers: `${iso(firing.dataInterval.start)} - ${iso(firing.dataInterval.end)}`,
      };

function firings(schedule: ScheduleSpec, from: string, to: string): Firing[] {
  const found: Firing[] = [];
  let next = nextFiring(schedule, at(from));
  for (; next !== null && next.due < at(to); next = nextFiring(schedule, next.due)) found.push(next);
  return found;
}

const ZONES = [
  "UTC",
  "America/New_York",
  "Europe/London",
  "Australia/Lord_Howe",
  "America/St_Johns",
  "Africa/Cairo",
  "America/Havana",
  "Pacific/Chatham",
  "Antarctica/Troll",
];

describe("every day at 04:00", () => {
  const daily = aSchedule({ expression: "0 4 * * *", interval: "day", timezone: "America/New_York" });

  test("covers the whole local day before", () => {
    expect(told(nextFiring(daily, at("2026-03-02T12:00:00Z")))).toEqual({
      due: "2026-03-03T09:00:00Z",
      logicalDate: "2026-03-02T05:00:00Z",
      covers: "2026-03-02T05:00:00Z - 2026-03-03T05:00:00Z",
    });
  });

  test("covers a day of 23 hours when clocks go forward, and one of 25 when they go back", () => {
    expect(told(nextFiring(daily, at("2026-03-09T00:00:00Z")))).toMatchObject({
      due: "2026-03-09T08:00:00Z",
      covers: "2026-03-08T05:00:00Z - 2026-03-09T04:00:00Z",
    });
    expect(told(nextFiring(daily, at("2026-11-02T00:00:00Z")))).toMatchObject({
      due: "2026-11-02T09:00:00Z",
      covers: "2026-11-01T04:00:00Z - 2026-11-02T05:00:00Z",
    });
  });

  test("fires for the last time at the very instant of a firing", () => {
    const due = at("2026-03-03T09:00:00Z");

    expect(
      [plus(due, -1), due, plus(due, 1)].map((until) => iso(lastFiring(daily, until)?.due ?? instant(NaN))),
    ).toEqual(["2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z", "2026-03-03T09:00:00Z"]);
  });

  test("leaves out no time and covers none twice when Apia skips a day", () => {
    const apia = aSchedule({ expression: "0 4 * * *", interval: "day", timezone: "Pacific/Apia" });

    expect(firings(apia, "2011-12-28T00:00:00Z", "2012-01-01T00:00:00Z").map((firing) => told(firing))).toMatchObject([
      { due: "2011-12-28T14:00:00Z", covers: "2011-12-27T10:00:00Z - 2011-12-28T10:00:00Z" },
      { due: "2011-12-29T14:00:00Z", covers: "2011-12-28T10:00:00Z - 2011-12-29T10:00:00Z" },
      { due: "2011-12-30T14:00:00Z", covers: "2011-12-29T10:00:00Z - 2011-12-30T10:00:00Z" },
      { due: "2011-12-31T14:00:00Z", covers: "2011-12-30T10:00:00Z - 2011-12-31T10:00:00Z" },
    ]);
  });
});

describe("over a year, whatever clocks do in it, each interval begins where the one before ended", () => {
  const CASES: readonly (readonly [expression: string, interval: CronSpec["interval"]])[] = [
    ["0 4 * * *", "day"],
    ["30 2 * * *", "day"],
    ["0 0 * * *", "day"],
    ["30 1 * * *", "cron"],
    ["0 2,14 * * *", "cron"],
    ["0 5 * * 1", "week"],
    ["0 5 3 * *", "month"],
  ];

  test.each(ZONES.flatMap((timezone) => CASES.map(([expression, interval]) => ({ timezone, expression, interval }))))(
    "$expression by the $interval in $timezone",
    ({ timezone, expression, interval }) => {
      const found = firings(
        aSchedule({ expression, interval, timezone }),
        "2026-01-01T00:00:00Z",
        "2027-01-05T00:00:00Z",
      );

      expect(found.slice(1).map(({ dataInterval }) => iso(dataInterval.start))).toEqual(
        found.slice(0, -1).map(({ dataInterval }) => iso(dataInterval.end)),
      );
    },
  );

  test.each(ZONES)("every hour in %s, around each change of its clock", (timezone) => {
    const hourly = aSchedule({ expression: "0 * * * *", interval: "hour", timezone });
    const days = [
      "2026-03-07",
      "2026-03-28",
      "2026-04-03",
      "2026-04-23",
      "2026-09-26",
      "2026-10-03",
      "2026-10-24",
      "2026-10-29",
      "2026-10-31",
    ];
    const found = days.map((day) =>
      firings(hourly, `${day}T00:00:00Z`, iso(plus(at(`${day}T00:00:00Z`), 2 * 86_400_000))),
    );

    expect(found.flatMap((run) => run.slice(1).map(({ dataInterval }) => iso(dataInterval.start)))).toEqual(
      found.flatMap((run) => run.slice(0, -1).map(({ dataInterval }) => iso(dataInterval.end))),
    );
  });
});

test("a schedule of instants covers no time", () => {
  const schedule = aSchedule({ expression: "15 3 * * *", interval: "none" });

  expect(told(nextFiring(schedule, at("2026-03-02T12:00:00Z")))).toEqual({
    due: "2026-03-03T03:15:00Z",
    logicalDate: "2026-03-03T03:15:00Z",
    covers: "2026-03-03T03:15:00Z - 2026-03-03T03:15:00Z",
  });
});

test("day of month and day of week, both restricted, mean either", () => {
  const schedule = aSchedule({ expression: "0 0 13 * 5", interval: "none" });

  expect(
    firings(schedule, "2026-02-27T12:00:00Z", "2026-03-21T00:00:00Z").map(({ due }) => iso(due).slice(0, 10)),
  ).toEqual(["2026-03-06", "2026-03-13", "2026-03-20"]);
});

describe("a schedule that covers a period", () => {
  test("covers with the next run the day whose time clocks skip, where that is left out", () => {
    const daily = aSchedule({
      expression: "30 2 * * *",
      interval: "day",
      timezone: "America/New_York",
      dst: { gap: "skip", fold: "first" },
    });

    expect(told(nextFiring(daily, at("2026-03-08T00:00:00Z")))).toMatchObject({
      due: "2026-03-09T06:30:00Z",
      covers: "2026-03-07T05:00:00Z - 2026-03-09T04:00:00Z",
    });
    const bounded = { ...daily, start: at("2026-03-08T05:00:00Z") };
    expect(told(nextFiring(bounded, at("2026-03-08T00:00:00Z")))).toMatchObject({
      covers: "2026-03-08T05:00:00Z - 2026-03-09T04:00:00Z",
    });
  });

  test.each([
    ["0 4,16 * * *", "day"],
    ["@hourly", "day"],
    ["*/30 * * * *", "hour"],
    ["0 4 * * 1,3", "week"],
    ["0 4 1,2 * *", "month"],
  ] as const)("'%s' may not fire twice in a %s", (expression, interval) => {
    expect(scheduleFaults(aSchedule({ expression, interval }))).toEqual([
      `'${expression}' fires more than once in a ${interval}, which each run would cover whole`,
    ]);
  });

  test("may leave periods out", () => {
    expect(scheduleFaults(aSchedule({ expression: "0 4 * * 1-5", interval: "day" }))).toEqual([]);
  });

  test("says what is wrong with its expression first", () => {
    expect(scheduleFaults(aSchedule({ expression: "61 * * * *", interval: "day" }))).toEqual([
      expect.stringContaining("the minute is '61'"),
    ]);
  });
});
