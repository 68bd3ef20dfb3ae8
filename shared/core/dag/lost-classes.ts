/** Executor classes that go with a deployment, told before it: `lambda` is always there. */
import { executorClassOf, type ExecutorClass } from "../executor-class.ts";
import type { RunId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";

export interface LostClass {
  readonly executorClass: ExecutorClass;
  /** Active runs of DAGs that ask for it now. */
  readonly inFlight: readonly RunId[];
}

interface Registered {
  readonly manifest: Manifest;
  readonly active: readonly RunId[];
}

/** Those that a registered DAG asks for, and none of `after` does. */
export function lostClasses(before: readonly Registered[], after: readonly Manifest[]): readonly LostClass[] {
  const asked = new Set<ExecutorClass>(["lambda", ...after.flatMap(classesOf)]);
  const lost = [...new Set(before.flatMap(({ manifest }) => classesOf(manifest)))].filter((name) => !asked.has(name));
  return lost.toSorted().map((executorClass) => ({
    executorClass,
    inFlight: before.flatMap(({ manifest, active }) => (classesOf(manifest).includes(executorClass) ? active : [])),
  }));
}

const classesOf = ({ tasks }: Manifest): readonly ExecutorClass[] => tasks.map(executorClassOf);
