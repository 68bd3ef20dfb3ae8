import { lineOf, type BenchLine } from "../line.ts";
import { DURABILITY, fanOutDag, openWorld } from "./world.ts";

export const name = "fan_out";

const WIDTHS = [
  { width: 200, runs: 30 },
  { width: 2_000, runs: 10 },
] as const;

/** Runs of tasks that wait for nothing: p50 and p99 are of whole runs. */
export async function run(): Promise<readonly BenchLine[]> {
  const files = Object.fromEntries(WIDTHS.map(({ width }) => [`fan_out_${width}.dag.ts`, fanOutDag(width)]));
  const world = await openWorld(files);
  const lines: BenchLine[] = [];
  for (const { width, runs } of WIDTHS) {
    await world.runOnce(`fan_out_${width}`);
    const samplesMs: number[] = [];
    for (let index = 0; index < runs; index++) samplesMs.push((await world.runOnce(`fan_out_${width}`)).ms);
    const totalMs = samplesMs.reduce((sum, ms) => sum + ms, 0);
    const workload = `fan_out_${width}`;
    lines.push(lineOf({ workload, n: width, durability: DURABILITY, samplesMs, totalMs, tasks: width * runs }));
  }
  await world.close();
  return lines;
}
