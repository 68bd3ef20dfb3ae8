/** When runs come by the clock, and what each covers. Nothing here reads a clock. */
import { cronFault } from "./cron.ts";
import { lastFire, nextFire } from "./fire.ts";
import type { Period, ScheduleSpec } from "./manifest.ts";
import type { DataInterval } from "./run.ts";
import { instant, plus, type Instant } from "./time.ts";
import { lastPeriod } from "./zone.ts";

/** One firing of a schedule. */
export interface Firing {
  readonly due: Instant;
  readonly logicalDate: Instant;
  readonly dataInterval: DataInterval;
}

/** The first firing after `after`. */
export const nextFiring = (schedule: ScheduleSpec, after: Instant): Firing =>
  firingAt(schedule, nextFire(schedule, after));

/** The last firing at `until` or before: its interval is the last complete one. */
export const lastFiring = (schedule: ScheduleSpec, until: Instant): Firing =>
  firingAt(schedule, lastFire(schedule, until));

function firingAt(schedule: ScheduleSpec, due: Instant): Firing {
  const dataInterval = intervalAt(schedule, due);
  return { due, dataInterval, logicalDate: dataInterval.start };
}

function intervalAt(schedule: ScheduleSpec, due: Instant): DataInterval {
  const { interval, timezone } = schedule;
  switch (interval) {
    case "none":
      return { start: due, end: due };
    case "cron":
      return { start: lastFire(schedule, plus(due, -1)), end: due };
    default:
      return lastPeriod(interval, timezone, due);
  }
}

/** Why a schedule cannot be, as a sentence; undefined if it can. The time zone has been checked before. */
export function scheduleFault(schedule: ScheduleSpec): string | undefined {
  const fault = cronFault(schedule.expression);
  if (fault !== undefined || schedule.interval === "none" || schedule.interval === "cron") return fault;
  return periodFault(schedule, schedule.interval);
}

/** A schedule that covers periods fires at most once in each: looked at over a few of them. */
const PERIOD_FIRINGS_CHECKED = 8;

function periodFault(schedule: ScheduleSpec, period: Period): string | undefined {
  // Any years do: how often an expression fires in a period does not depend on when we ask.
  let fire = instant(0);
  let covered: Instant | undefined;
  for (let count = 0; count < PERIOD_FIRINGS_CHECKED; count++) {
    fire = nextFire(schedule, fire);
    const { start } = lastPeriod(period, schedule.timezone, fire);
    if (start === covered)
      return `'${schedule.expression}' fires more than once in a ${period}, which each run would cover whole`;
    covered = start;
  }
  return undefined;
}
