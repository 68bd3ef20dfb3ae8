/** Executor classes: executors of one kind and size, with a queue of their own. */
import type { Executor, TaskSpec } from "./manifest.ts";

/** `lambda`, `worker`, or with the memory that a task asks for: `lambda-2048`. */
export type ExecutorClass = Executor | `lambda-${number}`;

/** Where a task's attempts go. */
export function executorClassOf({ executor, resources }: Pick<TaskSpec, "executor" | "resources">): ExecutorClass {
  return executor === "lambda" && resources.memoryMb !== null ? `lambda-${resources.memoryMb}` : executor;
}

/** The memory of a class of functions; null: the deployment's default. */
export function memoryOfClass(name: ExecutorClass): number | null {
  const [, memoryMb] = name.split("-");
  return memoryMb === undefined ? null : Number(memoryMb);
}

/** The kind of executor that a class is of. */
export const executorOfClass = (name: ExecutorClass): Executor => (name === "worker" ? "worker" : "lambda");
