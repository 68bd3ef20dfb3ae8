import { lineOf, type BenchLine } from "../line.ts";
import { chainDag, DURABILITY, openWorld } from "./world.ts";

export const name = "chain_20";

const TASKS = 20;
const RUNS = 60;

/** A hop: from the end of a task's code to the start of the next one's, and the code, which does nothing. */
export async function run(): Promise<readonly BenchLine[]> {
  const world = await openWorld({ "chain.dag.ts": chainDag(TASKS) });
  const cold = await world.runOnce("chain_20");
  const runsMs: number[] = [];
  for (let index = 0; index < RUNS; index++) runsMs.push((await world.runOnce("chain_20")).ms);
  await world.close();
  const totalMs = runsMs.reduce((sum, ms) => sum + ms, 0);
  const samplesMs = runsMs.map((ms) => ms / TASKS);
  const notes = { coldRunMs: Math.round(cold.ms) };
  return [lineOf({ workload: name, n: TASKS, durability: DURABILITY, samplesMs, totalMs, tasks: TASKS * RUNS, notes })];
}
