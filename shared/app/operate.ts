/** The operator's hand on runs and DAGs: shown first, then done, with an audit entry in the same transaction. */
import { assertNever, FreshetError } from "../core/errors.ts";
import type { DagId, RunId } from "../core/ids.ts";
import type { AuditEntry, DagAction, RunAction, Signature, TaskRef, TaskSelection } from "../core/operation.ts";
import type { DagRecord } from "../core/dag/record.ts";
import type { Run } from "../core/run.ts";
import { atWork, migrate } from "../core/run/migrate.ts";
import type { TaskChange } from "../core/run/changes.ts";
import { judge, type Operation } from "../core/run/operate.ts";
import type { OperationProblem } from "../core/run/select.ts";
import { isRunEnded } from "../core/states.ts";
import { iso } from "../core/time.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import { advanceDag, advanceRun } from "./advance.ts";
import { auditOf } from "./audit-run.ts";
import type { Engine } from "./engine.ts";
import { readChunks } from "./views/instances.ts";
import { patiently } from "./patiently.ts";

type Reading = Pick<Engine, "runs" | "dags" | "versions" | "clock">;

export interface RunRequest extends Signature {
  readonly runId: RunId;
  readonly action: RunAction;
  /** First take the run over to the newest version of its DAG. */
  readonly latest?: boolean;
}

/** What an operation comes to, or came to. */
export interface Operated {
  /** Before it, if it was only shown; else after it. */
  readonly run: Run;
  readonly operation: Operation;
  /** The version that the run is taken over to. */
  readonly migratesTo: string | null;
}

/**
 * What the operation would do to the run as it is now; nothing is changed. Throws RUN_NOT_FOUND, TASK_NOT_FOUND, RUN_ENDED,
 * RUN_ENDING, RUN_IN_FLIGHT, DAG_NOT_FOUND, and NOTHING_TO_DO.
 */
export async function previewRun(reading: Reading, request: RunRequest): Promise<Operated> {
  const stored = await reading.runs.load(request.runId);
  if (stored === undefined) throw noSuchRun(request.runId);
  const { run, operation } = await prepared(reading, stored.value, request);
  const migratesTo = run.version === stored.value.version ? null : run.version;
  return { run: stored.value, operation, migratesTo };
}

/** Does it. Throws as the preview does; what was at work is told to stop, and closed. */
export async function operateRun(engine: Engine, request: RunRequest): Promise<Operated> {
  const { runId, action, by, reason } = request;
  let known: Pick<Operated, "operation" | "migratesTo"> | undefined;
  const run = await patiently(engine, () =>
    advanceRun(engine, runId, [{ ...action, by, reason }], {
      prepare: async (before) => {
        const ready = await prepared(engine, before, request);
        known = {
          operation: ready.operation,
          migratesTo: ready.run.version === before.version ? null : ready.run.version,
        };
        return ready.run;
      },
      audit: async (before, after) => {
        const versions = await Promise.all([engine.versions(before.version), engine.versions(after.version)]);
        const changes = known?.operation.changes ?? [];
        return auditOfRun(request, [before, after], versions, { changes, at: engine.clock.now() });
      },
    }),
  );
  if (run === undefined || known === undefined) throw noSuchRun(runId);
  return { run, ...known };
}

const noSuchRun = (id: RunId): FreshetError =>
  new FreshetError("RUN_NOT_FOUND", `there is no run '${id}'; \`freshet runs\` lists them`);

/** The run as it is to be changed, and what comes of that. */
async function prepared(
  reading: Reading,
  before: Run,
  { action, by, reason, latest = false }: RunRequest,
): Promise<{ readonly run: Run; readonly operation: Operation }> {
  const run = latest ? await takenOver(reading, before) : before;
  const { manifest } = await reading.versions(run.version);
  const wide = run.tasks.expansions.some(({ chunks }) => chunks !== undefined);
  const chunks = wide ? await readChunks(reading, run) : undefined;
  const operation = judge(run, manifest, { ...action, by, reason }, reading.clock.now(), chunks);
  if (operation.problems.length > 0) throw refused(operation.problems);
  if (isRunEnded(run.state) && !isRunEnded(operation.run.to)) await requireDag(reading, run);
  return { run, operation };
}

function refused(problems: readonly OperationProblem[]): FreshetError {
  const [first] = problems;
  return new FreshetError(first?.code ?? "NOTHING_TO_DO", problems.map(({ message }) => message).join("\n"));
}

async function requireDag({ dags }: Reading, { runId, dagId }: Run): Promise<DagRecord> {
  const dag = (await dags.load(dagId))?.value;
  if (dag !== undefined && !dag.removed) return dag;
  const text = `dag '${dagId}' has been removed from the source: nothing would start run '${runId}' again; put its file back first`;
  throw new FreshetError("DAG_NOT_FOUND", text);
}

async function takenOver(reading: Reading, run: Run): Promise<Run> {
  const dag = await requireDag(reading, run);
  if (dag.version === run.version) return run;
  const [from, to] = await Promise.all([reading.versions(run.version), reading.versions(dag.version)]);
  const busy = atWork(run, from.manifest);
  if (busy.length > 0) {
    const text = `run '${run.runId}' cannot be taken over to the newest version while ${namesOf(busy)} may be at work: \`freshet pause\` it and wait for them, or cancel it first`;
    throw new FreshetError("RUN_IN_FLIGHT", text);
  }
  return migrate(run, from.manifest, to.manifest, to.version);
}

/** Names in a message at the most. */
const NAMED_MAX = 5;
const namesOf = (names: readonly string[]): string => {
  const distinct = [...new Set(names)];
  const more = distinct.length > NAMED_MAX ? ` and ${distinct.length - NAMED_MAX} more` : "";
  return `${distinct
    .slice(0, NAMED_MAX)
    .map((name) => `'${name}'`)
    .join(", ")}${more}`;
};

const auditOfRun = (
  { runId, action, by, reason, latest = false }: RunRequest,
  runs: readonly [Run, Run],
  versions: readonly [DagVersion, DagVersion],
  { changes, at }: { readonly changes: readonly TaskChange[]; readonly at: AuditEntry["at"] },
): AuditEntry => {
  const asked = `${actionText(action)}${latest ? " --latest" : ""}`;
  return auditOf({ runId, by, reason, at, action: asked }, runs, versions, changes);
};

/** The action as it is asked for on a command line. */
function actionText(action: RunAction): string {
  switch (action.type) {
    case "clear":
      return ["clear", ...selectionWords(action.selection)].join(" ");
    case "mark":
      return ["mark", action.to, ...selectionWords(action.selection)].join(" ");
    case "retry_now":
      return ["retry", ...selectionWords(action.selection)].join(" ");
    case "pause":
    case "resume":
      return [action.type, ...action.tasks.map(refText)].join(" ");
    case "cancel":
      return "cancel";
    default:
      return assertNever(action);
  }
}

const selectionWords = ({ tasks, upstream, downstream, onlyFailed }: TaskSelection): readonly string[] => [
  ...tasks.map(refText),
  ...(upstream ? ["--upstream"] : []),
  ...(downstream ? ["--downstream"] : []),
  ...(onlyFailed ? ["--failed"] : tasks.length === 0 ? ["--all"] : []),
];
const refText = ({ taskId, mapIndex }: TaskRef): string => (mapIndex === null ? taskId : `${taskId}[${mapIndex}]`);

export interface DagRequest extends Signature {
  readonly dagId: DagId;
  readonly action: DagAction;
}

/** The DAG as it is. Throws DAG_NOT_FOUND, and NOTHING_TO_DO if it is so already. */
export async function previewDag({ dags }: Pick<Engine, "dags">, { dagId, action }: DagRequest): Promise<DagRecord> {
  const stored = await dags.load(dagId);
  if (stored === undefined) throw new FreshetError("DAG_NOT_FOUND", `there is no dag '${dagId}'`);
  refuseSame(stored.value, action);
  return stored.value;
}

/** Pauses or resumes a DAG. Throws as the preview does. */
export async function operateDag(engine: Engine, request: DagRequest): Promise<DagRecord> {
  const { dagId, action, by, reason } = request;
  const dag = await patiently(engine, () =>
    advanceDag(engine, dagId, [{ ...action, by, reason }], {
      prepare: async (before) => {
        refuseSame(before, action);
        return before;
      },
      audit: async (before, after) => ({
        subject: { kind: "dag", id: dagId },
        at: engine.clock.now(),
        by,
        reason,
        action: action.type,
        before: { paused: before.paused !== null },
        after: { paused: after.paused !== null },
      }),
    }),
  );
  if (dag === undefined) throw new FreshetError("DAG_NOT_FOUND", `there is no dag '${dagId}'`);
  return dag;
}

function refuseSame({ dagId, paused }: DagRecord, { type }: DagAction): void {
  if ((type === "pause") !== (paused !== null)) return;
  const text =
    paused === null
      ? `dag '${dagId}' is not paused`
      : `dag '${dagId}' is paused already, by ${paused.by} since ${iso(paused.at)}`;
  throw new FreshetError("NOTHING_TO_DO", text);
}
