/** Shows what an operation comes to, or does it: beside a running `freshet dev`, or alone. */
import { operateDag, operateRun, previewDag, previewRun, type Operated } from "../../shared/app/operate.ts";
import type { DagActView, RunActView } from "../../shared/contract/views.ts";
import { explainDag } from "../../shared/core/dag/explain.ts";
import type { DagId, RunId } from "../../shared/core/ids.ts";
import type { DagAction, RunAction } from "../../shared/core/operation.ts";
import { iso } from "../../shared/core/time.ts";
import type { Invocation } from "../command.ts";
import { reasonOf } from "../given.ts";
import { operator } from "../home/beside.ts";
import type { OpenHome } from "../home/open-home.ts";
import { printJson } from "../output/json.ts";
import { printDagAct, printRunAct } from "../output/operation.ts";

export interface ActOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
}

type Given = Pick<Invocation<ActOptions>, "terminal" | "env" | "json" | "options">;

/** Throws what the use-case throws. */
export async function actOnRun(
  { terminal, env, json, options }: Given,
  { engine, reading, heardBy }: OpenHome,
  runId: RunId,
  action: RunAction,
  latest = false,
): Promise<void> {
  const request = { runId, action, latest, by: operator(env), reason: reasonOf(options.reason) };
  const dryRun = options.dryRun === true;
  const before = dryRun ? undefined : (await engine.runs.load(runId))?.value;
  const operated = dryRun ? await previewRun(reading, request) : await operateRun(engine, request);
  const heard = dryRun ? undefined : await heardBy({ kind: "run", id: runId });
  const version = before?.version ?? operated.run.version;
  const view = runActView(request.by, request.reason, action, operated, { dryRun, version });
  if (json) return printJson(terminal.out, view);
  const dag = (await reading.dags.load(operated.run.dagId))?.value;
  const newer = dag !== undefined && dag.version !== view.version.to;
  printRunAct(terminal.out, view, { heard, dagPaused: dag?.paused?.by, newer });
}

function runActView(
  by: string,
  reason: string,
  action: RunAction,
  { run, operation, migratesTo }: Operated,
  { dryRun, version }: { readonly dryRun: boolean; readonly version: string },
): RunActView {
  return {
    runId: run.runId,
    dagId: run.dagId,
    action: action.type,
    dryRun,
    by,
    reason,
    run: dryRun ? operation.run : { ...operation.run, to: run.state },
    version: { from: version, to: migratesTo ?? version },
    tasks: operation.changes,
    paused: operation.paused,
    resumed: operation.resumed,
  };
}

/** Pauses or resumes a DAG. Throws what the use-case throws. */
export async function actOnDag(
  { terminal, env, json, options }: Given,
  { engine, reading, heardBy }: OpenHome,
  dagId: DagId,
  action: DagAction,
): Promise<void> {
  const request = { dagId, action, by: operator(env), reason: reasonOf(options.reason) };
  const dryRun = options.dryRun === true;
  const dag = dryRun ? await previewDag(reading, request) : await operateDag(engine, request);
  const heard = dryRun ? undefined : await heardBy({ kind: "dag", id: dagId });
  const { manifest } = await reading.versions(dag.version);
  const { nextRun, behindSince } = explainDag(dag, manifest, reading.clock.now());
  const view: DagActView = {
    dagId,
    action: action.type,
    dryRun,
    by: request.by,
    reason: request.reason,
    activeRuns: dag.active.length,
    nextRun: nextRun && iso(nextRun),
    behindSince: behindSince && iso(behindSince),
  };
  if (json) return printJson(terminal.out, view);
  printDagAct(terminal.out, view, heard);
}
