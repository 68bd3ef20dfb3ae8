import { describe, expect, test } from "vitest";
import {
  A_PAUSE,
  DAY_MS,
  HOUR_MS,
  NOON,
  aDagRecord,
  aManifest,
  aSchedule,
  aVersionHash,
  anActiveRun,
} from "../../../test/builders/index.ts";
import type { DagEvent, DagRecord } from "./record.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { iso, plus, type Instant } from "../time.ts";
import { decideDag } from "./decide.ts";

/** Each day at 04:00 for the day before. */
const DAILY = aSchedule();
const HOURLY = aSchedule({ expression: "0 * * * *", interval: "cron" });
const FOUR = plus(NOON, -8 * HOUR_MS);
const day = (days: number): Instant => plus(FOUR, days * DAY_MS);
const WAKE: DagEvent = { type: "wake" };
const BUSY = [anActiveRun({ runId: runId("orders.x"), epoch: 0, confirmed: true })];

const decide = (
  dag: Partial<DagRecord>,
  manifest: Partial<Manifest> = {},
  now: Instant = FOUR,
  events: readonly DagEvent[] = [WAKE],
) => decideDag(aDagRecord({ cursor: day(-9), ...dag }), aManifest({ schedule: DAILY, ...manifest }), events, now);
const dates = (dag: DagRecord): readonly string[] =>
  dag.active.flatMap(({ scheduled }) => (scheduled ? [iso(scheduled.logicalDate).slice(5, 13)] : []));
const gaps = (dag: DagRecord): readonly string[] =>
  dag.gaps.map(({ from, to, start }) =>
    [from, to, ...(start === undefined ? [] : [start])].map((at) => iso(at).slice(5, 13)).join(" "),
  );

describe("what is due while all places are taken", () => {
  test.each(["latest", "cancel", "queue", "skip"] as const)(
    "of a DAG that is paused is not passed over (%s)",
    (overlap) => {
      const { dag } = decide({ nextFire: day(-3), active: BUSY, paused: A_PAUSE }, { overlap });

      expect([gaps(dag), dag.nextFire]).toEqual([[], day(-3)]);
    },
  );

  test.each(["latest", "cancel"] as const)("is passed over only once a place comes free (%s)", (overlap) => {
    const { dag, commands, changed } = decide({ nextFire: day(-3), active: BUSY }, { overlap });

    expect([gaps(dag), dag.nextFire, commands, changed]).toEqual([[], day(-3), [], false]);
  });

  test("stays as it is for the run that waits and gets the place that comes free", () => {
    const scheduled = { version: aVersionHash(), logicalDate: day(-4), dataInterval: { start: day(-5), end: day(-4) } };
    const active = [anActiveRun({ runId: runId("orders.x"), epoch: 0, scheduled })];
    const ended: DagEvent = { type: "run_finished", runId: runId("orders.x"), epoch: 0 };
    const { dag } = decide({ nextFire: day(-3), active, queue: "maybe" }, {}, FOUR, [ended]);

    expect([gaps(dag), dag.nextFire, dates(dag)]).toEqual([[], day(-3), []]);
  });

  test("is passed over by the policy skip, but for what a new version has yet to decide on", () => {
    const waiting = { nextFire: day(-1), active: BUSY };
    expect(gaps(decide(waiting, { overlap: "skip" }).dag)).toEqual(["03-01T04 03-02T04"]);

    const event: DagEvent = { type: "registered", version: aVersionHash("b"), before: DAILY };
    const { dag } = decide(waiting, { overlap: "skip" }, FOUR, [event]);
    expect([gaps(dag), dag.nextFire]).toEqual([[], day(-1)]);
  });

  test("by the policy skip is all that there was of a schedule that is over", () => {
    const schedule = aSchedule({ end: day(-1) });
    const { dag } = decide({ nextFire: day(-3), active: BUSY }, { overlap: "skip", schedule });

    expect([gaps(dag), dag.nextFire]).toEqual([["02-27T04 03-01T04"], null]);
  });

  test("cancels no run but by the policy cancel", () => {
    const { active } = decide({ nextFire: day(-1) }, {}, day(-1)).dag;
    const commands = (overlap: Manifest["overlap"]) =>
      decide({ nextFire: FOUR, active }, { overlap }, FOUR).commands.map(({ type }) => type);

    expect(commands("cancel")).toContain("cancel_run");
    for (const overlap of ["latest", "skip", "queue"] as const) expect(commands(overlap)).not.toContain("cancel_run");
  });
});

describe("what passed while nobody looked", () => {
  test("tells where its first interval began, where an edit had put that", () => {
    const first = { due: day(-3), start: day(-6) };
    const { dag } = decide({ nextFire: day(-3), first }, {});

    expect([gaps(dag), dag.first]).toEqual([["02-27T04 03-01T04 02-24T04"], null]);
    expect(gaps(decide({ nextFire: day(-3), first: { ...first, due: day(-2) } }, {}).dag)).toEqual([
      "02-27T04 03-01T04",
    ]);
  });

  test("does not wait by the policy queue, but for the latest, whatever waited long ago", () => {
    for (const queuedTo of [undefined, day(-8)]) {
      const { dag } = decide(
        { nextFire: day(-3), ...(queuedTo === undefined ? {} : { queuedTo }) },
        { overlap: "queue" },
      );
      expect([dates(dag), gaps(dag), dag.queuedTo]).toEqual([["03-01T00"], ["02-27T04 03-01T04"], FOUR]);
    }
  });

  test("is decided once by the policy queue, however often it is looked at", () => {
    const { dag } = decide({ nextFire: day(-3), active: BUSY }, { overlap: "queue" });

    expect(decide(dag, { overlap: "queue" }).changed).toBe(false);
  });

  test("by the policy queue lies between firings that wait, and is left out in their turn", () => {
    const gap = (from: number, to: number) => ({ version: aVersionHash(), from: day(from), to: day(to) });
    const waiting = { nextFire: day(-5), queuedTo: FOUR, gaps: [gap(-4, -3), gap(-2, -1)] };
    const { dag } = decide(waiting, { overlap: "queue", maxActiveRuns: 2 });

    expect(dates(dag)).toEqual(["02-24T00", "03-01T00"]);
  });

  test("is made up for as far as the window reaches, to the very instant", () => {
    const catchup = { windowMs: 2 * HOUR_MS };
    const starts = (schedule: Manifest["schedule"], nextFire: Instant) =>
      dates(decide({ nextFire }, { schedule, catchup, maxActiveRuns: 9 }).dag);

    expect(starts(HOURLY, plus(FOUR, -5 * HOUR_MS))).toEqual(["03-02T01", "03-02T02", "03-02T03"]);
    expect(starts(HOURLY, plus(FOUR, -HOUR_MS))).toEqual(["03-02T02", "03-02T03"]);
    expect(starts(DAILY, day(-2))).toEqual([]);
  });

  test("is left out, all of it, where the schedule was over before the window", () => {
    const schedule = aSchedule({ end: day(-4) });
    const { dag } = decide({ nextFire: day(-6) }, { schedule, catchup: { windowMs: DAY_MS } });

    expect([dates(dag), gaps(dag), dag.nextFire]).toEqual([[], ["02-24T04 02-26T04"], null]);
  });
});

describe("a next firing that the schedule does not have", () => {
  test("gives way to the one after it, without a gap", () => {
    const odd = { nextFire: plus(FOUR, -HOUR_MS) };
    const { dag } = decide(odd, { catchup: { windowMs: 9 * DAY_MS } }, plus(FOUR, -1));

    expect([dates(dag), gaps(dag), dag.nextFire]).toEqual([[], [], FOUR]);
  });

  test("leaves no gap when it is passed over", () => {
    const { dag } = decide({ nextFire: plus(day(-1), HOUR_MS) });

    expect([dates(dag), gaps(dag)]).toEqual([["03-01T00"], []]);
  });

  test("by the policy queue waits for the schedule to begin", () => {
    const schedule = aSchedule({ start: day(3) });
    const { dag } = decide({ nextFire: day(-1) }, { overlap: "queue", schedule });

    expect([dates(dag), dag.queuedTo, iso(dag.nextFire ?? NOON)]).toEqual([[], undefined, "2026-03-07T04:00:00Z"]);
  });
});

test.each(["latest", "cancel", "queue", "skip"] as const)("a schedule that is over starts nothing (%s)", (overlap) => {
  const policy = { overlap, schedule: aSchedule({ end: day(-4) }), startWithinMs: DAY_MS };

  for (const active of [[], BUSY]) {
    expect(decide({ nextFire: null, active }, policy)).toMatchObject({ commands: [], changed: false });
    expect(decide({ nextFire: null, active, due: FOUR }, policy).dag.due).toBeNull();
  }
});

test("the last firing of a schedule leaves it without a next one", () => {
  const { dag } = decide({ nextFire: FOUR }, { schedule: aSchedule({ end: FOUR }) });

  expect([dates(dag), dag.nextFire, dag.due === null]).toEqual([["03-01T00"], null, false]);
});

test("the first run of a schedule names no run before it", () => {
  const scheduled = decide({ nextFire: FOUR }).dag.active[0]?.scheduled;

  expect(Object.keys(scheduled ?? {})).not.toContain("previous");
});
