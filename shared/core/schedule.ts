/** When runs come by the clock, and what each covers. Nothing here reads a clock. */
import { cronFault, lastFire, nextFire } from "./cron.ts";
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
  firingAt(schedule, nextFire(schedule.expression, schedule.timezone, after));

/** The last firing at `until` or before: its interval is the last complete one. */
export const lastFiring = (schedule: ScheduleSpec, until: Instant): Firing =>
  firingAt(schedule, lastFire(schedule.expression, schedule.timezone, until));

function firingAt(schedule: ScheduleSpec, due: Instant): Firing {
  const dataInterval = intervalAt(schedule, due);
  return { due, dataInterval, logicalDate: dataInterval.start };
}

function intervalAt({ interval, expression, timezone }: ScheduleSpec, due: Instant): DataInterval {
  switch (interval) {
    case "none":
      return { start: due, end: due };
    case "cron":
      return { start: lastFire(expression, timezone, plus(due, -1)), end: due };
    default:
      return lastPeriod(interval, timezone, due);
  }
}

const FIELDS = ["minute", "hour", "day of month", "month", "day of week"] as const;
const MACRO = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/;

/** Why a schedule cannot be, as a sentence's end; undefined if it can. The time zone has been checked before. */
export function scheduleFault({ expression, timezone, interval }: ScheduleSpec): string | undefined {
  const text = expression.trim();
  if (text.startsWith("@")) {
    return MACRO.test(text)
      ? undefined
      : `'${expression}' is no macro; there are @hourly, @daily, @weekly, @monthly and @yearly`;
  }
  const fields = text === "" ? 0 : text.split(/\s+/).length;
  if (fields !== FIELDS.length) return `'${expression}' has ${fields} fields; cron takes five: ${FIELDS.join(", ")}`;
  // Any instant does: whether an expression can be read, and whether it ever fires, does not depend on when we ask.
  const fault = cronFault(text, timezone, instant(0));
  if (fault !== undefined)
    return /explicit day of month/i.test(fault)
      ? `'${expression}' never fires: there is no such date`
      : `'${expression}': ${fault}`;
  return interval === "none" || interval === "cron" ? undefined : periodFault(expression, timezone, interval);
}

/** A schedule that covers periods fires at most once in each: looked at over a few of them. */
const PERIOD_FIRINGS_CHECKED = 8;

function periodFault(expression: string, timezone: string, period: Period): string | undefined {
  let fire = instant(0);
  let covered: Instant | undefined;
  for (let count = 0; count < PERIOD_FIRINGS_CHECKED; count++) {
    fire = nextFire(expression, timezone, fire);
    const { start } = lastPeriod(period, timezone, fire);
    if (start === covered)
      return `'${expression}' fires more than once in a ${period}, which each run would cover whole`;
    covered = start;
  }
  return undefined;
}
