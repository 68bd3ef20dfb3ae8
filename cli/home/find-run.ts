/** Runs as people name them: by id, by how it begins, or as the latest. */
import { FreshetError } from "../../shared/core/errors.ts";
import { idFault, type DagId, type RunId } from "../../shared/core/ids.ts";
import { didYouMean } from "../../shared/core/problem.ts";
import type { Run } from "../../shared/core/run.ts";
import type { Reading } from "../../shared/app/views/runs.ts";
import { RUN_PAGE_MAX } from "../../shared/ports/run-store.ts";

/** How far back an abbreviated run id is looked for. */
const RUNS_SEARCHED_MAX = 5_000;
/** Runs that a mistyped id is compared with. */
const RUNS_COMPARED_MAX = 200;
/** Runs named in a message. */
const RUNS_NAMED_MAX = 5;

/**
 * The id of the run that `text` names: `latest`, `latest:<dag>`, a whole id, or the beginning of exactly one among the
 * latest. Throws RUN_NOT_FOUND or DAG_NOT_FOUND, with the nearest name, and USAGE for a beginning that several have.
 */
export async function findRun(reading: Reading, text: string): Promise<RunId> {
  if (text === "latest" || text.startsWith("latest:")) return latestRun(reading, text.slice("latest:".length));
  const fault = idFault("run", text.replace(/\.$/, ""));
  if (fault !== undefined) throw new FreshetError("USAGE", `${JSON.stringify(text)} is no run id: it ${fault}`);
  const exact = await reading.runs.load(text as RunId);
  if (exact !== undefined) return exact.value.runId;
  const dot = text.indexOf(".");
  const ids: RunId[] = [];
  for await (const { runId } of newest(reading, dot < 0 ? {} : { dagId: text.slice(0, dot) as DagId })) ids.push(runId);
  const matching = ids.filter((id) => id.startsWith(text));
  const [only, ...others] = matching;
  const isDag = dot < 0 && (await reading.dags.load(text as DagId)) !== undefined;
  if (only === undefined && isDag) return latestRun(reading, text);
  if (only === undefined) throw noSuchRun(text, ids);
  if (others.length === 0) return only;
  const named = matching.slice(0, RUNS_NAMED_MAX).join(", ");
  const more = matching.length > RUNS_NAMED_MAX ? ` and ${matching.length - RUNS_NAMED_MAX} more` : "";
  throw new FreshetError(
    "USAGE",
    `'${text}' is the beginning of ${matching.length} runs: ${named}${more}; give more of it${isDag ? `, or \`latest:${text}\`` : ""}`,
  );
}

const noSuchRun = (text: string, known: readonly RunId[]): FreshetError =>
  new FreshetError(
    "RUN_NOT_FOUND",
    `there is no run '${text}'${didYouMean(text, known.slice(0, RUNS_COMPARED_MAX))}; \`freshet runs\` lists them`,
  );

/** Lists are in the order of what runs cover; the latest is the one that came into being last. */
async function latestRun(reading: Reading, dag: string): Promise<RunId> {
  const ofDag = dag === "" ? {} : { dagId: await requireDag(reading, dag) };
  let latest: Run | undefined;
  for await (const run of newest(reading, ofDag)) {
    if (latest === undefined || run.queuedAt > latest.queuedAt) latest = run;
  }
  if (latest !== undefined) return latest.runId;
  const whose = dag === "" ? "nothing has run here yet" : `dag '${dag}' has not run here yet`;
  throw new FreshetError("RUN_NOT_FOUND", `${whose}; \`freshet run ${dag === "" ? "<dag>" : dag}\` runs it`);
}

/** Runs in the order of the list, as far back as is searched. */
async function* newest(reading: Reading, ofDag: { readonly dagId?: DagId }): AsyncGenerator<Run> {
  let after: string | undefined;
  for (let seen = 0; seen < RUNS_SEARCHED_MAX;) {
    const page = await reading.runs.list({ ...ofDag, limit: RUN_PAGE_MAX, ...(after === undefined ? {} : { after }) });
    yield* page.runs;
    seen += page.runs.length;
    after = page.next;
    if (after === undefined) return;
  }
}

/** Throws DAG_NOT_FOUND for a DAG that was never registered here, with the nearest name. */
export async function requireDag(reading: Reading, dag: string): Promise<DagId> {
  if (idFault("dag", dag) === undefined && (await reading.dags.load(dag as DagId)) !== undefined) return dag as DagId;
  const known = (await reading.dags.list()).map(({ dagId }) => dagId);
  const there =
    known.length === 0 ? "no DAG is registered here yet: `freshet dev` does that" : `there are: ${known.join(", ")}`;
  throw new FreshetError("DAG_NOT_FOUND", `there is no dag '${dag}'${didYouMean(dag, known)}; ${there}`);
}
