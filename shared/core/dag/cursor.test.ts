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
import { CATCHUP_RUNS_MAX, GAPS_MAX, type DagCommand, type DagEvent, type DagRecord } from "./record.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { iso, plus, type Instant } from "../time.ts";
import { PASS_AGAIN_AFTER_MS } from "./cursor.ts";
import { decideDag, newDag } from "./decide.ts";

/** Each day at 04:00 for the day before. */
const DAILY = aSchedule();
const FOUR = plus(NOON, -8 * HOUR_MS);
const YEAR_MS = 365 * DAY_MS;
const WAKE: DagEvent = { type: "wake" };

const decide = (
  dag: Partial<DagRecord>,
  manifest: Partial<Manifest>,
  now: Instant,
  events: readonly DagEvent[] = [WAKE],
) =>
  decideDag(
    aDagRecord({ cursor: plus(FOUR, -DAY_MS), ...dag }),
    aManifest({ schedule: DAILY, ...manifest }),
    events,
    now,
  );

const days = (dag: DagRecord): readonly string[] =>
  dag.active.flatMap(({ scheduled }) => (scheduled ? [iso(scheduled.logicalDate).slice(0, 10)] : []));
const gapsOf = ({ gaps }: DagRecord): readonly string[] =>
  gaps.map(({ from, to }) => `${iso(from).slice(0, 10)} ${iso(to).slice(0, 10)}`);
const finished = (...runs: readonly string[]): DagEvent[] =>
  runs.map((id) => ({ type: "run_finished", runId: runId(id), epoch: 0 }));
const ended = (dag: DagRecord): DagEvent[] => finished(...dag.active.map((run) => run.runId));
const busy = anActiveRun({ runId: runId("orders.x"), epoch: 0, confirmed: true });
const cancelled = (commands: readonly DagCommand[]): readonly string[] =>
  commands.flatMap((command) => (command.type === "cancel_run" ? [command.runId] : []));

/** Nobody looked for three days. */
const OUTAGE = { nextFire: plus(FOUR, -3 * DAY_MS) };

test("a firing is remembered with when it was due, where deadlines count from that", () => {
  const deadlines = [{ name: "soon", from: "due", withinMs: HOUR_MS }] as const;

  const dues = [decide({ nextFire: FOUR }, {}, FOUR), decide({ nextFire: FOUR }, { deadlines }, FOUR)].map(
    ({ dag }) => dag.active[0]?.scheduled?.due,
  );

  expect(dues).toEqual([undefined, FOUR]);
});

describe("a firing whose logical date has a run of the schedule before", () => {
  const { dag: daily } = decide({ nextFire: FOUR }, {}, FOUR);
  const [run] = daily.active;
  const again = (active: DagRecord["active"]): DagRecord =>
    decide({ ...daily, nextFire: FOUR, active }, { maxActiveRuns: 2 }, FOUR).dag;
  const ofAnInstant = { start: plus(FOUR, -DAY_MS), end: plus(FOUR, -DAY_MS) };

  test("is that run, if it is of the same period", () => {
    const { active, gaps, nextFire } = again(daily.active);

    expect([active, gaps, nextFire]).toEqual([daily.active, [], plus(FOUR, DAY_MS)]);
  });

  test.each([
    [
      "is at work",
      run?.scheduled === undefined ? [] : [{ ...run, scheduled: { ...run.scheduled, dataInterval: ofAnInstant } }],
    ],
    ["has ended", []],
  ])("is passed over, if that run is of another one and %s", (_, active) => {
    const dag = again(active);

    expect([dag.active, gapsOf(dag), dag.nextFire]).toEqual([active, ["2026-03-02 2026-03-02"], plus(FOUR, DAY_MS)]);
  });
});

test("a date that was admitted, and whose logical date proves to be taken, is passed over, and gives its place back", () => {
  const { dag } = decide({ nextFire: FOUR }, {}, FOUR);
  const [run] = dag.active;
  if (run === undefined) throw new TypeError("nothing was admitted");
  const taken: DagEvent = { type: "date_taken", runId: run.runId, epoch: run.epoch };

  const after = decide(dag, {}, plus(FOUR, 1), [taken, taken]).dag;

  expect([after.active, after.gaps]).toEqual([
    [],
    [{ version: dag.version, from: FOUR, to: FOUR, reason: "date_taken" }],
  ]);
});

describe("without catch-up", () => {
  test("what passed while nobody looked is recorded, and the latest becomes a run", () => {
    const { dag } = decide(OUTAGE, {}, FOUR);

    expect([days(dag), gapsOf(dag), iso(dag.nextFire ?? NOON)]).toEqual([
      ["2026-03-01"],
      ["2026-02-27 2026-03-01"],
      "2026-03-03T04:00:00Z",
    ]);
  });

  test("gaps that follow one another are one", () => {
    const first = decide(OUTAGE, {}, FOUR).dag;
    const second = decide({ ...first, active: [] }, {}, plus(FOUR, 4 * DAY_MS)).dag;
    expect(gapsOf(second)).toEqual(["2026-02-27 2026-03-01", "2026-03-03 2026-03-05"]);

    const next = decide({ ...first, active: [], nextFire: FOUR }, {}, plus(FOUR, 4 * DAY_MS)).dag;
    expect(gapsOf(next)).toEqual(["2026-02-27 2026-03-05"]);
  });

  test("gaps are bounded: the two oldest become one", () => {
    const gap = (day: number) => ({
      version: aVersionHash(),
      from: plus(FOUR, day * DAY_MS),
      to: plus(FOUR, day * DAY_MS),
    });
    const gaps = Array.from({ length: GAPS_MAX }, (_, index) => gap(2 * index - 1_000));

    const { dag } = decide({ ...OUTAGE, gaps }, {}, FOUR);

    expect(dag.gaps).toHaveLength(GAPS_MAX);
    expect([dag.gaps[0]?.from, dag.gaps[0]?.to]).toEqual([gaps[0]?.from, gaps[1]?.to]);
  });

  test("a paused DAG passes nothing over until it goes on, and then behaves as after an outage", () => {
    const paused = decide({ ...OUTAGE, paused: A_PAUSE }, {}, FOUR).dag;
    expect([days(paused), gapsOf(paused)]).toEqual([[], []]);

    const { dag } = decide({ ...paused, paused: null }, {}, FOUR);
    expect([days(dag), gapsOf(dag)]).toEqual([["2026-03-01"], ["2026-02-27 2026-03-01"]]);
  });
});

describe("with catch-up", () => {
  const catchup = { windowMs: YEAR_MS };

  test("everything that passed becomes a run, the oldest first, as places come free", () => {
    const seen: string[] = [];
    let { dag } = decide(OUTAGE, { catchup, overlap: "queue" }, FOUR);
    for (let more = 0; more < 4; more++) {
      seen.push(...days(dag));
      dag = decide(dag, { catchup, overlap: "queue" }, FOUR, ended(dag)).dag;
    }

    expect([seen, gapsOf(dag), iso(dag.nextFire ?? NOON)]).toEqual([
      ["2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01"],
      [],
      "2026-03-03T04:00:00Z",
    ]);
  });

  test("what ended before the window is passed over, and recorded", () => {
    const { dag } = decide(OUTAGE, { catchup: { windowMs: 2 * DAY_MS }, maxActiveRuns: 9 }, FOUR);

    expect([days(dag), gapsOf(dag)]).toEqual([["2026-02-28", "2026-03-01"], ["2026-02-27 2026-02-28"]]);
  });

  test("a pass admits a bounded number of runs, and the next one follows at once", () => {
    const since = { nextFire: plus(FOUR, -60 * DAY_MS) };
    const { dag, commands } = decide(since, { catchup, maxActiveRuns: 500 }, FOUR);
    const again = plus(FOUR, PASS_AGAIN_AFTER_MS);

    expect([dag.active.length, dag.due]).toEqual([CATCHUP_RUNS_MAX, again]);
    expect(commands.at(-1)).toEqual({ type: "timer", at: again });
    expect(decide(dag, { catchup, maxActiveRuns: 500 }, again).dag.active).toHaveLength(2 * CATCHUP_RUNS_MAX);
  });

  test("a new DAG begins with the start of its schedule", () => {
    const schedule = aSchedule({ start: plus(FOUR, -(3 * DAY_MS + 4 * HOUR_MS)) });
    const event = { type: "registered", version: aVersionHash() } as const;
    const manifest = aManifest({ schedule, catchup, maxActiveRuns: 9 });
    const { dag } = decideDag(newDag(manifest.dagId, aVersionHash(), NOON), manifest, [event], NOON);

    expect(days(dag)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  });
});

describe("where the environment holds the last two days alone,", () => {
  const held = { dataWindowMs: 2 * DAY_MS, maxActiveRuns: 9 };

  test("what ended before is passed over whatever catch-up reaches, with the reason", () => {
    const { dag } = decide(OUTAGE, { ...held, catchup: { windowMs: YEAR_MS }, overlap: "queue" }, FOUR);

    expect([days(dag), gapsOf(dag), dag.gaps.map(({ reason }) => reason)]).toEqual([
      ["2026-02-28", "2026-03-01"],
      ["2026-02-27 2026-02-28"],
      ["data_window"],
    ]);
  });

  test("a shorter reach of catch-up stands, and is the reason of the rest", () => {
    const { dag } = decide(OUTAGE, { ...held, catchup: { windowMs: DAY_MS }, overlap: "queue" }, FOUR);

    expect([days(dag), dag.gaps.map(({ reason }) => reason)]).toEqual([
      ["2026-03-01"],
      ["data_window", "catchup_window"],
    ]);
  });

  test("the latest firing that is made up for without catch-up is within, too", () => {
    const { dag } = decide(OUTAGE, { ...held, dataWindowMs: HOUR_MS }, FOUR);

    expect([days(dag), dag.gaps.map(({ reason }) => reason)]).toEqual([[], ["data_window"]]);
    expect(dag.nextFire).toBe(plus(FOUR, DAY_MS));
  });

  test("what has waited for a place until it was too old is passed over", () => {
    const queue = { ...held, overlap: "queue", maxActiveRuns: 1 } as const;
    const { dag } = decide({ nextFire: FOUR, active: [busy] }, queue, FOUR);
    const late = plus(FOUR, 3 * DAY_MS);

    expect(days(decide(dag, queue, late, finished("orders.x")).dag)).toEqual(["2026-03-04"]);
  });

  test("all goes on as it does elsewhere", () => {
    const { dag } = decide({ nextFire: FOUR }, held, FOUR);

    expect([days(dag), dag.gaps]).toEqual([["2026-03-01"], []]);
  });
});

describe("a firing while all places are taken, by the policy", () => {
  const NEXT = plus(FOUR, DAY_MS);
  const THIRD = plus(FOUR, 2 * DAY_MS);
  /** What has become of three firings once the place is free. */
  function after(overlap: Manifest["overlap"]) {
    let { dag } = decide({ nextFire: FOUR, active: [busy] }, { overlap }, FOUR);
    for (const now of [NEXT, THIRD]) dag = decide(dag, { overlap }, now).dag;
    const seen: string[] = [];
    for (let events = finished("orders.x"); events.length > 0; events = ended(dag)) {
      dag = decide(dag, { overlap }, plus(THIRD, HOUR_MS), events).dag;
      seen.push(...days(dag));
    }
    return { ran: seen, gaps: gapsOf(dag) };
  }

  test("latest: only the latest that waits becomes a run", () => {
    expect(after("latest")).toEqual({ ran: ["2026-03-03"], gaps: ["2026-03-02 2026-03-03"] });
  });

  test("queue: each becomes a run, the oldest first", () => {
    expect(after("queue")).toEqual({ ran: ["2026-03-01", "2026-03-02", "2026-03-03"], gaps: [] });
  });

  test("skip: none becomes a run, and the next one does", () => {
    expect(after("skip")).toEqual({ ran: [], gaps: ["2026-03-02 2026-03-04"] });
    const free = decide({ nextFire: FOUR, active: [busy] }, { overlap: "skip" }, NEXT, finished("orders.x")).dag;
    expect(days(decide(free, { overlap: "skip" }, THIRD).dag)).toEqual(["2026-03-03"]);
  });

  test("queue: what passed while nobody looked does not wait, but for the latest", () => {
    const waiting = decide({ nextFire: FOUR, active: [busy] }, { overlap: "queue" }, FOUR).dag;
    let { dag } = decide(waiting, { overlap: "queue" }, plus(FOUR, 3 * DAY_MS), finished("orders.x"));
    const first = days(dag);
    ({ dag } = decide(dag, { overlap: "queue" }, plus(FOUR, 3 * DAY_MS), ended(dag)));

    expect([first, days(dag), gapsOf(dag)]).toEqual([["2026-03-01"], ["2026-03-04"], ["2026-03-03 2026-03-04"]]);
  });

  test("queue: is looked at whenever another one falls due", () => {
    expect(decide({ nextFire: FOUR, active: [busy] }, { overlap: "queue" }, FOUR).dag.due).toBe(NEXT);
  });

  test("cancel: the oldest run of the schedule makes way, and is asked again until it has", () => {
    const active = decide({ nextFire: plus(FOUR, -DAY_MS) }, {}, plus(FOUR, -DAY_MS)).dag;
    const { dag, commands } = decide(active, { overlap: "cancel" }, FOUR);
    expect(cancelled(commands)).toEqual(["orders.scheduled.20260228T000000Z"]);
    expect(dag.due).not.toBeNull();

    const again = decide(dag, { overlap: "cancel" }, plus(FOUR, HOUR_MS));
    expect(cancelled(again.commands)).toEqual(["orders.scheduled.20260228T000000Z"]);
    expect(days(decide(dag, { overlap: "cancel" }, FOUR, ended(dag)).dag)).toEqual(["2026-03-01"]);
  });
});

describe("a look that soon is due", () => {
  const SOON = plus(FOUR, -60_000);
  const timers = (commands: readonly DagCommand[]) => commands.filter(({ type }) => type === "timer");

  test("is armed by the commit that brings a DAG back, that gives back its place, or that edits it", () => {
    const armed = [{ type: "timer", at: FOUR }];
    const event = { type: "registered", version: aVersionHash("b") } as const;

    expect(timers(decide({ nextFire: FOUR, removed: true }, {}, SOON, [event]).commands)).toEqual(armed);
    expect(timers(decide({ nextFire: FOUR, active: [busy] }, {}, SOON, finished("orders.x")).commands)).toEqual(armed);
    expect(timers(decide({ nextFire: plus(FOUR, DAY_MS), cursor: null }, {}, SOON, [event]).commands)).toEqual(armed);
  });
});
