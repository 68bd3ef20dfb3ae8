import { planBackfill, startBackfill } from "../../shared/app/backfill.ts";
import { dagId } from "../../shared/core/ids.ts";
import { lineOf, type BenchLine } from "../line.ts";
import { DURABILITY, dailyDag, openWorld } from "./world.ts";

export const name = "backfill_365";

const RUNS = 365;
const TASKS = 3;
const TIMES = 5;

/** A year of a daily DAG of three tasks in a row, from the request to the end of the last run. */
export async function run(): Promise<readonly BenchLine[]> {
  const samplesMs: number[] = [];
  for (let round = 0; round < TIMES; round++) {
    const world = await openWorld({ "year.dag.ts": dailyDag("year", TASKS) });
    await world.runOnce("year");
    const { engine } = world.scheduler;
    const began = performance.now();
    const request = { dagId: dagId("year"), from: "2025-01-01", to: "2025-12-31" };
    const ended = world.ended("year", RUNS);
    await startBackfill(engine, await planBackfill(engine, request), "bench");
    await ended;
    samplesMs.push(performance.now() - began);
    await world.scheduler.idle();
    await world.close();
  }
  const totalMs = samplesMs.reduce((sum, ms) => sum + ms, 0);
  const tasks = RUNS * TASKS * TIMES;
  return [lineOf({ workload: name, n: RUNS, durability: DURABILITY, samplesMs, totalMs, tasks })];
}
