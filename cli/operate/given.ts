/** What an operator's command line names. */
import type { TaskRef } from "../../shared/core/operation.ts";
import type { DagId, RunId } from "../../shared/core/ids.ts";
import type { Reading } from "../../shared/app/views/runs.ts";
import type { Invocation } from "../command.ts";
import { findRun, requireDag } from "../home/find-run.ts";

/** The rest of the arguments, which are tasks: `load`, or `load[3]` for one instance of a mapped task. */
export function tasksOf(args: Invocation["args"], index: number): readonly TaskRef[] {
  const given = args[index];
  return Array.isArray(given) ? (given as readonly string[]).map(taskRef) : [];
}

/** `load`, or `load[3]`. */
export function taskRef(text: string): TaskRef {
  const match = /^(.+)\[(\d{1,9})\]$/.exec(text);
  return match === null ? { taskId: text, mapIndex: null } : { taskId: match[1] ?? "", mapIndex: Number(match[2]) };
}

export type Target = { readonly kind: "run"; readonly id: RunId } | { readonly kind: "dag"; readonly id: DagId };

/** A name without a dot is a DAG's; anything else names a run. Throws DAG_NOT_FOUND or RUN_NOT_FOUND, with the nearest name. */
export async function targetOf(reading: Reading, text: string): Promise<Target> {
  const run = text.includes(".") || text === "latest" || text.startsWith("latest:");
  return run ? { kind: "run", id: await findRun(reading, text) } : { kind: "dag", id: await requireDag(reading, text) };
}
