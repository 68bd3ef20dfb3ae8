/** What a person who was woken up needs to know of a run, gathered from its records. */
import { instanceToSee, type FoundInstance } from "../shared/app/views/instances.ts";
import { runView, whyView, type RunReading } from "../shared/app/views/runs.ts";
import type { RunView, WhyView } from "../shared/contract/views.ts";
import type { TaskError } from "../shared/core/attempt.ts";
import { UNMAPPED, type TaskId } from "../shared/core/ids.ts";
import { planOf } from "../shared/core/plan.ts";
import { mapIndexAt } from "../shared/core/run/draft.ts";
import { explainTask } from "../shared/core/run/explain.ts";
import { lastAttempt } from "../shared/core/run/instances.ts";
import { iso, type Instant } from "../shared/core/time.ts";
import { logPath } from "../shared/embedded/log-store.ts";

/** The view that every face of Freshet gives, and what this machine knows besides. */
export interface Explained extends Omit<WhyView, "tasks">, Omit<RunView, "deadlines"> {
  /** Of the DAG. */
  readonly timezone: string;
  readonly owner: string | null;
  readonly runbook: string | null;
  readonly tasks: readonly ExplainedTask[];
  readonly dagPaused: boolean;
  /** Another version of its DAG is registered than the one that it runs. */
  readonly outdated: boolean;
}

type WhyTask = WhyView["tasks"][number];

export interface ExplainedTask extends WhyTask {
  /** Tries that failures of its own may cost, anew with each clear. */
  readonly triesMax: number;
  /** The attempt that would be the last of these. */
  readonly attemptsMax: number;
  /** The task as a whole, with instances. */
  readonly mapped: boolean;
  /** `run --task` can try it apart from its run: its function is all that it does. */
  readonly alone: boolean;
  /** Of a mapped task: the instance that needs a look first. */
  readonly instance: number | null;
  readonly owner: string | null;
  readonly runbook: string | null;
  /** Of the latest attempt that failed. */
  readonly error: FailedAttempt | null;
  /** Where the log of the latest attempt lies; null: it has not started. */
  readonly log: string | null;
}

interface FailedAttempt {
  readonly attempt: number;
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
}

interface Asked {
  /** Only this one. */
  readonly task?: string | undefined;
  /** Of this one, if it is mapped: only this instance. */
  readonly instance?: FoundInstance | undefined;
}

/** All tasks, or what is named. Throws TASK_NOT_FOUND. */
export function explain(reading: RunReading, now: Instant, home: string, { task, instance }: Asked = {}): Explained {
  const { run, version } = reading;
  const { owner, runbook } = version.manifest;
  const plan = planOf(version.manifest);
  const view = whyView(reading, now, task);
  const explained = instance === undefined ? view.tasks : [instanceView(reading, instance, now)];
  const specs = new Map(plan.tasks.map(({ spec }) => [spec.taskId as string, spec]));
  return {
    ...runView(run),
    ...view,
    timezone: version.manifest.timezone,
    owner,
    runbook,
    dagPaused: (reading.dag?.paused ?? null) !== null,
    outdated: reading.dag !== undefined && reading.dag.version !== run.version,
    tasks: explained.map((shown) => {
      const [taskId = ""] = shown.taskId.split("[", 1);
      const spec = specs.get(taskId);
      const mapIndex = instance === undefined ? UNMAPPED : mapIndexAt(instance.run.tasks, instance.slot);
      const { runId } = instance?.run ?? run;
      const key = { runId, taskId: taskId as TaskId, mapIndex, attempt: shown.attempt };
      const { tasks } = instance?.run ?? run;
      const slot = instance?.slot ?? plan.slotOf.get(taskId) ?? 0;
      return {
        ...shown,
        mapped: (spec?.map ?? null) !== null && instance === undefined,
        alone: spec !== undefined && spec.map === null && spec.child === null,
        instance: instance === undefined ? instanceToSee(reading, slot) : null,
        triesMax: (spec?.retry.retries ?? 0) + 1,
        attemptsMax: spec === undefined ? shown.attempt : lastAttempt(tasks, slot, spec),
        owner: spec?.owner ?? owner,
        runbook: spec?.runbook ?? runbook,
        error: lastError(instance?.attempts ?? reading.attempts, taskId, mapIndex),
        log: shown.attempt === 0 || (spec?.map !== null && instance === undefined) ? null : logPath(home, key),
      };
    }),
  };
}

/** An instance as a task is explained, under its own name: `load[417]`. */
function instanceView(reading: RunReading, found: FoundInstance, now: Instant): WhyTask {
  const { run, manifest, slot, item } = found;
  const { since, nextLook, ...rest } = explainTask(run, manifest, slot, item, now);
  const text = (at: Instant | null): string | null => (at === null ? null : iso(at));
  const taskId = `${rest.taskId}[${mapIndexAt(run.tasks, slot)}]`;
  // What it waits for, and what it broke, are its task's: of the run itself.
  const broke = reading.run === run ? rest.broke : [];
  return { ...rest, taskId, broke, since: text(since), nextLook: text(nextLook), childRunId: null };
}

function lastError(attempts: RunReading["attempts"], taskId: string, mapIndex: number): FailedAttempt | null {
  let last: { readonly attempt: number; readonly error: TaskError } | undefined;
  for (const { key, item } of attempts) {
    if (
      key.taskId !== taskId ||
      key.mapIndex !== mapIndex ||
      item.status !== "finished" ||
      item.outcome.kind !== "failed"
    )
      continue;
    if (last === undefined || key.attempt > last.attempt) last = { attempt: key.attempt, error: item.outcome.error };
  }
  if (last === undefined) return null;
  const { name, message, stack } = last.error;
  return { attempt: last.attempt, name, message, stack: stack ?? null };
}
