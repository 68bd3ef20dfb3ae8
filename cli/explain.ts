/** What a person who was woken up needs to know of a run, gathered from its records. */
import { runView, whyView, type RunReading } from "../shared/app/views.ts";
import type { RunView, WhyView } from "../shared/contract/views.ts";
import type { TaskError } from "../shared/core/attempt.ts";
import { UNMAPPED, type TaskId } from "../shared/core/ids.ts";
import { planOf } from "../shared/core/plan.ts";
import type { Instant } from "../shared/core/time.ts";
import { logPath } from "../shared/embedded/log-store.ts";

/** The view that every face of Freshet gives, and what this machine knows besides. */
export interface Explained extends Omit<WhyView, "tasks">, RunView {
  /** Of the DAG. */
  readonly timezone: string;
  readonly owner: string | null;
  readonly runbook: string | null;
  readonly tasks: readonly ExplainedTask[];
}

type WhyTask = WhyView["tasks"][number];

export interface ExplainedTask extends WhyTask {
  /** Tries that failures of its own may cost. */
  readonly attemptsMax: number;
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

/** All tasks, or the one named. Throws TASK_NOT_FOUND. */
export function explain(reading: RunReading, now: Instant, home: string, task?: string): Explained {
  const { run, version } = reading;
  const { owner, runbook } = version.manifest;
  const plan = planOf(version.manifest);
  const view = whyView(reading, now, task);
  const specs = new Map(plan.tasks.map(({ spec }) => [spec.taskId as string, spec]));
  return {
    ...runView(run),
    ...view,
    timezone: version.manifest.timezone,
    owner,
    runbook,
    tasks: view.tasks.map((shown) => {
      const spec = specs.get(shown.taskId);
      const key = { runId: run.runId, taskId: shown.taskId as TaskId, mapIndex: UNMAPPED, attempt: shown.attempt };
      return {
        ...shown,
        attemptsMax: (spec?.retry.retries ?? 0) + 1,
        owner: spec?.owner ?? owner,
        runbook: spec?.runbook ?? runbook,
        error: lastError(reading, shown.taskId),
        log: shown.attempt === 0 ? null : logPath(home, key),
      };
    }),
  };
}

function lastError({ attempts }: RunReading, taskId: string): FailedAttempt | null {
  let last: { readonly attempt: number; readonly error: TaskError } | undefined;
  for (const { key, item } of attempts) {
    if (key.taskId !== taskId || item.status !== "finished" || item.outcome.kind !== "failed") continue;
    if (last === undefined || key.attempt > last.attempt) last = { attempt: key.attempt, error: item.outcome.error };
  }
  if (last === undefined) return null;
  const { name, message, stack } = last.error;
  return { attempt: last.attempt, name, message, stack: stack ?? null };
}
