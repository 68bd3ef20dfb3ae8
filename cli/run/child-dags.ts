/** The DAGs that a run may start runs of: one process runs them all. */
import { FreshetError } from "../../shared/core/errors.ts";
import type { DagLoader } from "../load/loader.ts";
import type { LoadedDag } from "../load/result.ts";
import { findDag, likelyFiles } from "./find-dag.ts";

/** Those that can be found; a task that names another one is refused with its cause when it runs. */
export async function childDags(loader: DagLoader, dagsDir: string, root: LoadedDag): Promise<readonly LoadedDag[]> {
  const found = new Map<string, LoadedDag | undefined>([[root.manifest.dagId, root]]);
  const open = [root];
  for (let dag = open.pop(); dag !== undefined; dag = open.pop()) {
    for (const { child } of dag.manifest.tasks) {
      if (child === null || found.has(child.dagId)) continue;
      const loaded = await find(loader, dagsDir, child.dagId);
      found.set(child.dagId, loaded);
      if (loaded !== undefined) open.push(loaded);
    }
  }
  return [...found.values()].flatMap((dag) => (dag === undefined || dag === root ? [] : [dag]));
}

async function find(loader: DagLoader, dagsDir: string, dagId: string): Promise<LoadedDag | undefined> {
  try {
    return (await findDag(loader, await likelyFiles(dagsDir, dagId), dagId)).dag;
  } catch (error) {
    if (error instanceof FreshetError && error.code === "DAG_NOT_FOUND") return undefined;
    throw error;
  }
}
