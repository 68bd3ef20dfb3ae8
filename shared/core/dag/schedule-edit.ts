/**
 * What an edit of a schedule does to the runs around it. The last run under the old schedule covered up to some instant; the
 * first one under the new schedule begins there, whatever the new schedule's boundaries are, so that nothing is left out and
 * nothing is covered twice.
 */
import type { DagRecord, FirstFiring, Gap } from "./record.ts";
import { canonicalJson } from "../json.ts";
import type { Manifest, ScheduleSpec } from "../manifest.ts";
import { lastFiring, nextFiring, type Firing } from "../schedule/schedule.ts";
import { plus, type Instant } from "../time.ts";

type Standing = Pick<DagRecord, "version" | "cursor" | "nextFire" | "first" | "covered">;

export interface Resumed {
  readonly nextFire: Instant | null;
  readonly first: FirstFiring | null;
  /** What was due by the old schedule and now has no run. */
  readonly gap: Gap | null;
}

/** Where the schedule of a manifest begins that takes the place of another one, or of none (`before` null or not known). */
export function resumeSchedule(
  before: ScheduleSpec | null | undefined,
  { schedule: after, catchup }: Pick<Manifest, "schedule" | "catchup">,
  dag: Standing,
  now: Instant,
): Resumed {
  if (after === null) return { nextFire: null, first: null, gap: lateFirings(before, dag, now) };
  if (isSame(before, after)) {
    const nextFire = dag.nextFire ?? nextFiring(after, dag.cursor ?? now)?.due ?? null;
    return { nextFire, first: dag.first ?? null, gap: null };
  }
  if (dag.cursor === null && catchup !== null) return fromStart(after, now);
  const firing = firstFiring(after, dag, now);
  const counted = { nextFire: firing?.due ?? null, first: null, gap: null };
  const covered = before ? (coveredUntil(before, dag) ?? lateFrom(before, dag, now)) : (dag.covered ?? null);
  if (after.interval === "none" || before?.interval === "none") {
    const fires = firing !== null && firing.due <= now;
    const gap = lateFirings(before, fires ? without(before, dag, firing) : dag, now);
    return after.interval === "none" ? { ...counted, gap } : beginAfter(after, firing, dag.covered, gap);
  }
  if (covered === null) return counted;
  // Runs that are made up for, and those after a time without a schedule, follow the new one from where the last one ended.
  if (catchup !== null || !before) return beginAt(firstAfter(after, covered, covered), covered, null);
  if (firing !== null && firing.due <= now)
    return beginAt(firstAfter(after, plus(firing.due, -1), covered), covered, null);
  const gap = lateFirings(before, dag, now);
  const until = gap === null ? covered : (lastFiring(before, gap.to)?.dataInterval.end ?? covered);
  return beginAt(firstAfter(after, firing === null ? now : plus(firing.due, -1), until), until, gap);
}

export const isSame = (before: ScheduleSpec | null | undefined, after: ScheduleSpec | null): boolean =>
  !!before && after !== null && canonicalJson(before) === canonicalJson(after);

/** The first run that a DAG makes up for: from the schedule's start, as far as the window reaches. */
function fromStart(schedule: ScheduleSpec, now: Instant): Resumed {
  const { start } = schedule;
  const firing = nextFiring(schedule, start === null || start > now ? now : plus(start, -1));
  return { nextFire: firing?.due ?? null, first: null, gap: null };
}

/** With this firing, or the first after it that covers anything after `covered`, and from there. */
function beginAfter(
  schedule: ScheduleSpec,
  firing: Firing | null,
  covered: Instant | undefined,
  gap: Gap | null,
): Resumed {
  if (firing === null || covered === undefined || firing.dataInterval.start >= covered)
    return { nextFire: firing?.due ?? null, first: null, gap };
  const next = firstAfter(schedule, plus(firing.due, -1), covered);
  return next === null || next.dataInterval.start >= covered
    ? { nextFire: next?.due ?? null, first: null, gap }
    : beginAt(next, covered, gap);
}

/** The first firing after `after` that covers anything after `covered`. */
function firstAfter(schedule: ScheduleSpec, after: Instant, covered: Instant): Firing | null {
  let firing = nextFiring(schedule, after);
  while (firing !== null && firing.dataInterval.end <= covered) firing = nextFiring(schedule, firing.due);
  return firing;
}

function beginAt(firing: Firing | null, start: Instant, gap: Gap | null): Resumed {
  if (firing === null) return { nextFire: null, first: null, gap };
  return { nextFire: firing.due, first: { due: firing.due, start }, gap };
}

/** With what is due and has not fired yet, if the new schedule fires then too; else from now on. */
function firstFiring(schedule: ScheduleSpec, { nextFire, cursor }: Standing, now: Instant): Firing | null {
  const pending = nextFire !== null && nextFire <= now ? nextFiring(schedule, plus(nextFire, -1)) : null;
  if (pending !== null && pending.due === nextFire) return pending;
  // What has fired does not fire again, even by a clock that is behind.
  return nextFiring(schedule, cursor !== null && cursor > now ? cursor : now);
}

/** What is due by the old schedule, and late. */
function lateFirings(before: ScheduleSpec | null | undefined, dag: Standing, now: Instant): Gap | null {
  const { version, nextFire, first } = dag;
  if (!before || nextFire === null || nextFire > now) return null;
  const to = lastFiring(before, now)?.due ?? nextFire;
  return to < nextFire
    ? null
    : { version, from: nextFire, to, ...(first?.due === nextFire ? { start: first.start } : {}) };
}

/** The standing once the firing has had its run. */
const without = (before: ScheduleSpec | null | undefined, dag: Standing, { due }: Firing): Standing => ({
  ...dag,
  nextFire: before ? (nextFiring(before, due)?.due ?? null) : null,
  first: null,
});

/** Where the first run of all begins, if it is late. */
function lateFrom(before: ScheduleSpec, { nextFire }: Standing, now: Instant): Instant | null {
  if (nextFire === null || nextFire > now) return null;
  const firing = nextFiring(before, plus(nextFire, -1));
  return firing?.due === nextFire ? firing.dataInterval.start : null;
}

/** Where the last run ended; null if there was none yet. */
export function coveredUntil(
  before: ScheduleSpec,
  { cursor, first }: Pick<Standing, "cursor" | "first">,
): Instant | null {
  // Nothing has fired since the edit before this one.
  if (first) return first.start;
  const last = cursor === null ? null : lastFiring(before, cursor);
  return last !== null && last.due === cursor ? last.dataInterval.end : null;
}

/** A firing as its run covers it: the first one after an edit begins where the last run ended. */
export function beginning(firing: Firing, first: FirstFiring | null | undefined): Firing & { readonly partial?: true } {
  if (!first || first.due !== firing.due || first.start === firing.dataInterval.start) return firing;
  return {
    partial: true,
    ...firing,
    logicalDate: first.start,
    dataInterval: { ...firing.dataInterval, start: first.start },
  };
}
