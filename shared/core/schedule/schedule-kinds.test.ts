import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aSchedule } from "../../../test/builders/index.ts";
import type { CronSpec, DatesSpec, EverySpec, ScheduleSpec } from "../manifest.ts";
import { lastFiring, nextFiring, scheduleFaults, scheduleText, type Firing } from "./schedule.ts";
import { instant, iso, parseInstant, plus, type Instant } from "../time.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);

const anEvery = (overrides: Partial<EverySpec> = {}): EverySpec => ({
  kind: "every",
  everyMs: 90 * 60_000,
  anchor: instant(0),
  interval: "every",
  timezone: "UTC",
  start: null,
  end: null,
  ...overrides,
});

const someDates = (dates: readonly string[], overrides: Partial<DatesSpec> = {}): DatesSpec => ({
  kind: "dates",
  dates: dates.map(at),
  interval: "none",
  timezone: "UTC",
  start: null,
  end: null,
  ...overrides,
});

function firings(schedule: ScheduleSpec, from: Instant, to: Instant): Firing[] {
  const found: Firing[] = [];
  let next = nextFiring(schedule, from);
  for (; next !== null && next.due <= to; next = nextFiring(schedule, next.due)) found.push(next);
  return found;
}

const told = (schedule: ScheduleSpec, from: string, to: string): readonly string[] =>
  firings(schedule, at(from), at(to)).map(
    ({ due, dataInterval: { start, end } }) => `${iso(due)}: ${iso(start)} - ${iso(end)}`,
  );

describe("several expressions", () => {
  test("fire when any of them does, once where two do", () => {
    const schedule = aSchedule({ expressions: ["0 9 * * 1-5", "0 12 * * 6,0", "0 9 * * *"], interval: "none" });

    expect(
      firings(schedule, at("2026-03-06T10:00:00Z"), at("2026-03-07T12:00:00Z")).map(({ due }) => iso(due)),
    ).toEqual(["2026-03-07T09:00:00Z", "2026-03-07T12:00:00Z"]);
  });

  test("may not fire twice in a period that each run would cover whole", () => {
    expect(scheduleFaults(aSchedule({ expressions: ["0 4 * * *", "0 5 * * 1"], interval: "day" }))).toEqual([
      "'0 4 * * *' with '0 5 * * 1' fires more than once in a day, which each run would cover whole",
    ]);
  });

  test("are all told what is wrong with them", () => {
    expect(scheduleFaults(aSchedule({ expressions: ["61 * * * *", "0 0 30 2 *"] }))).toHaveLength(2);
  });
});

test("a time of day that comes twice and fires twice gives no day two runs", () => {
  const both = aSchedule({
    expression: "30 1 * * *",
    timezone: "America/New_York",
    dst: { gap: "shift", fold: "both" },
  });

  expect(scheduleFaults(both)).toEqual([expect.stringContaining("fires more than once in a day")]);
});

test("an evening that clocks skip covers what it would have covered, though it fires the day after", () => {
  const late = aSchedule({ expression: "30 23 * * *", timezone: "America/Nuuk" });

  expect(told(late, "2026-03-28T00:00:00Z", "2026-03-30T01:00:00Z")).toEqual([
    "2026-03-28T01:30:00Z: 2026-03-26T02:00:00Z - 2026-03-27T02:00:00Z",
    "2026-03-29T01:30:00Z: 2026-03-27T02:00:00Z - 2026-03-28T02:00:00Z",
    "2026-03-30T00:30:00Z: 2026-03-28T02:00:00Z - 2026-03-29T01:00:00Z",
  ]);
});

describe("a fixed length", () => {
  test("goes on through changes of clocks, in steps from its anchor", () => {
    const schedule = anEvery({ anchor: at("2026-03-29T00:10:00Z"), timezone: "Europe/London" });

    expect(told(schedule, "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z")).toEqual([
      "2026-03-29T00:10:00Z: 2026-03-28T22:40:00Z - 2026-03-29T00:10:00Z",
      "2026-03-29T01:40:00Z: 2026-03-29T00:10:00Z - 2026-03-29T01:40:00Z",
    ]);
  });

  test("that begins at some time covers first what comes after it", () => {
    const start = at("2026-03-01T00:10:00Z");

    expect(told(anEvery({ anchor: start, start }), "2026-01-01T00:00:00Z", "2026-03-01T02:00:00Z")).toEqual([
      "2026-03-01T01:40:00Z: 2026-03-01T00:10:00Z - 2026-03-01T01:40:00Z",
    ]);
  });
});

describe("dates", () => {
  const list = ["2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z", "2026-05-01T00:00:00Z"];

  test("fire at each of them, and then no more", () => {
    expect(told(someDates(list), "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")).toEqual(
      list.map((date) => `${date}: ${date} - ${date}`),
    );
    expect(nextFiring(someDates(list), at("2026-05-01T00:00:00Z"))).toBeNull();
    expect(lastFiring(someDates(list), at("2026-02-01T00:00:00Z"))).toBeNull();
  });

  test("that cover the time between them begin with the first", () => {
    expect(told(someDates(list, { interval: "dates" }), "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")).toEqual([
      "2026-03-15T00:00:00Z: 2026-03-01T00:00:00Z - 2026-03-15T00:00:00Z",
      "2026-05-01T00:00:00Z: 2026-03-15T00:00:00Z - 2026-05-01T00:00:00Z",
    ]);
  });

  test("need at least one, and one period has one run", () => {
    expect(scheduleFaults(someDates([]))).toEqual(["there are no dates"]);
    expect(scheduleFaults(someDates(list, { interval: "month" }))).toEqual([
      "3 dates fires more than once in a month, which each run would cover whole",
    ]);
  });
});

describe("start and end", () => {
  const bounds = { start: at("2026-03-02T00:00:00Z"), end: at("2026-03-04T00:00:00Z") };

  test("bound what is covered: the last day's run comes in the morning after", () => {
    expect(told(aSchedule(bounds), "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")).toEqual([
      "2026-03-03T04:00:00Z: 2026-03-02T00:00:00Z - 2026-03-03T00:00:00Z",
      "2026-03-04T04:00:00Z: 2026-03-03T00:00:00Z - 2026-03-04T00:00:00Z",
    ]);
  });

  test("of runs that cover no time, take the start and leave the end", () => {
    const instants = aSchedule({ expression: "0 0 * * *", interval: "none", ...bounds });

    expect(
      firings(instants, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).map(({ due }) => iso(due)),
    ).toEqual(["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]);
  });

  test("have an order, and something between them", () => {
    expect(scheduleFaults(aSchedule({ start: bounds.end, end: bounds.start }))).toEqual([
      "start is 2026-03-04T00:00:00Z, which is not before end, 2026-03-02T00:00:00Z",
    ]);
    expect(scheduleFaults(aSchedule({ ...bounds, expression: "0 0 1 * *", interval: "month" }))).toEqual([
      "it never fires between its start and its end",
    ]);
  });
});

test("a schedule is told on a line", () => {
  expect(
    [aSchedule({ expressions: ["@daily", "0 4 * * *"] }), anEvery(), someDates(["2026-03-01T00:00:00Z"])].map(
      scheduleText,
    ),
  ).toEqual(["@daily | 0 4 * * * UTC", "every 1h 30m", "1 date"]);
});

/** Zones whose clocks do odd things, and a time at which they do. */
const ODD: readonly (readonly [timezone: string, around: string])[] = [
  ["America/New_York", "2026-03-08T07:00:00Z"],
  ["America/New_York", "2026-11-01T06:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30:00Z"],
  ["Antarctica/Troll", "2026-03-29T01:00:00Z"],
  ["Antarctica/Troll", "2026-10-25T01:00:00Z"],
  ["Europe/Dublin", "2026-03-29T01:00:00Z"],
  ["Europe/Dublin", "2026-10-25T01:00:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00:00Z"],
  ["America/St_Johns", "2006-04-02T03:31:00Z"],
  ["America/St_Johns", "2006-10-29T02:31:00Z"],
  ["Africa/Cairo", "2026-04-23T22:00:00Z"],
  ["America/Havana", "2026-11-01T05:00:00Z"],
  ["Asia/Pyongyang", "2018-05-04T15:00:00Z"],
  ["America/Nuuk", "2026-03-29T01:00:00Z"],
  ["Europe/London", "2028-02-29T00:00:00Z"],
  ["UTC", "2024-02-29T00:00:00Z"],
];

const aTimeOfDay = fc.tuple(fc.constantFrom(0, 1, 15, 30, 59), fc.constantFrom(0, 1, 2, 3, 4, 12, 23));

/** A schedule whose intervals are to follow one another. */
const aContiguous: fc.Arbitrary<(timezone: string) => ScheduleSpec> = fc
  .tuple(
    fc.constantFrom<string>("day", "week", "month", "hour", "cron", "several", "hourly", "every"),
    aTimeOfDay,
    fc.record({
      gap: fc.constantFrom<CronSpec["dst"]["gap"]>("shift", "skip"),
      fold: fc.constantFrom<CronSpec["dst"]["fold"]>("first", "second", "both"),
    }),
  )
  .map(([kind, [minute, hour], dst]) => (timezone: string): ScheduleSpec => {
    // A day that has two is none of a schedule by periods.
    const whole = { timezone, dst: { gap: dst.gap, fold: dst.fold === "both" ? "first" : dst.fold } } as const;
    switch (kind) {
      case "day":
        return aSchedule({ ...whole, interval: "day", expression: `${minute} ${hour} * * *` });
      case "week":
        return aSchedule({ ...whole, interval: "week", expression: `${minute} ${hour} * * 2` });
      case "month":
        return aSchedule({ ...whole, interval: "month", expression: `${minute} ${hour} 5 * *` });
      case "hour":
        return aSchedule({ ...whole, interval: "hour", expression: `${minute} * * * *` });
      case "cron":
        return aSchedule({ timezone, dst, interval: "cron", expression: `${minute} ${hour},14 * * *` });
      case "several":
        return aSchedule({
          timezone,
          dst,
          interval: "cron",
          expressions: [`${minute} ${hour} * * *`, "30 * * * 0", "15 2 29 2 *"],
        });
      case "hourly":
        return aSchedule({ timezone, dst, interval: "cron", expression: `${minute} * * * *` });
      default:
        return anEvery({ timezone, everyMs: (minute + 1) * 7 * 60_000 });
    }
  });

/** Long enough for two firings of the rarest. */
const spanMs = ({ interval, kind }: ScheduleSpec): number =>
  interval === "month" ? 95 * DAY_MS : interval === "week" ? 22 * DAY_MS : kind === "every" ? 2 * DAY_MS : 4 * DAY_MS;

describe("whatever clocks do, for every kind of schedule", () => {
  test("each interval begins where the one before ended, and falls due at its end or later", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ODD), aContiguous, ([timezone, around], schedule) => {
        const spec = schedule(timezone);
        const found = firings(spec, plus(at(around), -spanMs(spec) / 2), plus(at(around), spanMs(spec) / 2));

        expect(found.length).toBeGreaterThan(1);
        for (const [index, { due, dataInterval }] of found.entries()) {
          const next = found[index + 1];
          expect(dataInterval.end).toBeGreaterThan(dataInterval.start);
          expect(due).toBeGreaterThanOrEqual(dataInterval.end);
          if (next !== undefined) expect(iso(next.dataInterval.start)).toBe(iso(dataInterval.end));
        }
      }),
      { numRuns: 250 },
    );
  });

  test("the last firing is the one that looking forward finds, within bounds too", () => {
    const bound = fc.option(fc.integer({ min: -36, max: 36 }), { nil: null });
    fc.assert(
      fc.property(
        fc.constantFrom(...ODD),
        aContiguous,
        bound,
        bound,
        fc.integer({ min: -40, max: 40 }),
        ([timezone, around], schedule, startHour, endHour, untilHour) => {
          const spec: ScheduleSpec = {
            ...schedule(timezone),
            start: startHour === null ? null : plus(at(around), startHour * HOUR_MS),
            end: endHour === null ? null : plus(at(around), endHour * HOUR_MS),
          };
          const until = plus(at(around), untilHour * HOUR_MS);
          const found = firings(spec, plus(until, -spanMs(spec)), until);
          const last = lastFiring(spec, until);

          for (const { dataInterval } of found) {
            expect(dataInterval.start).toBeGreaterThanOrEqual(spec.start ?? -Infinity);
            expect(dataInterval.end).toBeLessThanOrEqual(spec.end ?? Infinity);
          }
          if (last === null || last.due > until - spanMs(spec)) expect(found.at(-1) ?? null).toEqual(last);
          else expect(found).toEqual([]);
        },
      ),
      { numRuns: 250 },
    );
  });
});
