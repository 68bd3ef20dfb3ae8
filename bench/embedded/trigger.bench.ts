import { taskId, UNMAPPED } from "../../shared/core/ids.ts";
import { lineOf, type BenchLine } from "../line.ts";
import { DURABILITY, openWorld } from "./world.ts";

export const name = "trigger_to_first_task";

const RUNS = 60;
const DAG = `
import { dag, task } from "freshet";
const first = task("first", { run: () => ({ startedAt: performance.timeOrigin + performance.now() }) });
export default dag("one", { tasks: [first] });
`;

/** From the request for a run to the first line of its first task, in a warm process. */
export async function run(): Promise<readonly BenchLine[]> {
  const world = await openWorld({ "one.dag.ts": DAG });
  await world.runOnce("one");
  const { stores } = world.scheduler;
  const samplesMs: number[] = [];
  const began = performance.now();
  for (let index = 0; index < RUNS; index++) {
    const requestedAt = performance.timeOrigin + performance.now();
    const { runId } = await world.runOnce("one");
    const [item] = await stores.attempts.read([{ runId, taskId: taskId("first"), mapIndex: UNMAPPED, attempt: 1 }]);
    if (item?.status !== "finished" || item.outcome.kind !== "success" || item.outcome.output.kind !== "inline") {
      throw new Error(`the task of '${runId}' did not succeed`);
    }
    const { startedAt } = item.outcome.output.value as { readonly startedAt: number };
    samplesMs.push(startedAt - requestedAt);
  }
  const totalMs = performance.now() - began;
  await world.close();
  return [lineOf({ workload: name, n: 1, durability: DURABILITY, samplesMs, totalMs, tasks: RUNS })];
}
