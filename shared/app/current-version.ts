import { FreshetError } from "../core/errors.ts";
import type { DagId } from "../core/ids.ts";
import { didYouMean } from "../core/problem.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import type { Engine } from "./engine.ts";

/** The version that a new run of the DAG gets. Throws DAG_NOT_FOUND, with the nearest name. */
export async function currentVersion(engine: Pick<Engine, "dags" | "versions">, id: DagId): Promise<DagVersion> {
  const dag = await engine.dags.load(id);
  if (dag !== undefined && !dag.value.removed) return engine.versions(dag.value.version);
  const known = (await engine.dags.list()).filter((other) => !other.removed).map((other) => other.dagId);
  const there = known.length === 0 ? "no DAG is registered here" : `there are: ${known.join(", ")}`;
  const what = dag === undefined ? `there is no dag '${id}'` : `dag '${id}' has been removed from the source`;
  throw new FreshetError("DAG_NOT_FOUND", `${what}${didYouMean(id, known)}; ${there}`);
}
