/** A period in numbers. */
import type { Manifest } from "../../core/manifest.ts";
import type { RunState } from "../../core/states.ts";
import { deadlineTotals } from "./deadlines.ts";
import { lengthOf, quantile } from "./paths.ts";
import type { PoolTotals, SimulatedRun, SimulatedTask, SimulatedTotals, TaskTotals } from "./result.ts";

export function totalsOf(
  manifest: Manifest,
  runs: readonly SimulatedRun[],
  seen: Pick<SimulatedTotals, "activeRunsMax" | "passedOver">,
  poolWaits: ReadonlyMap<string, readonly number[]>,
): SimulatedTotals {
  const { tasks: specs, pools } = manifest;
  const ofTask = Map.groupBy(
    runs.flatMap(({ tasks }) => tasks),
    ({ taskId }) => taskId,
  );
  const tasks = specs.map(({ taskId }) => taskTotals(taskId, ofTask.get(taskId) ?? []));
  const lengths = runs.map(lengthOf).toSorted((a, b) => a - b);
  const count = (state: RunState): number => runs.filter((run) => run.state === state).length;
  const sum = (of: (task: TaskTotals) => number): number => tasks.reduce((total, task) => total + of(task), 0);
  return {
    runs: runs.length,
    states: { success: count("success"), failed: count("failed"), cancelled: count("cancelled") },
    degraded: runs.filter(({ degraded }) => degraded).length,
    ...seen,
    attempts: sum((task) => task.attempts),
    retries: sum((task) => task.retries),
    lost: sum((task) => task.lost),
    timeouts: sum((task) => task.timeouts),
    lengthMs: { median: quantile(lengths, 0.5), p90: quantile(lengths, 0.9), longest: lengths.at(-1) ?? 0 },
    waitMsMax: runs.reduce((most, run) => Math.max(most, waitOf(run)), 0),
    tasks,
    pools: pools.map(({ pool, slots }) => poolTotals(pool, slots, poolWaits.get(pool) ?? [])),
    deadlines: deadlineTotals(manifest, runs),
  };
}

function poolTotals(name: string, slots: number, waits: readonly number[]): PoolTotals {
  const sorted = waits.toSorted((a, b) => a - b);
  return { name, slots, waits: waits.length, medianMs: quantile(sorted, 0.5), longestMs: sorted.at(-1) ?? 0 };
}

const waitOf = ({ dueAt, startedAt }: SimulatedRun): number =>
  startedAt === null ? 0 : Date.parse(startedAt) - Date.parse(dueAt);

function taskTotals(taskId: string, instances: readonly SimulatedTask[]): TaskTotals {
  const states: Record<string, number> = {};
  const totals = { attempts: 0, retries: 0, lost: 0, timeouts: 0 };
  const mapped = instances.some(({ mapIndex }) => mapIndex !== null);
  for (const { state, attempts, mapIndex } of instances) {
    if (mapped && mapIndex === null) continue; // It stands for its instances.
    states[state] = (states[state] ?? 0) + 1;
    const lost = attempts.filter(({ ended }) => ended === "lost").length;
    totals.attempts += attempts.length;
    totals.lost += lost;
    totals.retries += Math.max(0, attempts.length - lost - 1);
    totals.timeouts += attempts.filter(({ cause }) => cause?.startsWith("TaskTimeout") === true).length;
  }
  return { taskId, states, ...totals };
}
