/**
 * What an edit of a schedule does to the runs around it. The last run under the old schedule covered up to some instant; the
 * first one under the new schedule begins there, whatever the new schedule's boundaries are, so that nothing is left out and
 * nothing is covered twice.
 */
import type { DagRecord, FirstFiring } from "./dag-record.ts";
import { canonicalJson } from "./json.ts";
import type { ScheduleSpec } from "./manifest.ts";
import { lastFiring, nextFiring, type Firing } from "./schedule.ts";
import { instant, plus, type Instant } from "./time.ts";

type Standing = Pick<DagRecord, "cursor" | "nextFire" | "first">;

export interface Resumed {
  readonly nextFire: Instant | null;
  readonly first: FirstFiring | null;
}

/** Where a schedule begins that takes the place of another one, or of none (`before` null or not known). */
export function resumeSchedule(
  before: ScheduleSpec | null | undefined,
  after: ScheduleSpec,
  dag: Standing,
  now: Instant,
): Resumed {
  const firing = firstFiring(after, dag, now);
  if (!before || before.interval === "none" || after.interval === "none")
    return { nextFire: firing?.due ?? null, first: null };
  const unchanged = canonicalJson(before) === canonicalJson(after);
  if (unchanged) return { nextFire: firing?.due ?? null, first: dag.first ?? null };
  const covered = coveredUntil(before, dag);
  if (covered === null) return { nextFire: firing?.due ?? null, first: null };
  let first = firing;
  // What the last run covered whole has had its run.
  while (first !== null && first.dataInterval.end <= covered) first = nextFiring(after, first.due);
  if (first === null) return { nextFire: null, first: null };
  const { start } = first.dataInterval;
  const from = start < covered ? covered : Math.min(start, leftOpen(before, dag, covered, now) ?? start);
  return { nextFire: first.due, first: { due: first.due, start: instant(from) } };
}

/** With what is due and has not fired yet, if the new schedule fires then too; else from now on. */
function firstFiring(schedule: ScheduleSpec, { nextFire, cursor }: Standing, now: Instant): Firing | null {
  const pending = nextFire !== null && nextFire <= now ? nextFiring(schedule, plus(nextFire, -1)) : null;
  if (pending !== null && pending.due === nextFire) return pending;
  // What has fired does not fire again, even by a clock that is behind.
  return nextFiring(schedule, cursor !== null && cursor > now ? cursor : now);
}

/** Where the last run ended; null if there was none yet. */
function coveredUntil(before: ScheduleSpec, { cursor, first }: Standing): Instant | null {
  // Nothing has fired since the edit before this one.
  if (first) return first.start;
  const last = cursor === null ? null : lastFiring(before, cursor);
  return last !== null && last.due === cursor ? last.dataInterval.end : null;
}

/**
 * Where the run begins that the old schedule would have had next. Not if it is late already: it is then passed over, like all
 * that passes while nothing runs.
 */
function leftOpen(
  before: ScheduleSpec,
  { nextFire, first }: Standing,
  covered: Instant,
  now: Instant,
): Instant | undefined {
  if (nextFire === null || nextFire <= now) return undefined;
  const start = first?.start ?? nextFiring(before, now)?.dataInterval.start;
  return start === undefined || start < covered ? covered : start;
}

/** A firing as its run covers it: the first one after an edit begins where the last run ended. */
export function beginning(firing: Firing, first: FirstFiring | null | undefined): Firing {
  if (!first || first.due !== firing.due) return firing;
  return { ...firing, logicalDate: first.start, dataInterval: { ...firing.dataInterval, start: first.start } };
}
