/** The pipelines that are measured, as an author would write them. */
import { hash } from "node:crypto";
import { versionHash } from "../../shared/core/ids.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import { compileModule } from "../../shared/dsl/compile.ts";
import { dag, map, task, type Dag, type Task } from "../../shared/dsl/index.ts";
import type { DagVersion } from "../../shared/ports/dag-store.ts";

/** What every task returns: about 200 bytes as JSON. */
export const OUTPUT = { key: `s3://lake/orders/${"x".repeat(150)}`, rows: 250, sha256: "e3b0c4" };
type Output = typeof OUTPUT;

export interface Graph {
  readonly version: DagVersion;
  /** Tasks of one run. */
  readonly tasks: number;
  /** What a task gives that others are mapped over. */
  readonly items?: readonly number[];
}

const work = async (): Promise<Output> => OUTPUT;

/** Each task takes the output of the one before it. */
export function chain(length: number): Graph {
  const tasks: Task<string, Output>[] = [];
  for (let n = 0; n < length; n++) {
    const before = tasks.at(-1);
    tasks.push(task(`t${n}`, { ...(before === undefined ? {} : { inputs: { before } }), run: work }));
  }
  return graphOf(dag(`chain_${length}`, { tasks }), length);
}

/** One task, then `width` that take its output; with `join` one more that takes all of theirs. */
export function fanOut(width: number, { join }: { readonly join: boolean }): Graph {
  const first = task("first", { run: work });
  const wide = Array.from({ length: width }, (_, n) => task(`wide${n}`, { inputs: { first }, run: work }));
  const inputs = Object.fromEntries(wide.map((upstream) => [upstream.id, upstream]));
  const tasks = [first, ...wide, ...(join ? [task("last", { inputs, run: work })] : [])];
  return graphOf(dag(`fan_out_${width}${join ? "_join" : ""}`, { tasks }), tasks.length);
}

/** A list of so many items, a task that is mapped over it, and one that takes the results. */
export function mapped(width: number): Graph {
  const items = task("items", { run: (): readonly number[] => [] });
  const wide = map("wide", { over: items, limit: width, run: work });
  const last = task("last", { inputs: { wide }, run: work });
  const graph = graphOf(dag(`map_${width}`, { tasks: [last] }), width + 2);
  return { ...graph, items: Array.from({ length: width }, (_, index) => index) };
}

function graphOf(definition: Dag, tasks: number): Graph {
  const { manifests, problems } = compileModule({ file: "bench", exports: { definition }, codeHash: "0".repeat(64) });
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error(`the pipeline does not compile: ${JSON.stringify(problems)}`);
  const version = versionHash(hash("sha256", canonicalJson(manifest)));
  return { version: { version, manifest, bundle: "b".repeat(64) }, tasks };
}
