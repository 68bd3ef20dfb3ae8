/** Why a task waits for its child run, and what that waits for: for people. */
import type { DagRecord } from "../dag/record.ts";
import type { ChildSpec } from "../manifest.ts";
import type { Run, TaskDetail } from "../run.ts";
import { isRunEnded } from "../states.ts";
import { durationText, iso, plus, type Instant } from "../time.ts";

/** What is known of a child run; null: there is none, or its DAG was never registered. */
export interface ChildReading {
  readonly run: Run | null;
  readonly dag: DagRecord | null;
}

export function whyItWaits(
  { child, since }: TaskDetail,
  spec: ChildSpec | null,
  reading: ChildReading | undefined,
  now: Instant,
): string {
  const waitMs = spec?.waitMs ?? null;
  const until = waitMs === null ? "" : `; gives up at ${iso(plus(since, waitMs))}`;
  return `waits for child run '${child}'${reading === undefined ? "" : ` (${standing(reading, now)})`}${until}`;
}

function standing({ run, dag }: ChildReading, now: Instant): string {
  if (run === null) return "about to be put";
  if (isRunEnded(run.state)) return `${run.state}; about to be heard of`;
  if (run.startedAt !== null) return `running since ${iso(run.startedAt)}, for ${durationText(now - run.startedAt)}`;
  const queued = `queued since ${iso(run.queuedAt)}`;
  if (dag === null || dag.removed) return `${queued}: dag '${run.dagId}' has been removed from the source`;
  if (dag.paused !== null) return `${queued}: dag '${run.dagId}' is paused`;
  return `${queued}: dag '${run.dagId}' has no place for it yet`;
}
