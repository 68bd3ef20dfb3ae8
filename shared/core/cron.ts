/** The one place that calls cron-parser. */
import { CronExpressionParser } from "cron-parser";
import { instant, type Instant } from "./time.ts";

/**
 * The first firing after `after`. A time of day that the zone skips moves forward by as much as the clock does (02:30
 * becomes 03:30); one that it repeats fires the first time only; where the hour is `*`, every instant that reads so fires.
 */
export function nextFire(expression: string, timezone: string, after: Instant): Instant {
  const parsed = CronExpressionParser.parse(expression, { currentDate: new Date(after), tz: timezone });
  return instant(parsed.next().getTime());
}

/** The last firing at `until` or before. */
export function lastFire(expression: string, timezone: string, until: Instant): Instant {
  const parsed = CronExpressionParser.parse(expression, { currentDate: new Date(until + 1), tz: timezone });
  let fire = instant(parsed.prev().getTime());
  // Where clocks change, looking back may find less than looking forward does, and forward is the rule.
  for (let next = nextFire(expression, timezone, fire); next <= until; next = nextFire(expression, timezone, fire))
    fire = next;
  return fire;
}

/** Why cron-parser refuses the expression; undefined if it does not. */
export function cronFault(expression: string, timezone: string, now: Instant): string | undefined {
  try {
    nextFire(expression, timezone, now);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
