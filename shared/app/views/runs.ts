/** Reads for people: lists of runs and tasks, and why they are as they are. Two round trips at the most, whatever is asked. */
import type { AttemptItem, StoredAttempt } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import { UNMAPPED, dagOfRun, type PoolId, type RunId } from "../../core/ids.ts";
import { planOf } from "../../core/plan.ts";
import type { Pool } from "../../core/pool/record.ts";
import { didYouMean } from "../../core/problem.ts";
import type { StoredAudit } from "../../core/operation.ts";
import type { Pause, Run, TaskDetail } from "../../core/run.ts";
import type { ChildReading } from "../../core/run/explain-child.ts";
import { explainDeadline } from "../../core/run/explain-deadline.ts";
import { explainRun, explainTask, heldText, shownState } from "../../core/run/explain.ts";
import type { InstanceCounts } from "../../core/run/instances.ts";
import { pauseOfRun } from "../../core/run/pauses.ts";
import { scheduleText } from "../../core/schedule/schedule.ts";
import type { TaskState } from "../../core/states.ts";
import { iso, type Instant } from "../../core/time.ts";
import type { DagView, InstancesView, PauseView, RunView, TaskView, WhyView } from "../../contract/views.ts";
import type { DagRecord } from "../../core/dag/record.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import type { Engine } from "../engine.ts";
import { instanceCounts, readChunks } from "./instances.ts";
import { poolsAwaited } from "../pools.ts";

export type Reading = Pick<Engine, "runs" | "dags" | "pools" | "attempts" | "versions" | "clock">;

const isoOrNull = (at: Instant | null | undefined): string | null => (at === null || at === undefined ? null : iso(at));

export const runView = (run: Run): RunView => ({
  runId: run.runId,
  dagId: run.dagId,
  runType: run.runType,
  parent: parentOf(run),
  state: run.state,
  degraded: run.degraded,
  logicalDate: isoOrNull(run.logicalDate),
  dataInterval:
    run.dataInterval === null ? null : { start: iso(run.dataInterval.start), end: iso(run.dataInterval.end) },
  partial: run.partial === true,
  queuedAt: iso(run.queuedAt),
  startedAt: isoOrNull(run.startedAt),
  endedAt: isoOrNull(run.endedAt),
  epoch: run.epoch,
  paused: pauseView(pauseOfRun(run)),
  pausedTasks: run.pauses.flatMap(({ taskId }) => taskId ?? []),
  deadlines: (run.deadlines ?? []).map(({ name, at, missedAt }) => ({
    name,
    at: iso(at),
    missedAt: isoOrNull(missedAt),
  })),
});

/** An act without the states around it. */
export const actView = ({ subject, at, before: _before, after: _after, ...act }: StoredAudit) => ({
  ...subject,
  ...act,
  at: iso(at),
});

const pauseView = (pause: Pause | undefined): PauseView | null =>
  pause === undefined ? null : { by: pause.by, reason: pause.reason, at: iso(pause.at) };

function parentOf({ origin }: Run): RunView["parent"] {
  if (origin.kind !== "child") return null;
  const { runId, taskId, attempt } = origin.parent;
  return { runId, taskId, attempt };
}

export function dagView(dag: DagRecord, { manifest }: DagVersion): DagView {
  const { schedule, triggers } = manifest;
  return {
    dagId: dag.dagId,
    description: manifest.description,
    schedule: schedule === null ? null : scheduleText(schedule),
    triggers: triggers.map(({ bucket, prefix, suffix }) => `s3://${bucket}/${prefix}*${suffix}`),
    paused: dag.paused !== null,
    pausedBy: dag.paused?.by ?? null,
    pausedAt: isoOrNull(dag.paused?.at ?? null),
    pausedReason: dag.paused?.reason ?? null,
    removed: dag.removed,
    nextRun: isoOrNull(dag.removed ? null : dag.nextFire),
    activeRuns: dag.active.length,
    version: dag.version,
    owner: manifest.owner,
    tags: manifest.tags,
  };
}

export async function listDags(reading: Reading): Promise<readonly DagView[]> {
  const dags = await reading.dags.list();
  return Promise.all(dags.map(async (dag) => dagView(dag, await reading.versions(dag.version))));
}

export interface RunReading {
  readonly run: Run;
  readonly version: DagVersion;
  readonly attempts: readonly StoredAttempt[];
  /** The child runs that its tasks wait for, with their DAGs. */
  readonly children?: ReadonlyMap<RunId, ChildReading>;
  /** Pools that its tasks wait for slots of. */
  readonly pools?: ReadonlyMap<PoolId, Pool>;
  /** The records that hold the instances of wide maps. */
  readonly chunks?: ReadonlyMap<RunId, Run>;
  /** The run's DAG, and what operators did to the run; only where somebody asks why. */
  readonly dag?: DagRecord | undefined;
  readonly acts?: readonly StoredAudit[];
}

/** Acts of operators that an explanation names. */
const ACTS_EXPLAINED_MAX = 5;

/** A run with all that explains it, in two round trips. Throws RUN_NOT_FOUND, with the nearest of the latest runs. */
export async function readRunToExplain(reading: Reading & Pick<Engine, "audit">, id: RunId): Promise<RunReading> {
  const [read, acts, dag] = await Promise.all([
    readRun(reading, id),
    reading.audit.list({ kind: "run", id }, ACTS_EXPLAINED_MAX),
    reading.dags.load(dagOfRun(id)),
  ]);
  return { ...read, acts, dag: dag?.value };
}

/** A run with all of its attempts. Throws RUN_NOT_FOUND, with the nearest of the latest runs. */
export async function readRun(reading: Reading, id: RunId): Promise<RunReading> {
  const [stored, attempts] = await Promise.all([reading.runs.load(id), reading.attempts.list(id)]);
  if (stored === undefined) {
    const { runs } = await reading.runs.list({ limit: RUNS_SUGGESTED_FROM });
    const known = runs.map((run) => run.runId);
    throw new FreshetError(
      "RUN_NOT_FOUND",
      `there is no run '${id}'${didYouMean(id, known)}; \`freshet runs\` lists them`,
    );
  }
  const run = stored.value;
  const waited = (run.pools ?? []).filter(({ told }) => told !== null && told.next !== null).map(({ pool }) => pool);
  const [version, children, pools, chunks] = await Promise.all([
    reading.versions(run.version),
    readChildren(reading, run),
    poolsAwaited(reading, waited),
    readChunks(reading, run),
  ]);
  return { run, version, attempts, children, pools, chunks };
}

async function readChildren(reading: Reading, run: Run): Promise<ReadonlyMap<RunId, ChildReading>> {
  const ids = run.tasks.details.flatMap((detail) => detail?.child ?? []).slice(0, CHILDREN_READ_MAX);
  const read = ids.map(async (id): Promise<[RunId, ChildReading]> => {
    const [child, dag] = await Promise.all([reading.runs.load(id), reading.dags.load(dagOfRun(id))]);
    return [id, { run: child?.value ?? null, dag: dag?.value ?? null }];
  });
  return new Map(await Promise.all(read));
}

/** Child runs looked at to tell what a run waits for. */
const CHILDREN_READ_MAX = 50;

/** A mistyped run id is compared with so many of the latest. */
const RUNS_SUGGESTED_FROM = 100;

/** The DAG's tasks in its order; of hooks those that were fired. */
export function taskViews(reading: RunReading): readonly TaskView[] {
  const { run, version, attempts } = reading;
  const plan = planOf(version.manifest);
  const current = currentItems(run, attempts);
  return plan.tasks.flatMap(({ slot, spec, hook }) => {
    const attempt = run.tasks.attempts[slot] ?? 0;
    if (hook !== null && attempt === 0) return [];
    const item = current(spec.taskId, attempt);
    const detail = run.tasks.details[slot];
    const error = item?.status === "finished" && item.outcome.kind === "failed" ? item.outcome.error : undefined;
    return {
      taskId: spec.taskId,
      mapIndex: null,
      mapKey: null,
      instances: instancesView(instanceCounts(reading, slot)),
      state: shownState(run, slot, item),
      attempt,
      startedAt: item !== null && "startedAt" in item ? iso(item.startedAt) : null,
      endedAt: item !== null && "endedAt" in item ? iso(item.endedAt) : null,
      cause:
        heldText(run, slot, plan) ??
        detail?.cause?.text ??
        (error === undefined ? null : `${error.name}: ${error.message}`),
      childRunId: childRunOf(detail, item),
    };
  });
}

function instancesView(counts: InstanceCounts | undefined): InstancesView | null {
  if (counts === undefined) return null;
  const { success, failed, skipped, atWork, waiting } = counts;
  const open = atWork + waiting;
  return { total: success + failed + skipped + open, success, failed, skipped, open };
}

/** A task tells its child run's id as its output. */
function childRunOf(detail: TaskDetail | undefined, item: AttemptItem | null): string | null {
  if (detail?.child !== undefined) return detail.child;
  const cause = detail?.cause;
  if (cause !== undefined && "name" in cause && cause.name === "ChildRunRefused") return null;
  if (item?.status !== "finished" || item.outcome.kind !== "success" || item.outcome.child === undefined) return null;
  const { output } = item.outcome;
  const runId = output.kind === "inline" ? (output.value as { readonly runId?: unknown } | null)?.runId : undefined;
  return typeof runId === "string" ? runId : null;
}

function currentItems(
  run: Run,
  attempts: readonly StoredAttempt[],
): (taskId: string, attempt: number) => AttemptItem | null {
  const items = new Map(attempts.map(({ key, item }) => [`${key.taskId}#${key.mapIndex}#${key.attempt}`, item]));
  return (taskId, attempt) => items.get(`${taskId}#${UNMAPPED}#${attempt}`) ?? null;
}

/** Why the run, and each task or the one named, is as it is. Throws TASK_NOT_FOUND, with the nearest name. */
export function whyView(reading: RunReading, now: Instant, task?: string): WhyView {
  const { run, version, attempts, children, dag, acts = [] } = reading;
  const plan = planOf(version.manifest);
  const current = currentItems(run, attempts);
  if (task !== undefined) requireTask(reading, task);
  const tasks = plan.tasks.filter(({ slot, spec, hook }) =>
    task === undefined ? hook === null || (run.tasks.attempts[slot] ?? 0) > 0 : spec.taskId === task,
  );
  return {
    runId: run.runId,
    state: run.state,
    why: explainRun(run, version.manifest, now, dag?.paused ?? null),
    deadlines: deadlinesWhy(reading, now, current),
    acts: acts.map(actView),
    tasks: tasks.map(({ slot, spec }) => {
      const item = current(spec.taskId, run.tasks.attempts[slot] ?? 0);
      const detail = run.tasks.details[slot];
      const child = detail?.child === undefined ? undefined : children?.get(detail.child);
      const others = { child, pools: reading.pools, instances: instanceCounts(reading, slot) };
      const { since, nextLook, ...rest } = explainTask(run, version.manifest, slot, item, now, others);
      const childRunId = childRunOf(detail, item);
      return { ...rest, since: isoOrNull(since), nextLook: isoOrNull(nextLook), childRunId };
    }),
  };
}

function deadlinesWhy(
  { run, version: { manifest } }: RunReading,
  now: Instant,
  current: ReturnType<typeof currentItems>,
): WhyView["deadlines"] {
  const { tasks } = planOf(manifest);
  const shown = (slot: number): TaskState =>
    shownState(run, slot, current(tasks[slot]?.spec.taskId ?? "", run.tasks.attempts[slot] ?? 0));
  return (run.deadlines ?? []).map((deadline) => {
    const { at, missedAt, ...rest } = explainDeadline(run, manifest, deadline, now, shown);
    return { ...rest, at: iso(at), missedAt: isoOrNull(missedAt) };
  });
}

/** Throws TASK_NOT_FOUND, with the nearest name. */
export function requireTask({ run, version }: Pick<RunReading, "run" | "version">, task: string): void {
  const plan = planOf(version.manifest);
  if (plan.slotOf.has(task)) return;
  const known = version.manifest.tasks.map((spec) => spec.taskId);
  const text = `dag '${run.dagId}' has no task '${task}'${didYouMean(task, known)}; it has ${known.join(", ")}`;
  throw new FreshetError("TASK_NOT_FOUND", text);
}
