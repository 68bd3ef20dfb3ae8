import { lineOf, type BenchLine } from "../line.ts";
import { DURABILITY, mapDag, openWorld } from "./world.ts";

export const name = "map";

const WIDTH = 10_000;
const RUNS = 5;

/** A map of 10,000: held in twenty chunks, each with a commit of its own. p50 and p99 are of whole runs. */
export async function run(): Promise<readonly BenchLine[]> {
  const world = await openWorld({ "map.dag.ts": mapDag(WIDTH) });
  await world.runOnce(`map_${WIDTH}`);
  const samplesMs: number[] = [];
  for (let index = 0; index < RUNS; index++) samplesMs.push((await world.runOnce(`map_${WIDTH}`)).ms);
  const totalMs = samplesMs.reduce((sum, ms) => sum + ms, 0);
  await world.close();
  const workload = `map_${WIDTH}`;
  return [lineOf({ workload, n: WIDTH, durability: DURABILITY, samplesMs, totalMs, tasks: WIDTH * RUNS })];
}
