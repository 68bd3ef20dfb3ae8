import { describe, expect, test } from "vitest";
import {
  A_PAUSE,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aDagRecord,
  aManifest,
  aSchedule,
  aTaskSpec,
  aVersionHash,
  anActiveRun,
  anArrivalTrigger,
} from "../../../test/builders/index.ts";
import type { ActiveRun, DagCommand, DagEvent, DagRecord } from "./record.ts";
import { dagId, runId, triggerId, type RunId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import type { RunState } from "../states.ts";
import { iso, plus, type Instant } from "../time.ts";
import { decideDag, newDag } from "./decide.ts";

const RUN = (name: string): RunId => runId(`orders.${name}`);
const active = (name: string, overrides: Partial<ActiveRun> = {}): ActiveRun =>
  anActiveRun({ runId: RUN(name), epoch: 0, confirmed: true, ...overrides });
const finished = (name: string, state?: RunState, epoch = 0): DagEvent => ({
  type: "run_finished",
  runId: RUN(name),
  epoch,
  ...(state === undefined ? {} : { state }),
});
const WAKE: DagEvent = { type: "wake" };
const DAILY = aSchedule();
/** 04:00, when the schedule fires. */
const FOUR = plus(NOON, -8 * HOUR_MS);

const decide = (
  dag: Partial<DagRecord>,
  manifest: Partial<Manifest> = {},
  events: readonly DagEvent[] = [WAKE],
  now: Instant = NOON,
) => decideDag(aDagRecord({ cursor: plus(FOUR, -DAY_MS), ...dag }), aManifest(manifest), events, now);
const names = ({ active: runs }: DagRecord): readonly string[] => runs.map((run) => run.runId.slice("orders.".length));
const of = <Type extends DagCommand["type"]>(commands: readonly DagCommand[], type: Type) =>
  commands.filter((command): command is Extract<DagCommand, { type: Type }> => command.type === type);

describe("a DAG that was never registered", () => {
  test("holds nothing, waits for nothing, and has passed nothing over", () => {
    expect(newDag(dagId("orders"), aVersionHash(), NOON)).toEqual(aDagRecord());
  });
});

describe("a run that ends", () => {
  const two = { active: [active("a"), active("b")] };

  test("gives back its own place only", () => {
    expect(names(decide(two, {}, [finished("b")]).dag)).toEqual(["a"]);
    expect(names(decide(two, {}, [finished("c")]).dag)).toEqual(["a", "b"]);
  });

  test("tells those that may wait for it, in a DAG whose tasks depend on their past", () => {
    const manifest = { tasks: [aTaskSpec("z"), aTaskSpec("a", { dependsOnPast: "task" })], maxActiveRuns: 2 };

    expect(of(decide(two, manifest, [finished("a")]).commands, "tell_moved")).toEqual([
      { type: "tell_moved", runId: RUN("b") },
    ]);
    expect(of(decide(two, manifest, [finished("c")]).commands, "tell_moved")).toEqual([]);
    expect(of(decide(two, { maxActiveRuns: 2 }, [finished("a")]).commands, "tell_moved")).toEqual([]);
  });

  test("of a later epoch, or another run, is no failure of this one", () => {
    const held = { active: [active("a", { epoch: 2 }), active("b")] };

    expect(decide(held, {}, [finished("a", "failed", 1)]).dag.failures).toBeUndefined();
    expect(decide(held, {}, [finished("c", "failed")]).dag.failures).toBeUndefined();
    expect(decide(held, {}, [finished("a", "failed", 2)]).dag.failures).toBe(1);
  });

  test("well in a DAG that counts no failures leaves it at that", () => {
    expect(decide(two, {}, [finished("a", "success")]).dag.failures).toBeUndefined();
  });

  test("as the one failure that is allowed none names it", () => {
    const { dag, commands } = decide(two, { pauseAfterFailures: 1 }, [finished("a", "failed")]);

    expect(dag.paused).toEqual({ by: "freshet", reason: "run orders.a failed", at: NOON });
    expect(of(commands, "publish")).toMatchObject([
      { fact: { type: "dag_paused", runId: RUN("a"), reason: "run orders.a failed", failed: [], state: "failed" } },
    ]);
  });

  test("as one failure too many does not pause what somebody has paused", () => {
    const { dag, commands } = decide({ ...two, paused: A_PAUSE }, { pauseAfterFailures: 1 }, [finished("a", "failed")]);

    expect([dag.paused, of(commands, "publish")]).toEqual([A_PAUSE, []]);
  });

  test("of the schedule gives its place to one that somebody asked for, and only that", () => {
    const scheduled = { version: aVersionHash(), logicalDate: FOUR, dataInterval: { start: FOUR, end: FOUR } };
    const due = { nextFire: FOUR, queue: "maybe" } as const;
    const ends = (overrides: Partial<ActiveRun>) =>
      decide({ ...due, active: [active("a", overrides)] }, { schedule: DAILY }, [finished("a")]);

    expect(names(ends({ scheduled }).dag)).toEqual([]);
    expect(of(ends({ scheduled }).commands, "find_candidates")).toEqual([{ type: "find_candidates", places: 1 }]);
    expect(names(ends({}).dag)).toEqual(["scheduled.20260301T000000Z"]);
  });
});

describe("a run that has been seen to start", () => {
  test("is confirmed, and no other", () => {
    const waiting = { active: [active("a", { confirmed: false }), active("b", { confirmed: false })] };

    const { dag } = decide(waiting, {}, [{ type: "run_confirmed", runId: RUN("b") }]);

    expect(dag.active.map(({ confirmed }) => confirmed)).toEqual([false, true]);
  });

  test("changes nothing when it is told again, or holds no place", () => {
    const held = { active: [active("a"), active("b", { confirmed: false })] };

    for (const name of ["a", "c"])
      expect(decide(held, {}, [{ type: "run_confirmed", runId: RUN(name) }]).changed).toBe(false);
  });
});

describe("a run that waits again", () => {
  test("has given up the place of its last epoch, among the candidates too", () => {
    const held = { active: [active("a")] };
    const again = { runId: RUN("a"), epoch: 1 };

    expect(decide(held, {}, [{ type: "run_queued", ...again }]).dag.active).toMatchObject([
      { epoch: 1, confirmed: false },
    ]);
    expect(decide(held, {}, [{ type: "candidates", runs: [again], complete: true }]).dag.active).toMatchObject([
      { epoch: 1, confirmed: false },
    ]);
  });

  test("is started again only in the epoch for which it has its place", () => {
    const { commands } = decide({ active: [active("a", { epoch: 3 })] }, { maxActiveRuns: 2 }, [
      { type: "run_queued", runId: RUN("a"), epoch: 2 },
    ]);

    expect(of(commands, "start_run").filter(({ active: { epoch } }) => epoch === 3)).toEqual([]);
  });

  test("where no place is free leaves the record as it is", () => {
    const full = { active: [active("a")], queue: "maybe" } as const;

    expect(
      decide(full, {}, [{ type: "candidates", runs: [{ runId: RUN("b"), epoch: 0 }], complete: true }]).changed,
    ).toBe(false);
  });
});

describe("a firing", () => {
  const days = ({ active: runs }: DagRecord): readonly string[] =>
    runs.flatMap(({ scheduled }) => (scheduled ? [iso(scheduled.logicalDate).slice(0, 10)] : []));
  const gaps = ({ gaps: all }: DagRecord): readonly string[] =>
    all.map(({ from, to }) => `${iso(from).slice(0, 10)} ${iso(to).slice(0, 10)}`);

  test("names the run before, once there is one", () => {
    const first = decide({ nextFire: FOUR }, { schedule: DAILY }).dag;
    const second = decide(first, { schedule: DAILY, maxActiveRuns: 2 }, [WAKE], plus(FOUR, DAY_MS)).dag;

    expect(second.active.map(({ scheduled }) => scheduled?.previous ?? null)).toEqual([null, first.active[0]?.runId]);
    expect(second.lastRun).toBe(second.active[1]?.runId);
  });

  test("that waited for too long is passed over, at the very instant as well", () => {
    const manifest = { schedule: DAILY, startWithinMs: HOUR_MS };
    const at = (ms: number) => decide({ nextFire: FOUR }, manifest, [WAKE], plus(FOUR, ms)).dag;

    expect([days(at(HOUR_MS - 1)), gaps(at(HOUR_MS - 1))]).toEqual([["2026-03-01"], []]);
    expect([days(at(HOUR_MS)), gaps(at(HOUR_MS)), at(HOUR_MS).nextFire]).toEqual([
      [],
      ["2026-03-02 2026-03-02"],
      plus(FOUR, DAY_MS),
    ]);
  });

  test("by the policy skip is passed over only once it is due, and only without a place", () => {
    const manifest = { schedule: DAILY, overlap: "skip" } as const;
    const busy = { active: [active("x")], nextFire: FOUR };

    expect(decide(busy, manifest, [WAKE], plus(FOUR, -1)).dag.nextFire).toBe(FOUR);
    expect(gaps(decide(busy, manifest, [WAKE], FOUR).dag)).toEqual(["2026-03-02 2026-03-02"]);
    expect(gaps(decide(busy, { ...manifest, maxActiveRuns: 2 }, [WAKE], FOUR).dag)).toEqual([]);
  });

  test("by the policy skip waits for its place where catch-up makes up for it", () => {
    const manifest = { schedule: DAILY, overlap: "skip", catchup: { windowMs: 9 * DAY_MS } } as const;

    expect(gaps(decide({ active: [active("x")], nextFire: FOUR }, manifest).dag)).toEqual([]);
  });

  test("by the policy cancel makes way only runs of the schedule, the oldest, that had their place before", () => {
    const manifest = { schedule: DAILY, overlap: "cancel", maxActiveRuns: 3 } as const;
    const scheduled = { version: aVersionHash(), logicalDate: FOUR, dataInterval: { start: FOUR, end: FOUR } };
    const runs = [
      active("asked", { since: plus(FOUR, -HOUR_MS) }),
      active("old", { scheduled, since: plus(FOUR, -MINUTE_MS) }),
      active("new", { scheduled, since: FOUR }),
    ];
    const cancelled = (of_: readonly ActiveRun[], now = NOON) =>
      of(
        decide({ active: of_, nextFire: FOUR }, { ...manifest, maxActiveRuns: of_.length }, [WAKE], now).commands,
        "cancel_run",
      );

    expect(cancelled(runs)).toEqual([{ type: "cancel_run", runId: RUN("old") }]);
    expect(cancelled([runs[0] as ActiveRun, runs[2] as ActiveRun])).toEqual([]);
    expect(cancelled(runs, plus(FOUR, -1))).toEqual([]);
  });

  test("with catch-up goes back to the very edge of its window", () => {
    // The interval of FOUR ended at midnight, twelve hours before NOON.
    const run = (windowMs: number) => days(decide({ nextFire: FOUR }, { schedule: DAILY, catchup: { windowMs } }).dag);

    expect([run(12 * HOUR_MS), run(12 * HOUR_MS - 1)]).toEqual([["2026-03-01"], []]);
  });
});

describe("a new version of a DAG", () => {
  const registered = (before: Manifest["schedule"]): DagEvent => ({
    type: "registered",
    version: aVersionHash("b"),
    before,
  });
  const hourly = aSchedule({ expression: "0 * * * *", interval: "hour" });
  const gap = { version: aVersionHash(), from: plus(FOUR, -9 * DAY_MS), to: plus(FOUR, -8 * DAY_MS) };

  test("takes over the gaps of a schedule that stays, and no others", () => {
    const other = { ...gap, version: aVersionHash("c") };
    const versions = (schedule: Manifest["schedule"]): readonly string[] =>
      decide({ gaps: [other, gap], nextFire: plus(FOUR, DAY_MS) }, { schedule }, [registered(DAILY)]).dag.gaps.map(
        ({ version }) => version.slice(0, 1),
      );

    expect([versions(DAILY).slice(0, 2), versions(hourly).slice(0, 2)]).toEqual([
      ["c", "b"],
      ["c", "a"],
    ]);
  });

  test("keeps what waits of a schedule that stays, and drops it with the schedule", () => {
    const waiting = { queuedTo: FOUR, nextFire: FOUR, active: [active("x")] };
    const queuedTo = (schedule: Manifest["schedule"]) =>
      decide(waiting, { schedule, overlap: "latest" }, [registered(DAILY)]).dag.queuedTo;

    expect([queuedTo(DAILY), queuedTo(hourly), queuedTo(null)]).toEqual([FOUR, undefined, undefined]);
  });

  test("without a schedule remembers how far the one before had come", () => {
    const covered = (schedule: Manifest["schedule"]) =>
      decide({ nextFire: plus(FOUR, DAY_MS), cursor: FOUR }, { schedule }, [registered(DAILY)]).dag.covered;

    expect([covered(null) === undefined, covered(DAILY)]).toEqual([false, undefined]);
  });

  test("gives each trigger its first window", () => {
    const triggers = [anArrivalTrigger(), anArrivalTrigger({ triggerId: triggerId("more") })];

    expect(decide({}, { triggers }, [registered(null)]).dag.windows).toEqual(
      ["files", "more"].map((id) => ({ triggerId: id, number: 1, open: null })),
    );
  });
});

describe("a DAG with two triggers", () => {
  const triggers = [anArrivalTrigger(), anArrivalTrigger({ triggerId: triggerId("more"), debounceMs: HOUR_MS })];
  const closed = (id: string) => ({ triggerId: triggerId(id), number: 1, open: null });
  const windows = [closed("files"), closed("more")];
  const arrived = (id: string): DagEvent => ({ type: "arrived", triggerId: triggerId(id), at: NOON });

  test("opens the window of the one that something has arrived for, by its own wait", () => {
    const { dag } = decide({ windows }, { triggers }, [arrived("more")]);

    expect(dag.windows).toEqual([
      closed("files"),
      { ...closed("more"), open: { openedAt: NOON, due: plus(NOON, 10 * MINUTE_MS) } },
    ]);
  });

  test("reads the inbox of the one whose time has come", () => {
    const open = [
      { ...closed("files"), open: { openedAt: NOON, due: plus(NOON, MINUTE_MS) } },
      { ...closed("more"), open: { openedAt: NOON, due: plus(NOON, HOUR_MS) } },
    ];
    const { commands } = decide({ windows: open }, { triggers }, [WAKE], plus(NOON, MINUTE_MS));

    expect(of(commands, "read_inbox").map((command) => command.triggerId)).toEqual(["files"]);
  });

  test("hears nothing of one that its version has not, or that has no window", () => {
    for (const event of [arrived("other"), { ...arrived("files") }] as const) {
      expect(decide({ windows: [] }, { triggers }, [event]).changed).toBe(false);
      expect(decide({ windows: [closed("files")] }, { triggers: [] }, [event]).changed).toBe(false);
    }
  });

  test("hears no answer about a window that there is not", () => {
    const seen = { type: "inbox_seen", triggerId: triggerId("files"), window: 1, look: 0, count: 3 } as const;
    const answer: DagEvent = { ...seen, newestAt: NOON, queuedRuns: 0 };

    expect(decide({ windows: [] }, { triggers }, [answer]).changed).toBe(false);
    expect(decide({ windows }, { triggers: [] }, [answer]).changed).toBe(false);
    expect(
      decide({ windows: [] }, { triggers }, [{ type: "window_fired", triggerId: triggerId("files"), window: 1 }])
        .changed,
    ).toBe(false);
  });
});

describe("the next look at a DAG", () => {
  test("is when its hours begin, if something waits for them and has a place", () => {
    const night = { allowedHours: { from: 22 * 60, to: 6 * 60 }, schedule: DAILY };
    const due = (dag: Partial<DagRecord>) => decide({ due: NOON, ...dag }, night).dag.due;

    expect(due({ nextFire: FOUR })).toBe(plus(NOON, 10 * HOUR_MS));
    expect(due({ nextFire: plus(NOON, HOUR_MS) })).toBe(plus(NOON, HOUR_MS));
    expect(due({ nextFire: FOUR, active: [active("x")] })).toBeNull();
    expect(due({ queue: "maybe" })).toBe(plus(NOON, 10 * HOUR_MS));
  });

  test("arms a timer only if it has moved to before", () => {
    const soon = plus(NOON, HOUR_MS);
    const timers = (dag: Partial<DagRecord>) =>
      of(
        decide({ nextFire: soon, ...dag }, { schedule: aSchedule({ expression: "0 13 * * *" }), maxActiveRuns: 3 }, [
          { type: "run_queued", runId: RUN("a"), epoch: 0 },
        ]).commands,
        "timer",
      ).map(({ at }) => at);

    expect([timers({ due: soon }), timers({ due: null }), timers({ due: plus(soon, 1) })]).toEqual([
      [],
      [soon],
      [soon],
    ]);
  });

  test("of one that is paused arms none", () => {
    const { commands } = decide({ nextFire: plus(NOON, HOUR_MS) }, { schedule: DAILY }, [
      { type: "pause", by: "ann", reason: "" },
    ]);

    expect(of(commands, "timer")).toEqual([]);
  });

  test("of one that is resumed looks at no window as long as it is gone", () => {
    const windows = [{ triggerId: triggerId("files"), number: 1, open: { openedAt: NOON, due: NOON } }];
    const { commands } = decide({ windows, removed: true, paused: A_PAUSE }, { triggers: [anArrivalTrigger()] }, [
      { type: "resume", by: "ann", reason: "" },
    ]);

    expect(of(commands, "read_inbox")).toEqual([]);
  });
});
