/** Runs a pipeline on the deployed stack, and counts what its functions, their event sources and whoever started it asked for. */
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { startRun } from "../../shared/app/start-run.ts";
import { dagId, type RunId } from "../../shared/core/ids.ts";
import { isRunEnded } from "../../shared/core/states.ts";
import { summed, totalOf, type Calls } from "../aws/measure.ts";
import { batchesSince, endOf } from "./event-sources.ts";
import type { DeployedBench } from "./world.ts";

const LOOK_MS = 200;
const RUN_MS_MAX = 240_000;
/** Once nothing was asked for so long, nothing more comes. */
const QUIET_MS = 1_500;
/** Runs of which the least is taken: what more one asks for is what cold sandboxes read, and messages that came twice. */
const RUNS_MAX = 6;

export interface FunctionCalls {
  readonly name: string;
  /** Its own, and those of its event source. */
  readonly calls: Calls;
  /** Messages of each batch that it was given. */
  readonly batches: readonly number[];
}

export interface DeployedRun {
  readonly functions: readonly FunctionCalls[];
  /** Of whoever started the run. */
  readonly caller: Calls;
  readonly totalMs: number;
}

/** Of everybody together. */
export const callsOf = ({ functions, caller }: Pick<DeployedRun, "functions" | "caller">): Calls =>
  summed(...functions.map(({ calls }) => calls), caller);

/** A run whose functions are warm: the one that asks for the least, once two have asked for no more. */
export async function measureWarm(bench: DeployedBench, dag: string): Promise<DeployedRun> {
  let least = await measureDeployed(bench, dag);
  for (let runs = 1; runs < RUNS_MAX; runs++) {
    const run = await measureDeployed(bench, dag);
    const more = totalOf(callsOf(run)) - totalOf(callsOf(least));
    if (more === 0) return run;
    if (more < 0) least = run;
  }
  return least;
}

export async function measureDeployed(bench: DeployedBench, dag: string): Promise<DeployedRun> {
  await untilQuiet(bench);
  const offset = endOf(bench.logFile);
  for (const { counter } of [...bench.functions, { counter: bench.caller }]) counter.reset();
  const startedAt = performance.now();
  const { runId } = await startRun(bench.engine, { dagId: dagId(dag), by: "bench" });
  const caller = bench.caller.counts();
  await untilEnded(bench, runId, startedAt);
  const totalMs = performance.now() - startedAt;
  await untilQuiet(bench);
  const batches = batchesSince(bench.logFile, offset);
  const functions = bench.functions
    .map(({ name, functionName, counter }): FunctionCalls => {
      const own = batches.filter((batch) => batch.functionName === functionName).map(({ messages }) => messages);
      // Of its event source: each batch is received once, and deleted once.
      const polled = { "SQS.ReceiveMessage": own.length, "SQS.DeleteMessageBatch": own.length };
      return { name, calls: summed(counter.counts(), polled), batches: own };
    })
    .filter(({ batches: own }) => own.length > 0);
  return { functions, caller, totalMs };
}

async function untilEnded({ engine }: DeployedBench, runId: RunId, startedAt: number): Promise<void> {
  for (;;) {
    const state = (await engine.runs.load(runId))?.value.state;
    if (state === "success") return;
    if (state !== undefined && isRunEnded(state)) throw new Error(`run ${runId} ended ${state}`);
    if (performance.now() - startedAt > RUN_MS_MAX) throw new Error(`run ${runId} is ${state} after ${RUN_MS_MAX} ms`);
    await wait(LOOK_MS);
  }
}

/** Resolves once neither functions nor event sources have asked for anything for a while. */
async function untilQuiet({ functions, logFile }: DeployedBench): Promise<void> {
  const state = (): string => JSON.stringify([endOf(logFile), functions.map(({ counter }) => counter.total())]);
  for (let before = "", now = state(); now !== before; now = state()) {
    before = now;
    await wait(QUIET_MS);
  }
}
