/** When the deadlines of a run are: fixed as it comes into being, from its DAG's version then. */
import { assertNever } from "../errors.ts";
import type { DeadlineReference, DeadlineSpec, Manifest } from "../manifest.ts";
import type { Run, RunDeadline } from "../run.ts";
import { nextFiring } from "./schedule.ts";
import { nextTimeOfDay } from "./time-of-day.ts";
import { plus, type Instant } from "../time.ts";

/** Of one DAG: each run keeps its own in its record. */
export const DEADLINES_MAX = 5;
/**
 * A run of the schedule that comes late may have missed a deadline before it came into being, and tells so. One that was missed
 * longer ago is none if the date after it is due already: whoever makes up for last week is not told of every day of it.
 */
export const MISSED_BEFORE_MS_MAX = 86_400_000;

/** What deadlines count from. */
export interface DeadlineFacts extends Pick<Run, "runType" | "logicalDate" | "queuedAt"> {
  /** When it was due by its schedule; of other runs, when they were asked for. */
  readonly dueAt: Instant;
}

/** The earliest first; of a backfill's runs none, since what is past has missed them long ago. */
export function deadlinesOf({ deadlines, schedule }: OfDag, facts: DeadlineFacts): readonly RunDeadline[] {
  if (deadlines.length === 0 || facts.runType === "backfill") return [];
  return deadlines
    .flatMap((spec): readonly RunDeadline[] => {
      const at = instantOf(spec, facts);
      return at === null || isPast(at, schedule, facts) ? [] : [{ name: spec.name, at }];
    })
    .toSorted((a, b) => a.at - b.at);
}

type OfDag = Pick<Manifest, "deadlines" | "schedule">;

/** Whether it was over as the run came into being, such that nobody is told of it any more. */
function isPast(at: Instant, schedule: OfDag["schedule"], { runType, queuedAt, dueAt }: DeadlineFacts): boolean {
  if (at > queuedAt) return false;
  if (runType !== "scheduled") return true;
  if (plus(at, MISSED_BEFORE_MS_MAX) > queuedAt || schedule === null) return false;
  const next = nextFiring(schedule, dueAt);
  return next !== null && next.due <= queuedAt;
}

/** null: the run has nothing that it could count from. */
function instantOf(spec: DeadlineSpec, facts: DeadlineFacts): Instant | null {
  if ("by" in spec) return nextTimeOfDay(spec.timezone, spec.by, facts.dueAt);
  const reference = referenceOf(spec.from, facts);
  return reference === null ? null : plus(reference, spec.withinMs);
}

function referenceOf(from: DeadlineReference, { dueAt, logicalDate, queuedAt }: DeadlineFacts): Instant | null {
  switch (from) {
    case "due":
      return dueAt;
    case "logicalDate":
      return logicalDate;
    case "queued":
      return queuedAt;
    default:
      return assertNever(from);
  }
}
