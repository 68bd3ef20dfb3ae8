/** Schedulers beside each other over one wide map: real use-cases, the pace of the cloud, and nothing that goes wrong but them. */
import { expect, test } from "vitest";
import type { RunMessage } from "../../shared/contract/messages.ts";
import type { Dispatch } from "../../shared/core/attempt.ts";
import { handleRunMessages } from "../../shared/app/handle-messages.ts";
import { runAttempt } from "../../shared/app/attempt/run-attempt.ts";
import { dagId } from "../../shared/core/ids.ts";
import { encodeRun } from "../../shared/core/run/codec/run-codec.ts";
import type { Run } from "../../shared/core/run.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import type { RunStore } from "../../shared/ports/run-store.ts";
import { engineOf, executingOf } from "../../shared/simulated/ports/wiring.ts";
import { aManifest, aMapSpec, aTaskSpec, anUpstream, NOON } from "../builders/index.ts";
import { startConsumer } from "./actors/consumer.ts";
import type { Checker } from "./checkers/checker.ts";
import { CHECKERS } from "./checkers/index.ts";
import { startOperators } from "./actors/operators.ts";
import { startTicker } from "./actors/ticker.ts";
import { taskRunnerOf } from "./ports/task-runner.ts";
import { createWorld } from "./simulate.ts";
import type { World } from "./world.ts";

const EXECUTORS = 400;
const BATCH_MAX = 10;
const HOUR_MS = 3_600_000;
/** Of one instance. */
const WORK_MS = 200;

interface Crowd {
  readonly state: string | undefined;
  readonly instances: { readonly success: number; readonly open: number };
  /** From the start of the run to its end. */
  readonly tookMs: number;
  readonly commits: number;
  /** Commits that found the record changed. */
  readonly stale: number;
  /** Write units of the schedulers' writes, as DynamoDB counts them: a refused one costs as much. */
  readonly units: number;
  /** Messages that went back to the queue since their record kept changing. */
  readonly sentAgain: number;
}

interface Setting {
  readonly width: number;
  readonly schedulers: number;
  readonly checkers: readonly Checker[];
}

/** A list of so many items, a task mapped over it, one that takes the results: from its start to its end. */
async function mapWith({ width, schedulers, checkers }: Setting): Promise<Crowd> {
  const list = [anUpstream("list")];
  const load = aTaskSpec("load", { upstream: list, map: aMapSpec("list", { limit: width }) });
  const tasks = [aTaskSpec("list"), load, aTaskSpec("sum", { after: ["load"] })];
  const manifest = aManifest({ dagId: dagId("wide"), tasks });
  const { world, judge } = createWorld(
    1,
    {
      bent: "anything",
      startAt: NOON,
      safetyMs: HOUR_MS,
      dags: [manifest],
      pools: [],
      actions: [],
      outage: undefined,
    },
    undefined,
    checkers,
  );
  world.faults.stop();
  const items = Array.from({ length: width }, (_, index) => ({ index }));
  const ends = (dispatch: Dispatch) => (dispatch.mappedBy === undefined ? { rows: 1 } : items);
  const scripted: World = {
    ...world,
    code: {
      of: (dispatch) => ({ ms: WORK_MS, ends: { kind: "success", output: ends(dispatch) }, trouble: undefined }),
    },
  };
  const counts = { stale: 0, units: 0, sentAgain: 0 };
  startFunctions(scripted, schedulers, counts);
  startTicker(scripted);
  const start = { type: "start", dagId: "wide", key: undefined } as const;
  startOperators(scripted, [
    { at: NOON, action: { type: "deploy", manifest } },
    { at: NOON + 5_000, action: start },
  ]);
  const run = () => [...world.database.runs.rows.values()].find(({ value }) => value.origin.kind === "manual")?.value;
  const ended = (): boolean => run() !== undefined && isRunEnded(run()?.state ?? "queued");
  await world.kernel.runUntil(NOON + HOUR_MS, () => judge.violation !== undefined || ended());
  expect(judge.violation).toBeUndefined();
  const record = run();
  const [expansion] = record?.tasks.expansions ?? [];
  const sum = (of: "success" | "open"): number =>
    (expansion?.chunks ?? []).reduce((total, chunk) => total + chunk[of], 0);
  return {
    state: record?.state,
    instances: { success: sum("success"), open: sum("open") },
    tookMs: (record?.endedAt ?? Infinity) - (record?.startedAt ?? 0),
    commits: world.database.commits(),
    ...counts,
  };
}

function startFunctions(
  world: World,
  schedulers: number,
  counts: { stale: number; units: number; sentAgain: number },
): void {
  startConsumer<RunMessage>(world, {
    name: "scheduler",
    queue: world.events,
    hosts: schedulers,
    slotsPerHost: 1,
    batchMax: BATCH_MAX,
    skewMsMax: 0,
    visibilityMs: () => 90_000,
    timeoutMs: () => 30_000,
    async handle(process, messages) {
      counts.sentAgain += messages.filter((message) => "tries" in message && message.tries === 1).length;
      const engine = engineOf(world, process);
      const commit: RunStore["commit"] = async (read, next, ...rest) => {
        const result = await engine.runs.commit(read, next, ...rest);
        if (result === "stale") counts.stale += 1;
        counts.units += unitsOf(next) + (result === "committed" && read.value.due !== next.due ? INDEX_UNITS : 0);
        return result;
      };
      return handleRunMessages({ ...engine, runs: { ...engine.runs, commit } }, messages);
    },
  });
  startConsumer<Dispatch>(world, {
    name: "worker",
    queue: world.tasks.worker,
    hosts: EXECUTORS,
    slotsPerHost: 1,
    batchMax: 1,
    skewMsMax: 0,
    visibilityMs: () => 300_000,
    timeoutMs: () => null,
    async handle(process, [dispatch]) {
      if (dispatch === undefined) return [];
      const lease = { leaseMs: 60_000, heartbeatMs: 20_000 };
      await runAttempt(executingOf(world, process, { ...lease, runner: taskRunnerOf(world, process) }), dispatch);
      return [];
    },
  });
}

/** Keys, version, commit id, state and due beside the record itself. */
const BESIDE_BYTES = 250;
/** A due time that moves: one entry of the index goes, and one comes. */
const INDEX_UNITS = 2;

function unitsOf(run: Run): number {
  const { head, tasks } = encodeRun(run);
  return Math.ceil((Buffer.byteLength(head) + tasks.length + BESIDE_BYTES) / 1_024);
}

/** Of an attempt item: its claim, and its end. */
const ATTEMPT_UNITS = 2;
const TIMEOUT_MS = 120_000;

test("fifty schedulers at once advance a map of 10,000 to its end", { timeout: TIMEOUT_MS }, async () => {
  const crowd = await mapWith({ width: 10_000, schedulers: 50, checkers: [] });

  expect(crowd).toMatchObject({ state: "success", instances: { success: 10_000, open: 0 } });
  // 400 executors have 5 s of work with it.
  expect(crowd.tookMs).toBeLessThan(20_000);
  expect(crowd.stale / crowd.commits).toBeLessThan(1.5);
});

test("a task of a map of 10,000 takes three write units at the most", { timeout: TIMEOUT_MS }, async () => {
  // Two are the least that an event source has at work.
  const { state, units } = await mapWith({ width: 10_000, schedulers: 2, checkers: [] });

  expect(state).toBe("success");
  expect(ATTEMPT_UNITS + units / 10_000).toBeLessThanOrEqual(3);
});

test(
  "fifty schedulers at once keep every promise on one record of 512 instances",
  { timeout: TIMEOUT_MS },
  async () => {
    const { state, stale, commits } = await mapWith({ width: 512, schedulers: 50, checkers: CHECKERS });

    expect(state).toBe("success");
    // They all want the same record: two of three tries are in vain, and none is lost.
    expect(stale / commits).toBeLessThan(4);
  },
);
