/** Why a DAG starts no run just now, for people. */
import { isBackfillOver } from "../../core/backfill/decide.ts";
import { explainDag } from "../../core/dag/explain.ts";
import { FreshetError } from "../../core/errors.ts";
import type { DagId } from "../../core/ids.ts";
import { iso, type Instant } from "../../core/time.ts";
import type { DagWhyView } from "../../contract/views.ts";
import type { Engine } from "../engine.ts";
import { missingRuns } from "./missing.ts";
import { actView, dagView, type Reading } from "./runs.ts";

/** Acts of operators that an explanation names. */
const ACTS_EXPLAINED_MAX = 5;
/** Dates passed over that an explanation names. */
const MISSING_EXPLAINED_MAX = 5;
/** Backfills that are looked through for such as are not over. */
const BACKFILLS_EXPLAINED_MAX = 50;

/** Throws DAG_NOT_FOUND. */
export async function dagWhyView(
  reading: Reading & Pick<Engine, "audit" | "backfills">,
  id: DagId,
  now: Instant,
): Promise<DagWhyView> {
  const dag = (await reading.dags.load(id))?.value;
  if (dag === undefined) throw new FreshetError("DAG_NOT_FOUND", `there is no dag '${id}'`);
  const [version, acts, missing, backfills] = await Promise.all([
    reading.versions(dag.version),
    reading.audit.list({ kind: "dag", id }, ACTS_EXPLAINED_MAX),
    missingRuns(reading, MISSING_EXPLAINED_MAX, id),
    reading.backfills.list({ dagId: id, limit: BACKFILLS_EXPLAINED_MAX }),
  ]);
  const { standing, why, nextRun, behindSince } = explainDag(dag, version.manifest, now);
  return {
    ...dagView(dag, version),
    standing,
    why,
    nextRun: nextRun && iso(nextRun),
    behindSince: behindSince && iso(behindSince),
    active: dag.active.map(({ runId }) => runId),
    missing,
    backfills: backfills.filter((backfill) => !isBackfillOver(backfill)).map(({ backfillId }) => backfillId),
    acts: acts.map(actView),
  };
}
