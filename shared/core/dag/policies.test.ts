import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, NOON, aDagRecord, aManifest, aSchedule, anActiveRun } from "../../../test/builders/index.ts";
import type { DagCommand, DagEvent, DagRecord } from "./record.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { iso, plus, type Instant } from "../time.ts";
import { decideDag } from "./decide.ts";

const FOUR = plus(NOON, -8 * HOUR_MS);
const WAKE: DagEvent = { type: "wake" };
const RUN = runId("orders.a");
const active = [anActiveRun({ runId: RUN, epoch: 0, confirmed: true })];
const decide = (
  dag: Partial<DagRecord>,
  manifest: Partial<Manifest>,
  events: readonly DagEvent[],
  now: Instant = NOON,
) => decideDag(aDagRecord({ cursor: plus(FOUR, -DAY_MS), ...dag }), aManifest(manifest), events, now);
const finished = (state: "success" | "failed" | "cancelled"): DagEvent => ({
  type: "run_finished",
  runId: RUN,
  epoch: 0,
  state,
});
const facts = (commands: readonly DagCommand[]) =>
  commands.flatMap((command) => (command.type === "publish" ? [command.fact] : []));

describe("a DAG whose runs fail in a row", () => {
  const two = { pauseAfterFailures: 2 };

  test("is paused after as many as it says, and tells the world why", () => {
    const once = decide({ active }, two, [finished("failed")]).dag;
    expect([once.failures, once.paused]).toEqual([1, null]);

    const { dag, commands } = decide({ ...once, active }, two, [finished("failed")]);
    const reason = "2 runs in a row failed, the last of them orders.a";
    expect(dag.paused).toEqual({ by: "freshet", reason, at: NOON });
    expect(facts(commands)).toMatchObject([{ type: "dag_paused", dagId: "orders", runId: "orders.a", reason }]);
  });

  test("counts from the last success, and not those that were cancelled", () => {
    const once = { failures: 1, active };

    expect(decide(once, two, [finished("success")]).dag.failures).toBe(0);
    expect(decide(once, two, [finished("cancelled")]).dag).toMatchObject({ failures: 1, paused: null });
  });

  test("counts each of them once, and begins anew when it is resumed", () => {
    const dag = decide({ failures: 1, active }, two, [finished("failed"), finished("failed")]).dag;
    expect(dag.failures).toBe(2);

    const resumed = decide(dag, two, [{ type: "resume", by: "ada", reason: "" }]).dag;
    expect([resumed.paused, resumed.failures]).toEqual([null, 0]);
  });

  test("goes on without such a bound", () => {
    expect(decide({ failures: 99, active }, {}, [finished("failed")]).dag.paused).toBeNull();
  });
});

describe("outside of the allowed hours", () => {
  const night = { schedule: aSchedule(), allowedHours: { from: 22 * 60, to: 6 * 60 } };
  const OPENS = plus(NOON, 10 * HOUR_MS);

  test("what is due waits, and is looked at when they begin", () => {
    const { dag, commands } = decide({ nextFire: plus(NOON, -HOUR_MS) }, night, [WAKE]);
    expect([commands.some(({ type }) => type === "start_run"), dag.active]).toEqual([false, []]);
    expect(decide({ nextFire: plus(NOON, -HOUR_MS), due: NOON }, night, [WAKE]).dag.due).toBe(OPENS);

    expect(decide({ nextFire: plus(FOUR, -DAY_MS) }, night, [WAKE], OPENS).dag.active).toHaveLength(1);
  });

  test.each(["latest", "skip", "queue", "cancel"] as const)("what will fall due is not forgotten (%s)", (overlap) => {
    const later = plus(NOON, HOUR_MS);
    const hourly = { ...night, schedule: aSchedule({ expression: "0 * * * *", interval: "hour" }), overlap };
    const event: DagEvent = { type: "registered", version: aDagRecord().version, before: null };
    const { dag } = decide({ cursor: null, nextFire: null }, hourly, [event]);
    expect([dag.nextFire, dag.due]).toEqual([later, later]);

    expect(decide({ ...dag }, hourly, [WAKE], later).dag.due).not.toBeNull();
  });

  test("a run that somebody asked for waits too", () => {
    const { dag } = decide({}, night, [{ type: "run_queued", runId: RUN, epoch: 0 }]);

    expect([dag.active, dag.queue, dag.due]).toEqual([[], "maybe", OPENS]);
  });
});

test("a firing that has waited for longer than it may is passed over", () => {
  const policy = { schedule: aSchedule(), startWithinMs: 6 * HOUR_MS, overlap: "queue" } as const;
  const { dag } = decide({ nextFire: plus(FOUR, -DAY_MS), queuedTo: FOUR }, policy, [WAKE], plus(FOUR, HOUR_MS));

  expect(dag.active.map((run) => run.runId)).toEqual(["orders.scheduled.20260301T000000Z"]);
  expect(dag.gaps.map(({ from, to }) => [iso(from), iso(to)])).toEqual([
    ["2026-03-01T04:00:00Z", "2026-03-01T04:00:00Z"],
  ]);
});
