import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aDagRecord,
  aManifest,
  aSchedule,
  aVersionHash,
  anActiveRun,
  aStop,
} from "../../../test/builders/index.ts";
import { CONFIRM_AFTER_MS } from "./active.ts";
import { ASK_AGAIN_AFTER_MS, decideDag, newDag } from "./decide.ts";
import { ACTIVE_RUNS_MAX, type ActiveRun, type DagCommand, type DagEvent, type DagRecord } from "./record.ts";
import { dagId, runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { iso, plus, type Instant } from "../time.ts";

type Type<Name extends DagCommand["type"]> = Extract<DagCommand, { readonly type: Name }>;
const all = <Name extends DagCommand["type"]>(commands: readonly DagCommand[], type: Name): readonly Type<Name>[] =>
  commands.filter((command): command is Type<Name> => command.type === type);
const started = (commands: readonly DagCommand[]): readonly string[] =>
  all(commands, "start_run").map(({ active }) => active.runId);

const RUN = (name: string) => runId(`orders.${name}`);
const queued = (name: string): DagEvent => ({ type: "run_queued", runId: RUN(name), epoch: 0 });
const finished = (name: string, epoch = 0): DagEvent => ({ type: "run_finished", runId: RUN(name), epoch });
const candidates = (complete: boolean, ...names: readonly string[]): DagEvent => ({
  type: "candidates",
  runs: names.map((name) => ({ runId: RUN(name), epoch: 0 })),
  complete,
});
const active = (name: string, overrides: Partial<ActiveRun> = {}): ActiveRun =>
  anActiveRun({ runId: RUN(name), epoch: 0, confirmed: true, ...overrides });
const WAKE: DagEvent = { type: "wake" };

const decide = (
  dag: Partial<DagRecord>,
  manifest: Partial<Manifest>,
  events: readonly DagEvent[],
  now: Instant = NOON,
) => decideDag(aDagRecord({ cursor: plus(NOON, -DAY_MS), ...dag }), aManifest(manifest), events, now);

describe("a queued run", () => {
  test("is admitted and started if there is a place and nobody is ahead of it", () => {
    const { dag, commands } = decide({}, {}, [queued("a")]);

    expect(dag.active).toEqual([{ runId: "orders.a", epoch: 0, since: NOON, confirmed: false }]);
    expect([started(commands), dag.queue]).toEqual([["orders.a"], "empty"]);
  });

  test("waits for a place where all are taken", () => {
    const { dag, commands } = decide({ active: [active("x")] }, {}, [queued("a")]);

    expect([dag.active.length, dag.queue, commands]).toEqual([1, "maybe", []]);
  });

  test("does not overtake those that may wait already", () => {
    const { commands } = decide({ queue: "maybe" }, {}, [queued("b")]);

    expect(commands).toEqual([{ type: "find_candidates", places: 1 }]);
  });

  test("is admitted once, however often it asks; asking again starts it again", () => {
    const { dag, commands, changed } = decide({ active: [active("a", { confirmed: false })] }, {}, [
      queued("a"),
      queued("a"),
    ]);

    expect([dag.active.length, changed]).toEqual([1, false]);
    expect(new Set(started(commands))).toEqual(new Set(["orders.a"]));
  });

  test.each(["removed", "paused"] as const)("of a DAG that is %s waits", (state) => {
    const { dag, commands } = decide({ ...aStop(state) }, {}, [queued("a")]);

    expect([dag.active, dag.queue, commands, dag.due]).toEqual([[], "maybe", [], null]);
  });

  test("finds as many places as the DAG allows", () => {
    const { dag } = decide({}, { maxActiveRuns: 2 }, [queued("a"), queued("b"), queued("c")]);

    expect([dag.active.map((run) => run.runId), dag.queue]).toEqual([["orders.a", "orders.b"], "maybe"]);
  });

  test("finds no more places than the record can hold, whatever the DAG allows", () => {
    const full = Array.from({ length: ACTIVE_RUNS_MAX }, (_, index) => active(`r${index}`));

    expect(decide({ active: full }, { maxActiveRuns: 100_000 }, [queued("a")]).dag.active).toHaveLength(
      ACTIVE_RUNS_MAX,
    );
  });
});

describe("a run that has finished", () => {
  test("frees its place, and those that wait are looked for", () => {
    const { dag, commands } = decide({ active: [active("x")], queue: "maybe" }, {}, [finished("x")]);

    expect([dag.active, commands]).toEqual([[], [{ type: "find_candidates", places: 1 }]]);
  });

  test("frees nothing twice, and nothing of a later epoch", () => {
    const dag = { active: [active("x", { epoch: 2 })] };

    expect(decide(dag, {}, [finished("x", 1)]).changed).toBe(false);
    expect(decide({}, {}, [finished("x", 2)]).changed).toBe(false);
  });
});

describe("candidates", () => {
  test("are admitted in their order as far as there are places", () => {
    const { dag, commands } = decide({ queue: "maybe" }, { maxActiveRuns: 2 }, [candidates(true, "a", "b", "c")]);

    expect([started(commands), dag.queue]).toEqual([["orders.a", "orders.b"], "maybe"]);
  });

  test("that are all there is empty the queue", () => {
    expect(decide({ queue: "maybe" }, { maxActiveRuns: 2 }, [candidates(true, "a")]).dag.queue).toBe("empty");
    expect(decide({ queue: "maybe" }, {}, [candidates(true)]).dag.queue).toBe("empty");
  });

  test("that may not be all leave the queue as it is, to be looked at again", () => {
    const { dag, commands } = decide({ queue: "maybe" }, { maxActiveRuns: 3 }, [candidates(false, "a")]);

    expect([dag.queue, all(commands, "find_candidates"), dag.due]).toEqual([
      "maybe",
      [],
      plus(NOON, ASK_AGAIN_AFTER_MS),
    ]);
  });

  test("that have a place already get no second one", () => {
    const { dag } = decide({ queue: "maybe", active: [active("a")] }, { maxActiveRuns: 2 }, [candidates(true, "a")]);

    expect([dag.active.length, dag.queue]).toEqual([1, "empty"]);
  });

  test("are asked for again if the answer never came", () => {
    const asked = decide({ active: [active("x")], queue: "maybe" }, {}, [finished("x")]).dag;

    expect(asked.due).toBe(plus(NOON, ASK_AGAIN_AFTER_MS));
    expect(decide(asked, {}, [WAKE], plus(NOON, ASK_AGAIN_AFTER_MS)).commands).toEqual([
      { type: "find_candidates", places: 1 },
    ]);
  });
});

describe("a schedule", () => {
  const DAILY = { schedule: aSchedule({ expression: "0 4 * * *", interval: "day" }) };
  const FOUR = plus(NOON, -8 * HOUR_MS);

  test("of a new DAG counts from when it is registered, and arms a timer", () => {
    const event = { type: "registered", version: aVersionHash() } as const;
    const { dag, commands } = decideDag(newDag(dagId("orders"), aVersionHash(), NOON), aManifest(DAILY), [event], NOON);

    expect([dag.cursor, dag.nextFire, dag.due]).toEqual([NOON, plus(FOUR, DAY_MS), plus(FOUR, DAY_MS)]);
    expect(commands).toEqual([{ type: "timer", at: plus(FOUR, DAY_MS) }]);
  });

  test("fires when it is due: the run is named by its date, and holds its place before it starts", () => {
    const { dag, commands } = decide({ nextFire: FOUR }, DAILY, [WAKE], FOUR);

    expect(dag.active).toEqual([
      {
        runId: "orders.scheduled.20260301T000000Z",
        epoch: 0,
        since: FOUR,
        confirmed: false,
        scheduled: {
          version: aVersionHash(),
          logicalDate: plus(FOUR, -28 * HOUR_MS),
          dataInterval: { start: plus(FOUR, -28 * HOUR_MS), end: plus(FOUR, -4 * HOUR_MS) },
        },
      },
    ]);
    expect([started(commands), dag.cursor, dag.nextFire]).toEqual([
      ["orders.scheduled.20260301T000000Z"],
      FOUR,
      plus(FOUR, DAY_MS),
    ]);
  });

  test("does not fire before its time", () => {
    expect(decide({ nextFire: FOUR }, DAILY, [WAKE], plus(FOUR, -1)).commands).toEqual([]);
  });

  test("that was not looked at for days fires for the latest whole interval alone", () => {
    const { dag, commands } = decide({ nextFire: plus(FOUR, -5 * DAY_MS) }, DAILY, [WAKE], FOUR);

    expect([started(commands), dag.cursor, dag.nextFire]).toEqual([
      ["orders.scheduled.20260301T000000Z"],
      FOUR,
      plus(FOUR, DAY_MS),
    ]);
  });

  test("that is due while all places are taken fires when one comes free, for the latest interval then", () => {
    const waiting = decide({ nextFire: FOUR, active: [active("x")] }, DAILY, [WAKE], FOUR).dag;
    expect(waiting.nextFire).toBe(FOUR);

    const { commands } = decide(waiting, DAILY, [finished("x")], plus(FOUR, 2 * DAY_MS));
    expect(started(commands)).toEqual(["orders.scheduled.20260303T000000Z"]);
  });

  test("needs no look while all places are taken", () => {
    expect(decide({ nextFire: FOUR, active: [active("x")], due: FOUR }, DAILY, [WAKE], FOUR).dag.due).toBeNull();
  });

  test("takes turns with runs that wait, however often it fires", () => {
    const scheduled = { version: aVersionHash(), logicalDate: NOON, dataInterval: { start: NOON, end: NOON } };
    const busy = { nextFire: FOUR, queue: "maybe", active: [active("x", { scheduled })] } as const;
    const asked = decide(busy, DAILY, [finished("x")], FOUR);
    expect(asked.commands).toEqual([{ type: "find_candidates", places: 1 }]);

    const admitted = decide(asked.dag, DAILY, [candidates(true, "a")], FOUR);
    expect(started(admitted.commands)).toEqual(["orders.a"]);

    expect(started(decide(admitted.dag, DAILY, [finished("a")], FOUR).commands)).toEqual([
      "orders.scheduled.20260301T000000Z",
    ]);
  });

  test("fires at once if none of those that seemed to wait does", () => {
    const { commands } = decide({ nextFire: FOUR, queue: "maybe" }, DAILY, [candidates(true)], FOUR);

    expect(started(commands)).toEqual(["orders.scheduled.20260301T000000Z"]);
  });

  test.each(["removed", "paused"] as const)("of a DAG that is %s fires nothing", (state) => {
    const { commands } = decide({ ...aStop(state), nextFire: FOUR }, DAILY, [WAKE], plus(FOUR, DAY_MS));

    expect(started(commands)).toEqual([]);
  });

  test("fires once for a wake that comes twice", () => {
    const first = decide({ nextFire: FOUR }, DAILY, [WAKE], FOUR).dag;

    expect(decide(first, DAILY, [WAKE], FOUR).commands).toEqual([]);
  });

  test("gives every day of a year its run, one after the other", () => {
    let dag: Partial<DagRecord> = { nextFire: FOUR };
    const ids: string[] = [];
    for (let day = 0; day < 365; day++) {
      const now = plus(FOUR, day * DAY_MS);
      const fired = decide(dag, DAILY, [WAKE], now);
      ids.push(...started(fired.commands));
      dag = decide(
        fired.dag,
        DAILY,
        fired.dag.active.map((run) => ({ type: "run_finished", ...run })),
        plus(now, HOUR_MS),
      ).dag;
    }

    const days = Array.from({ length: 365 }, (_, day) =>
      iso(plus(FOUR, (day - 1) * DAY_MS))
        .slice(0, 10)
        .replaceAll("-", ""),
    );
    expect(ids).toEqual(days.map((day) => `orders.scheduled.${day}T000000Z`));
  });
});

describe("a run that was admitted and has not been seen to start", () => {
  const unconfirmed = { active: [active("a", { confirmed: false, since: NOON })] };

  test("is started again after a while, in case we died before", () => {
    const { commands } = decide(unconfirmed, {}, [WAKE], plus(NOON, CONFIRM_AFTER_MS));

    expect(started(commands)).toEqual(["orders.a"]);
    expect(decide(unconfirmed, {}, [WAKE], plus(NOON, CONFIRM_AFTER_MS - 1)).commands).toEqual([]);
  });

  test("is started again at once by whoever knows that all before him has died", () => {
    expect(started(decide(unconfirmed, {}, [{ type: "wake", all: true }]).commands)).toEqual(["orders.a"]);
  });

  test.each(["removed", "paused"] as const)("goes on also in a DAG that is %s", (state) => {
    const now = plus(NOON, CONFIRM_AFTER_MS);
    const { dag, commands } = decide({ ...unconfirmed, ...aStop(state), due: now }, {}, [WAKE], now);

    expect([started(commands), dag.due]).toEqual([["orders.a"], plus(now, ASK_AGAIN_AFTER_MS)]);
  });

  test("is left alone once it has been seen", () => {
    const { dag, changed } = decide(unconfirmed, {}, [{ type: "run_confirmed", runId: RUN("a") }]);
    expect([dag.active[0]?.confirmed, changed]).toEqual([true, true]);

    expect(decide(dag, {}, [WAKE, { type: "run_confirmed", runId: RUN("a") }], plus(NOON, HOUR_MS)).changed).toBe(
      false,
    );
  });

  test("is when the record is next looked at", () => {
    expect(decide({}, {}, [queued("a")]).dag.due).toBe(plus(NOON, CONFIRM_AFTER_MS));
  });
});

describe("when the record is next looked at", () => {
  const DAILY = { schedule: aSchedule() };

  test("is not written later while it lies ahead", () => {
    const due = plus(NOON, MINUTE_MS);

    expect(decide({ due, active: [active("x")] }, {}, [finished("x")]).dag.due).toBeNull();
    expect(decide({ due, nextFire: plus(NOON, HOUR_MS), active: [active("x")] }, DAILY, [finished("x")]).dag.due).toBe(
      due,
    );
  });

  test("is written when it becomes earlier", () => {
    const { dag } = decide(
      { due: plus(NOON, HOUR_MS), nextFire: plus(NOON, HOUR_MS) },
      { ...DAILY, maxActiveRuns: 2 },
      [queued("a")],
    );

    expect(dag.due).toBe(plus(NOON, CONFIRM_AFTER_MS));
  });

  test("is never for a DAG that has nothing to wait for", () => {
    expect(decide({ due: NOON }, {}, [WAKE]).dag.due).toBeNull();
  });
});

test("a decision leaves the record that it was given as it was", () => {
  const dag = aDagRecord({ active: [active("x")] });
  const copy = structuredClone(dag);
  decideDag(dag, aManifest(), [finished("x"), queued("a"), { type: "removed" }], NOON);

  expect(dag).toEqual(copy);
});
