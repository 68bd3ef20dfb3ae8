/** Definitions, right and wrong, and what compiling them gives. */
import { compileModule } from "../../shared/dsl/compile.ts";
import { dag, task } from "../../shared/dsl/index.ts";
import type { Dag, Task } from "../../shared/dsl/index.ts";
import type { Manifest, TaskSpec } from "../../shared/core/manifest.ts";
import type { Problem } from "../../shared/core/problem.ts";

/** A value where the types would refuse it. */
export const loose = (value: unknown): never => value as never;

export const work = (id: string, options: object = {}): Task => task<string>(id, loose({ run: () => {}, ...options }));

/** The DAG `sales`; without options it has one task, `load`. */
export const sales = (options: object = {}): Dag => dag("sales", loose({ tasks: [work("load")], ...options }));

/** Of a file that exports these values. */
export const problemsIn = (...exported: readonly unknown[]): readonly Problem[] =>
  compileModule({ file: "sales.dag.ts", exports: Object.fromEntries(exported.entries()) }).problems;

/** Code and message of the one problem that the DAG has. */
export function problemOf(pipeline: Dag): string {
  const [problem, ...others] = problemsIn(pipeline);
  if (problem === undefined || others.length > 0) {
    throw new Error(`expected one problem: ${JSON.stringify([problem, ...others])}`);
  }
  return `${problem.code} ${problem.message}`;
}

/** Of a DAG without problems. */
export function manifestOf(pipeline: Dag): Manifest {
  const { manifests, problems } = compileModule({ file: "sales.dag.ts", exports: { default: pipeline } });
  const [manifest] = manifests;
  if (manifest === undefined || problems.length > 0)
    throw new Error(`expected no problem: ${JSON.stringify(problems)}`);
  return manifest;
}

/** The task `load` with these options, in a DAG with those. */
export function taskSpecOf(options: object, ofDag: object = {}): TaskSpec {
  const [spec] = manifestOf(sales({ ...ofDag, tasks: [work("load", options)] })).tasks;
  if (spec === undefined) throw new Error("no task");
  return spec;
}
