/**
 * When runs come by the clock, and what each covers: the one place that computes due times. Nothing here reads a clock.
 *
 * Intervals follow one another and never overlap. A schedule's `start` and `end` bound what is covered, not when it falls due:
 * the run of the last day comes after `end`, if it comes in the morning after.
 */
import { cronFault, goesByMinutes, namesWall } from "./cron.ts";
import { assertNever } from "../errors.ts";
import type { Period, ScheduleSpec } from "../manifest.ts";
import type { DataInterval } from "../run.ts";
import { lastStrike, nextStrike } from "./strike.ts";
import { durationText, instant, iso, plus, type Instant } from "../time.ts";
import { changeBefore, lastPeriod, offsetAt, startOfDate, wallAt } from "./zone.ts";

/** One firing of a schedule. */
export interface Firing {
  readonly due: Instant;
  readonly logicalDate: Instant;
  readonly dataInterval: DataInterval;
}

/** The first firing after `after`; null: there is none any more. */
export function nextFiring(schedule: ScheduleSpec, after: Instant): Firing | null {
  const { start, end } = schedule;
  // What falls due before `start` covers what was before it.
  let strike = nextStrike(schedule, start === null || after >= start ? after : plus(start, -1));
  for (; strike !== null; strike = nextStrike(schedule, strike)) {
    const firing = firingAt(schedule, strike);
    if (firing === null || isBefore(firing, start)) continue;
    return isAfter(firing, end) ? null : firing;
  }
  return null;
}

/** The last firing at `until` or before: its interval is the last complete one. Null: there was none. */
export function lastFiring(schedule: ScheduleSpec, until: Instant): Firing | null {
  const { start, end } = schedule;
  let strike = lastStrike(schedule, end === null ? until : instant(Math.min(until, lastDue(schedule, end))));
  for (; strike !== null; strike = lastStrike(schedule, plus(strike, -1))) {
    const firing = firingAt(schedule, strike);
    if (firing === null) continue;
    if (isBefore(firing, start)) return null;
    if (!isAfter(firing, end)) return firing;
  }
  return null;
}

const isBefore = ({ dataInterval }: Firing, start: Instant | null): boolean =>
  start !== null && dataInterval.start < start;

/** An instant belongs to what it begins. */
const isAfter = ({ dataInterval: { start, end: until } }: Firing, end: Instant | null): boolean =>
  end !== null && (until > end || (start === until && until === end));

const DAY_MS = 86_400_000;
/** The longest that each can be, with days that clocks add, and so the latest after its end that its run may fall due. */
const PERIOD_MS_MAX: Readonly<Record<Period, number>> = {
  hour: 2 * 3_600_000,
  day: 3 * DAY_MS,
  week: 9 * DAY_MS,
  month: 33 * DAY_MS,
};

const isPeriod = (interval: ScheduleSpec["interval"]): interval is Period => Object.hasOwn(PERIOD_MS_MAX, interval);

/** Nothing that ends by `end` falls due later. */
const lastDue = ({ interval }: ScheduleSpec, end: Instant): Instant =>
  isPeriod(interval) ? plus(end, PERIOD_MS_MAX[interval]) : end;

/** Null where a run would cover nothing: see `intervalAt`. */
function firingAt(schedule: ScheduleSpec, due: Instant): Firing | null {
  const dataInterval = intervalAt(schedule, due);
  return dataInterval === null ? null : { due, dataInterval, logicalDate: dataInterval.start };
}

/** Null for the first of some dates, if it only begins what the next one ends. */
function intervalAt(schedule: ScheduleSpec, due: Instant): DataInterval | null {
  const { interval, timezone } = schedule;
  if (interval === "none") return { start: due, end: due };
  if (interval === "hour") return hourAt(schedule, due);
  if (isPeriod(interval)) return withSkipped(schedule, due, lastPeriod(interval, timezone, readFor(schedule, due)));
  const start = lastStrike(schedule, plus(due, -1));
  return start === null ? null : { start, end: due };
}

/** Where clocks skip a firing, and it is left out, the next one covers its period, too. */
function withSkipped(schedule: ScheduleSpec, due: Instant, period: DataInterval): DataInterval {
  const { kind, interval, timezone, start } = schedule;
  if (kind !== "cron" || schedule.dst.gap !== "skip" || !isPeriod(interval)) return period;
  const before = lastStrike(schedule, plus(due, -1));
  const shifting: ScheduleSpec = { ...schedule, dst: { ...schedule.dst, gap: "shift" } };
  const skipped = before === null ? null : nextStrike(shifting, before);
  if (skipped === null || skipped >= due) return period;
  const wanted = lastPeriod(interval, timezone, readFor(shifting, skipped)).start;
  return { start: instant(Math.min(period.start, Math.max(wanted, start ?? wanted))), end: period.end };
}

/** Skipped, a time late in the evening fires the day after; its run covers what it would have covered in the evening. */
function readFor(schedule: ScheduleSpec, due: Instant): Instant {
  const { kind, timezone } = schedule;
  const change = kind === "cron" ? changeBefore(timezone, due) : undefined;
  if (kind !== "cron" || change === undefined || change.to < change.from) return due;
  const wall = wallAt(timezone, due);
  const sameDay = Math.floor(wall / DAY_MS) === Math.floor((due + change.from) / DAY_MS);
  return sameDay || schedule.expressions.some((text) => namesWall(text, wall)) ? due : plus(change.at, -1);
}

/**
 * Where clocks move by half an hour, a minute of the hour may be shown twice, or not at all: the second time covers nothing
 * (null), and the firing after one that is missing covers that hour too.
 */
function hourAt(schedule: ScheduleSpec, due: Instant): DataInterval | null {
  const { timezone } = schedule;
  const hour = lastPeriod("hour", timezone, due);
  if (offsetAt(timezone, due) === offsetAt(timezone, plus(due, -DAY_MS))) return hour;
  const before = lastStrike(schedule, plus(due, -1));
  const last = before === null ? null : lastPeriod("hour", timezone, before);
  if (last === null) return hour;
  const missed = schedule.kind === "cron" && schedule.expressions.every(goesByMinutes);
  const start = missed ? last.end : instant(Math.max(hour.start, last.end));
  return start < hour.end ? { start, end: hour.end } : null;
}

/** Everything that keeps a schedule from being one, as sentences. The time zone has been checked before. */
export function scheduleFaults(schedule: ScheduleSpec): readonly string[] {
  const { start, end } = schedule;
  const faults = schedule.kind === "cron" ? schedule.expressions.flatMap((text) => cronFault(text) ?? []) : [];
  if (schedule.kind === "cron" && schedule.expressions.length === 0) faults.push("there is no expression");
  if (schedule.kind === "dates" && schedule.dates.length === 0) faults.push("there are no dates");
  if (start !== null && end !== null && start >= end)
    return [...faults, `start is ${iso(start)}, which is not before end, ${iso(end)}`];
  if (faults.length > 0) return faults;
  if (nextFiring(schedule, start ?? EARLIEST) === null) return ["it never fires between its start and its end"];
  return isPeriod(schedule.interval) ? (periodFault(schedule, schedule.interval) ?? []) : [];
}

/** Nobody schedules what was before. */
const EARLIEST = startOfDate("UTC", "1900-01-01");
/** A schedule that covers periods fires at most once in each: looked at over more than a year of days, with all clock changes. */
const PERIOD_FIRINGS_CHECKED = 400;
/** How often an expression fires in a period does not depend on when we ask, but clocks do not change in all years. */
const PERIODS_CHECKED_FROM = startOfDate("UTC", "2026-01-01");

function periodFault(schedule: ScheduleSpec, period: Period): readonly string[] | undefined {
  const unbounded = { ...schedule, start: null, end: null };
  let firing = nextFiring(unbounded, schedule.kind === "dates" ? EARLIEST : PERIODS_CHECKED_FROM);
  let covered: Instant | undefined;
  for (let count = 0; firing !== null && count < PERIOD_FIRINGS_CHECKED; count++) {
    if (firing.dataInterval.start === covered)
      return [`${shownSchedule(schedule)} fires more than once in a ${period}, which each run would cover whole`];
    covered = firing.dataInterval.start;
    firing = nextFiring(unbounded, firing.due);
  }
  return undefined;
}

const shownSchedule = (schedule: ScheduleSpec): string =>
  schedule.kind === "cron" ? schedule.expressions.map((text) => `'${text}'`).join(" with ") : scheduleText(schedule);

/** The first firing whose interval does not end before `oldest`. */
export function firstEndingAfter(schedule: ScheduleSpec, oldest: Instant): Firing | null {
  // Nothing falls due before it has ended.
  let firing = nextFiring(schedule, plus(oldest, -1));
  while (firing !== null && firing.dataInterval.end < oldest) firing = nextFiring(schedule, firing.due);
  return firing;
}

/** A schedule on a line: `0 4 * * * Europe/London`, `every 15m`, `3 dates`. */
export function scheduleText(schedule: ScheduleSpec): string {
  switch (schedule.kind) {
    case "cron":
      return `${schedule.expressions.join(" | ")} ${schedule.timezone}`;
    case "every":
      return `every ${durationText(schedule.everyMs)}`;
    case "dates":
      return schedule.dates.length === 1 ? "1 date" : `${schedule.dates.length} dates`;
    default:
      return assertNever(schedule);
  }
}
