import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aDagRecord, aManifest, aSchedule, aVersionHash } from "../../../test/builders/index.ts";
import { decideDag } from "./decide.ts";
import type { DagRecord } from "./record.ts";
import type { CronSpec, ScheduleSpec } from "../manifest.ts";
import type { DataInterval } from "../run.ts";
import { lastFiring, nextFiring } from "../schedule/schedule.ts";
import { instant, iso, parseInstant, plus, type Instant } from "../time.ts";

const HOUR_MS = 3_600_000;
const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);

/** A record whose schedule has fired at all times up to `now`. */
const upToDate = (schedule: ScheduleSpec, now: Instant): Partial<DagRecord> => ({
  cursor: lastFiring(schedule, now)?.due ?? null,
  nextFire: nextFiring(schedule, now)?.due ?? null,
});

function edited(dag: Partial<DagRecord>, before: ScheduleSpec | null, after: ScheduleSpec, now: Instant): DagRecord {
  const event = { type: "registered", version: aVersionHash("b"), before } as const;
  return decideDag(aDagRecord(dag), aManifest({ schedule: after, maxActiveRuns: 9 }), [event], now).dag;
}

/** What the next run after the edit covers. */
function next(dag: DagRecord, schedule: ScheduleSpec): DataInterval | undefined {
  const fired = decideDag(dag, aManifest({ schedule, maxActiveRuns: 9 }), [], dag.nextFire ?? instant(0)).dag;
  return fired.active.at(-1)?.scheduled?.dataInterval;
}

const told = (interval: DataInterval | undefined): string | undefined =>
  interval === undefined ? undefined : `${iso(interval.start)} - ${iso(interval.end)}`;

describe("after an edit of the schedule the first run", () => {
  const daily = aSchedule();
  const newYork = aSchedule({ timezone: "America/New_York" });
  const at6 = aSchedule({ expression: "0 6 * * *", interval: "cron" });
  const weekly = aSchedule({ expression: "0 4 * * 1", interval: "week" });

  test.each<[string, ScheduleSpec, ScheduleSpec, string, string]>([
    [
      "a later hour",
      daily,
      aSchedule({ expression: "0 6 * * *" }),
      "2026-03-04T10:00:00Z",
      "2026-03-04T00:00:00Z - 2026-03-05T00:00:00Z",
    ],
    ["a zone further west", daily, newYork, "2026-03-04T10:00:00Z", "2026-03-04T00:00:00Z - 2026-03-05T05:00:00Z"],
    ["a zone further east", newYork, daily, "2026-03-04T10:00:00Z", "2026-03-04T05:00:00Z - 2026-03-05T00:00:00Z"],
    ["other boundaries", daily, at6, "2026-03-04T10:00:00Z", "2026-03-04T00:00:00Z - 2026-03-05T06:00:00Z"],
    ["weeks", daily, weekly, "2026-03-04T10:00:00Z", "2026-03-04T00:00:00Z - 2026-03-09T00:00:00Z"],
    ["days", weekly, daily, "2026-03-05T10:00:00Z", "2026-03-02T00:00:00Z - 2026-03-06T00:00:00Z"],
    [
      "hours, of which some have had their run",
      at6,
      aSchedule({ expression: "30 * * * *", interval: "hour" }),
      "2026-03-04T06:10:00Z",
      "2026-03-04T06:00:00Z - 2026-03-04T07:00:00Z",
    ],
  ])("covers what is between the last one's end and its next boundary: %s", (_what, before, after, now, covers) => {
    expect(told(next(edited(upToDate(before, at(now)), before, after, at(now)), after))).toBe(covers);
  });

  test("does not make up for what was missed before: that is recorded, and it begins where that ends", () => {
    const now = at("2026-03-04T10:00:00Z");
    const dag = edited(upToDate(daily, at("2026-02-01T10:00:00Z")), daily, at6, now);

    const gap = { version: aVersionHash(), from: at("2026-02-02T04:00:00Z"), to: at("2026-03-04T04:00:00Z") };
    expect(dag.gaps).toEqual([gap]);
    expect(told(next(dag, at6))).toBe("2026-03-04T00:00:00Z - 2026-03-05T06:00:00Z");
  });

  test("is marked if it is not an interval of the schedule", () => {
    const now = at("2026-03-04T10:00:00Z");
    const run = (after: CronSpec) => {
      const dag = edited(upToDate(daily, now), daily, after, now);
      const manifest = aManifest({ schedule: after, maxActiveRuns: 9 });
      return decideDag(dag, manifest, [], dag.nextFire ?? now).dag.active[0]?.scheduled?.partial;
    };

    expect([run(at6), run(aSchedule({ expression: "0 6 * * *" }))]).toEqual([true, undefined]);
  });

  test("begins where the last one ended after a time without a schedule too", () => {
    const now = at("2026-03-04T10:00:00Z");
    const none = { type: "registered", version: aVersionHash("b"), before: daily } as const;
    const without = decideDag(aDagRecord(upToDate(daily, now)), aManifest(), [none], now).dag;
    const again = { type: "registered", version: aVersionHash("c"), before: null } as const;
    const { dag } = decideDag(without, aManifest({ schedule: at6 }), [again], plus(now, HOUR_MS));

    expect(told(dag.active[0]?.scheduled?.dataInterval)).toBe("2026-03-04T00:00:00Z - 2026-03-04T06:00:00Z");
  });

  test("is of the new schedule for all that is made up for", () => {
    const now = at("2026-03-20T10:00:00Z");
    const late = { ...upToDate(daily, at("2026-03-04T10:00:00Z")) };
    const event = { type: "registered", version: aVersionHash("b"), before: daily } as const;
    const manifest = aManifest({ schedule: weekly, maxActiveRuns: 9, catchup: { windowMs: 365 * 24 * HOUR_MS } });
    const { dag } = decideDag(aDagRecord(late), manifest, [event], now);

    expect(dag.active.map(({ scheduled }) => told(scheduled?.dataInterval))).toEqual([
      "2026-03-04T00:00:00Z - 2026-03-09T00:00:00Z",
      "2026-03-09T00:00:00Z - 2026-03-16T00:00:00Z",
    ]);
  });

  test("makes up for a first run of all that is late, as for any other", () => {
    const now = at("2026-03-05T10:00:00Z");
    const registered = at("2026-03-03T10:00:00Z");
    const fresh = aDagRecord({ cursor: registered, nextFire: nextFiring(daily, registered)?.due ?? null });
    const event = { type: "registered", version: aVersionHash("b"), before: daily } as const;
    const manifest = aManifest({ schedule: at6, maxActiveRuns: 9, catchup: { windowMs: 365 * 24 * HOUR_MS } });
    const { dag } = decideDag(fresh, manifest, [event], now);

    expect(dag.active.map(({ scheduled }) => told(scheduled?.dataInterval))).toEqual([
      "2026-03-03T00:00:00Z - 2026-03-03T06:00:00Z",
      "2026-03-03T06:00:00Z - 2026-03-04T06:00:00Z",
      "2026-03-04T06:00:00Z - 2026-03-05T06:00:00Z",
    ]);
  });

  test("is the only one that is cut to fit", () => {
    const now = at("2026-03-04T10:00:00Z");
    const first = edited(upToDate(daily, now), daily, at6, now);
    const fired = decideDag(first, aManifest({ schedule: at6, maxActiveRuns: 9 }), [], at("2026-03-05T06:00:00Z")).dag;

    expect(told(next(fired, at6))).toBe("2026-03-05T06:00:00Z - 2026-03-06T06:00:00Z");
  });

  test("begins where the last one of an interval ended, though dates that cover nothing came between", () => {
    const dates = aSchedule({ expression: "56 6 * * *", interval: "none" });
    const now = at("2026-03-04T10:00:00Z");
    const covering = edited(upToDate(at6, now), at6, dates, now);
    const later = plus(now, HOUR_MS);

    const again = edited({ ...covering, version: aVersionHash("c") }, dates, daily, later);

    expect(told(next(again, daily))).toBe("2026-03-04T06:00:00Z - 2026-03-05T00:00:00Z");
  });

  test("begins there after two edits in a row too", () => {
    const now = at("2026-03-04T10:00:00Z");
    const once = edited(upToDate(daily, now), daily, at6, now);
    const event = { type: "registered", version: aVersionHash("c"), before: at6 } as const;
    const twice = decideDag(once, aManifest({ schedule: weekly }), [event], plus(now, HOUR_MS)).dag;

    expect(told(next(twice, weekly))).toBe("2026-03-04T00:00:00Z - 2026-03-09T00:00:00Z");
  });
});

test("of dates that cover nothing, those that are late are recorded, but for the one that still fires", () => {
  const hourly = aSchedule({ expression: "0 * * * *", interval: "none" });
  const atFour = aSchedule({ expression: "0 4 * * *", interval: "none" });
  const now = at("2026-03-04T07:10:00Z");
  const late = { cursor: at("2026-03-04T03:00:00Z"), nextFire: at("2026-03-04T04:00:00Z") };

  const dag = edited(late, hourly, atFour, now);

  expect(dag.active.map(({ scheduled }) => iso(scheduled?.logicalDate ?? now))).toEqual(["2026-03-04T04:00:00Z"]);
  expect(dag.gaps).toEqual([
    { version: aVersionHash(), from: at("2026-03-04T05:00:00Z"), to: at("2026-03-04T07:00:00Z") },
  ]);
});

const aSpec: fc.Arbitrary<CronSpec> = fc
  .record({
    interval: fc.constantFrom<CronSpec["interval"]>("cron", "day", "week", "hour"),
    minute: fc.constantFrom(0, 30, 59),
    hour: fc.constantFrom(0, 2, 4, 23),
    timezone: fc.constantFrom("UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"),
  })
  .map(({ interval, minute, hour, timezone }) => {
    const rest = { cron: `${hour} * * *`, day: `${hour} * * *`, week: `${hour} * * 1`, hour: "* * * *" };
    return aSchedule({ interval, timezone, expression: `${minute} ${rest[interval as keyof typeof rest]}` });
  });

test("however often a schedule is edited, each run begins where the one before ended", () => {
  const anEdit = fc.tuple(aSpec, fc.integer({ min: 1, max: 200 }));
  fc.assert(
    fc.property(aSpec, fc.array(anEdit, { minLength: 1, maxLength: 4 }), (first, edits) => {
      let now = at("2026-03-02T12:10:00Z");
      let spec: ScheduleSpec = first;
      let dag = aDagRecord({ ...upToDate(spec, now) });
      const covered: DataInterval[] = [lastFiring(spec, now)?.dataInterval as DataInterval];
      const runUntil = (until: Instant): void => {
        while (dag.nextFire !== null && dag.nextFire <= until) {
          now = dag.nextFire;
          const decided = decideDag({ ...dag, active: [] }, aManifest({ schedule: spec }), [], now).dag;
          const interval = decided.active[0]?.scheduled?.dataInterval;
          if (interval !== undefined) covered.push(interval);
          dag = { ...decided, active: [] };
        }
        now = until;
      };
      for (const [index, [after, hours]] of edits.entries()) {
        runUntil(plus(now, hours * HOUR_MS));
        const event = { type: "registered", version: aVersionHash(String(index + 1)), before: spec } as const;
        dag = decideDag(dag, aManifest({ schedule: after, maxActiveRuns: 9 }), [event], now).dag;
        spec = after;
      }
      runUntil(plus(now, 300 * HOUR_MS));

      const ends = covered.slice(0, -1).map(({ end }) => iso(end));
      expect(covered.slice(1).map(({ start }) => iso(start))).toEqual(ends);
    }),
    { numRuns: 200 },
  );
});
