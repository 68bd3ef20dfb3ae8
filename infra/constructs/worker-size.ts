/** How large a worker is: the smallest that Fargate has for what the tasks ask for. */
import type { CompiledRelease } from "../compile.ts";

/** CPU units by the memory that goes with them, in MB: from, to, step. */
const FARGATE: readonly (readonly [cpuUnits: number, from: number, to: number, step: number])[] = [
  [256, 512, 2_048, 512],
  [512, 1_024, 4_096, 1_024],
  [1_024, 2_048, 8_192, 1_024],
  [2_048, 4_096, 16_384, 1_024],
  [4_096, 8_192, 30_720, 1_024],
  [8_192, 16_384, 61_440, 4_096],
  [16_384, 32_768, 122_880, 8_192],
];
const UNITS_OF_CPU = 1_024;
/** Of a task that does not say. */
const TASK_MEMORY_MB = 1_024;
const TASK_CPU = 0.5;
/** Node itself, the clients, and what a task holds outside of its JavaScript. */
const SPARE_MB = 512;

export interface WorkerSize {
  readonly cpuUnits: number;
  readonly memoryMb: number;
  /** What the JavaScript of one attempt may take. */
  readonly taskMemoryMb: number;
}

/** Large enough for as many of the largest tasks as run at once. Throws if Fargate has nothing of that size. */
export function workerSize({ release }: CompiledRelease, slots: number): WorkerSize {
  const asked = release.dags.flatMap(({ manifest }) =>
    manifest.tasks
      .filter(({ executor }) => executor === "worker")
      .map(({ taskId, resources }) => ({ dag: manifest.dagId, taskId, ...resources })),
  );
  // None asks, if the class is only kept.
  const asking = asked.length === 0 ? [{ memoryMb: null, cpu: null }] : asked;
  const taskMemoryMb = Math.max(...asking.map(({ memoryMb }) => memoryMb ?? TASK_MEMORY_MB));
  const taskCpu = Math.max(...asking.map(({ cpu }) => cpu ?? TASK_CPU));
  const needed = { memoryMb: taskMemoryMb * slots + SPARE_MB, cpuUnits: taskCpu * slots * UNITS_OF_CPU };
  for (const [cpuUnits, from, to, step] of FARGATE) {
    if (cpuUnits < needed.cpuUnits || to < needed.memoryMb) continue;
    const memoryMb = Math.max(from, Math.ceil(needed.memoryMb / step) * step);
    return { cpuUnits, memoryMb, taskMemoryMb };
  }
  const largest = asked.find(({ memoryMb, cpu }) => memoryMb === taskMemoryMb || cpu === taskCpu);
  throw new Error(
    `dag '${largest?.dag}': task '${largest?.taskId}' and others on workers ask for ${taskMemoryMb} MB and ${taskCpu} CPUs, ` +
      `${slots} at once: a worker would need ${needed.memoryMb} MB, and Fargate has 122880 MB and 16 CPUs at the most; ask for ` +
      "less, or set `slots` of the environment's workers to 1",
  );
}
