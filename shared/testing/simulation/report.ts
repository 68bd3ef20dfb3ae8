/** Makes the report of a period that has passed. */
import { taskViews } from "../../app/views/runs.ts";
import type { AttemptItem, StoredAttempt } from "../../core/attempt.ts";
import { UNMAPPED } from "../../core/ids.ts";
import type { TaskView } from "../../contract/views.ts";
import type { Run } from "../../core/run.ts";
import { iso, type Instant } from "../../core/time.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { deadlinesIn } from "./deadlines.ts";
import { commonPaths, pathOf } from "./paths.ts";
import type { Period } from "./period.ts";
import type { SimulatedAttempt, SimulatedRun, SimulatedTask, Simulation } from "./result.ts";
import { totalsOf } from "./totals.ts";
import type { CalmWorld } from "./world.ts";

export function reportOf(period: Period, version: DagVersion, world: CalmWorld): Simulation {
  const { manifest, seed, from, until, firings } = period;
  const records = [...world.database.runs.rows.values()].map(({ value }) => value);
  const parts = Map.groupBy(records, ({ runId, origin }) => (origin.kind === "chunk" ? origin.parent : runId));
  const dues = new Map<Instant | null, Instant>(firings.map(({ logicalDate, due }) => [logicalDate, due]));
  const runs = records
    .filter((run) => !isPart(run))
    .toSorted((a, b) => a.queuedAt - b.queuedAt)
    .map((run) =>
      runOf(run, dues.get(run.logicalDate) ?? run.queuedAt, version, attemptsOf(world, parts.get(run.runId) ?? [])),
    );
  const dates = new Set(runs.map(({ logicalDate }) => logicalDate));
  const passedOver = firings
    .map(({ logicalDate, due }) => ({ logicalDate: iso(logicalDate), due: iso(due) }))
    .filter(({ logicalDate }) => !dates.has(logicalDate));
  return {
    dagId: manifest.dagId,
    seed,
    from: iso(from),
    to: iso(until),
    runs,
    totals: totalsOf(
      manifest,
      runs,
      { activeRunsMax: world.recorder.activeRunsMax(), passedOver: passedOver.length },
      world.recorder.poolWaits,
    ),
    longestPaths: commonPaths(runs),
    passedOver,
  };
}

/** A wide map is held in several records: those are parts of their run. */
const isPart = ({ origin }: Run): boolean => origin.kind === "chunk";

const attemptsOf = ({ recorder }: CalmWorld, parts: readonly Run[]): readonly StoredAttempt[] =>
  parts.flatMap(({ runId }) => [...(recorder.attempts.get(runId)?.values() ?? [])]);

const isoOrNull = (at: Instant | null): string | null => (at === null ? null : iso(at));

function runOf(run: Run, dueAt: Instant, version: DagVersion, attempts: readonly StoredAttempt[]): SimulatedRun {
  const { runId, runType, state, degraded, dataInterval } = run;
  const ofTask = Map.groupBy(attempts, ({ key }) => key.taskId as string);
  const tasks = taskViews({ run, version, attempts })
    .filter(({ mapIndex }) => mapIndex === null)
    .flatMap((view) => withInstances(view, ofTask.get(view.taskId) ?? []));
  return {
    runId,
    runType,
    logicalDate: isoOrNull(run.logicalDate),
    dataInterval: dataInterval === null ? null : { start: iso(dataInterval.start), end: iso(dataInterval.end) },
    state,
    degraded,
    cause: run.cause?.text ?? null,
    dueAt: iso(dueAt),
    startedAt: isoOrNull(run.startedAt),
    endedAt: isoOrNull(run.endedAt),
    deadlines: deadlinesIn(run, version.manifest, dueAt),
    tasks,
    longestPath: pathOf(version.manifest, tasks),
  };
}

/** A task with what it tried; a mapped one followed by its instances, those that were tried at all. */
function withInstances(view: TaskView, attempts: readonly StoredAttempt[]): readonly SimulatedTask[] {
  const byIndex = [...Map.groupBy(attempts, ({ key }) => key.mapIndex)].toSorted(([a], [b]) => a - b);
  const own = attempts.filter(({ key }) => key.mapIndex === UNMAPPED).flatMap(attemptOf);
  const instances = byIndex
    .filter(([index]) => index !== UNMAPPED)
    .map(([index, some]) => instanceOf(view, index, some));
  return [{ ...view, attempts: own }, ...instances];
}

function instanceOf(view: TaskView, mapIndex: number, stored: readonly StoredAttempt[]): SimulatedTask {
  const attempts = stored.flatMap(attemptOf);
  const last = attempts.at(-1);
  return {
    ...view,
    mapIndex,
    state: last?.ended === "success" || last?.ended === "skipped" ? last.ended : "failed",
    attempt: last?.attempt ?? 0,
    startedAt: last?.startedAt ?? null,
    endedAt: last?.endedAt ?? null,
    cause: last?.cause ?? null,
    childRunId: null,
    attempts,
  };
}

function attemptOf({ key: { attempt }, item }: StoredAttempt): readonly SimulatedAttempt[] {
  if (item.status === "running" || item.status === "revoked") return []; // None of its code ran to an end.
  const times = { attempt, startedAt: iso(item.startedAt), endedAt: iso(item.endedAt) };
  return [{ ...times, ...endOf(item) }];
}

function endOf(
  item: Extract<AttemptItem, { status: "finished" | "closed" }>,
): Pick<SimulatedAttempt, "ended" | "cause"> {
  if (item.status === "closed") return { ended: item.reason === "lost" ? "lost" : "closed", cause: item.reason };
  const { outcome } = item;
  switch (outcome.kind) {
    case "failed":
      return { ended: "failed", cause: `${outcome.error.name}: ${outcome.error.message}` };
    case "skipped":
      return { ended: "skipped", cause: outcome.reason };
    default:
      return { ended: "success", cause: null };
  }
}
