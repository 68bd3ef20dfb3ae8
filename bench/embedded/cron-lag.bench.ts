import { planBackfill, startBackfill } from "../../shared/app/backfill.ts";
import { dagId, taskId, UNMAPPED, type RunId } from "../../shared/core/ids.ts";
import { lineOf, type BenchLine, type BenchOptions } from "../line.ts";
import { DURABILITY, dailyDag, minutelyDag, openWorld, type BenchWorld } from "./world.ts";

export const name = "cron_lag";

const MINUTE_MS = 60_000;
/** DAGs that fire at the same instant, each minute. */
const DAGS = 8;
const RUNS = 365;
const TASKS = 10;
/** Dates of the backfill at the same time. */
const PARALLEL = 16;

/**
 * From the instant at which schedules fire to the start of their runs, and to the first line of their tasks: alone, and beside a
 * backfill of 365 runs of ten tasks that begins again as soon as it is done. `--minutes` each.
 */
export async function run({ minutes }: BenchOptions): Promise<readonly BenchLine[]> {
  const files = Object.fromEntries(
    Array.from({ length: DAGS }, (_, index) => [`live_${index}.dag.ts`, minutelyDag(`live_${index}`)]),
  );
  const world = await openWorld({ ...files, "past.dag.ts": dailyDag("past", TASKS) }, { serve: true });
  await world.runOnce("past");
  const alone = await measured(world, minutes);
  const stop = backfillAgainAndAgain(world);
  const beside = await measured(world, minutes);
  const backfills = await stop();
  await world.close();
  const line = (workload: string, { runs, tasks }: Lags, notes: Readonly<Record<string, number>>): BenchLine =>
    lineOf({
      workload,
      n: DAGS,
      durability: DURABILITY,
      samplesMs: runs,
      totalMs: minutes * MINUTE_MS,
      tasks: tasks.length,
      notes: { toFirstLineP50Ms: median(tasks), ...notes },
    });
  return [line(name, alone, {}), line(`${name}_beside_backfill`, beside, { backfills })];
}

interface Lags {
  readonly runs: readonly number[];
  readonly tasks: readonly number[];
}

const median = (values: readonly number[]): number =>
  Math.round((values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0) * 100) / 100;

async function measured(world: BenchWorld, minutes: number): Promise<Lags> {
  const starts = new Map<RunId, number>();
  world.onStart = (runId, at) => {
    if (runId.startsWith("live_")) starts.set(runId, at);
  };
  // From half a minute on to half a minute on: nothing is cut.
  await new Promise((settle) => setTimeout(settle, MINUTE_MS * 1.5 - (Date.now() % MINUTE_MS)));
  starts.clear();
  await new Promise((settle) => setTimeout(settle, minutes * MINUTE_MS));
  const taken = [...starts];
  const keys = taken.map(([runId]) => ({ runId, taskId: taskId("first"), mapIndex: UNMAPPED, attempt: 1 }));
  const items = await world.scheduler.stores.attempts.read(keys);
  const tasks = items.flatMap((item) => {
    if (item?.status !== "finished" || item.outcome.kind !== "success" || item.outcome.output.kind !== "inline")
      return [];
    const { startedAt } = item.outcome.output.value as { readonly startedAt: number };
    return [startedAt % MINUTE_MS];
  });
  return { runs: taken.map(([, at]) => at % MINUTE_MS), tasks };
}

/** Gives how often it was done. */
function backfillAgainAndAgain(world: BenchWorld): () => Promise<number> {
  const { engine } = world.scheduler;
  const stop = new AbortController();
  let count = 0;
  const request = { dagId: dagId("past"), from: "2025-01-01", to: "2025-12-31", parallel: PARALLEL } as const;
  const work = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const ended = world.ended("past", RUNS);
      const planned = await planBackfill(engine, { ...request, reprocess: "completed" });
      const { backfillId } = await startBackfill(engine, planned, "bench");
      await ended;
      // Its record hears of the last one a moment later.
      while ((await engine.backfills.load(backfillId))?.value.state === "running")
        await new Promise((settle) => setTimeout(settle, 5));
      count += 1;
    }
  };
  const working = work();
  return async () => {
    stop.abort();
    await working;
    return count;
  };
}
