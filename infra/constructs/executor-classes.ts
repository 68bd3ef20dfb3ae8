/** Which executors a deployment needs, and what Lambda cannot be asked for. */
import { executorClassOf, type ExecutorClass } from "../../shared/core/executor-class.ts";
import type { CompiledRelease } from "../compile.ts";

/** Memory of a function, in MB. */
const MEMORY_MB_MIN = 128;
const MEMORY_MB_MAX = 10_240;

const outside = (memoryMb: number): boolean => memoryMb < MEMORY_MB_MIN || memoryMb > MEMORY_MB_MAX;

/** Executor classes in use and those to be kept, the default one always: a deployment without DAGs is one too. Throws what cannot be had. */
export function classesOf({ release }: CompiledRelease, kept: readonly ExecutorClass[] = []): readonly ExecutorClass[] {
  const classes = new Set<ExecutorClass>(["lambda", ...kept]);
  const faults: string[] = [];
  for (const { manifest } of release.dags) {
    for (const task of manifest.tasks) {
      const { memoryMb } = task.resources;
      const where = `dag '${manifest.dagId}': task '${task.taskId}'`;
      if (task.executor === "lambda" && memoryMb !== null && outside(memoryMb)) {
        faults.push(`${where} asks for ${memoryMb} MB; a function on Lambda has ${MEMORY_MB_MIN} to ${MEMORY_MB_MAX}`);
      }
      classes.add(executorClassOf(task));
    }
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return [...classes].toSorted();
}
