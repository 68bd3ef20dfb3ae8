/** The instants at which a schedule's clock strikes, whatever its runs cover. */
import { assertNever } from "../errors.ts";
import { lastFire, nextFire } from "./fire.ts";
import type { CronSpec, ScheduleSpec } from "../manifest.ts";
import { instant, plus, type Instant } from "../time.ts";

/** The first after `after`; null: never again. */
export function nextStrike(schedule: ScheduleSpec, after: Instant): Instant | null {
  switch (schedule.kind) {
    case "cron":
      return instant(Math.min(...clockworks(schedule).map((clockwork) => nextFire(clockwork, after))));
    case "every": {
      const { everyMs, anchor } = schedule;
      return plus(anchor, (Math.floor((after - anchor) / everyMs) + 1) * everyMs);
    }
    case "dates":
      return schedule.dates.find((date) => date > after) ?? null;
    default:
      return assertNever(schedule);
  }
}

/** The last at `until` or before; null: there was none. */
export function lastStrike(schedule: ScheduleSpec, until: Instant): Instant | null {
  switch (schedule.kind) {
    case "cron":
      return instant(Math.max(...clockworks(schedule).map((clockwork) => lastFire(clockwork, until))));
    case "every": {
      const { everyMs, anchor } = schedule;
      return plus(anchor, Math.floor((until - anchor) / everyMs) * everyMs);
    }
    case "dates":
      return schedule.dates.findLast((date) => date <= until) ?? null;
    default:
      return assertNever(schedule);
  }
}

const clockworks = ({ expressions, timezone, dst }: CronSpec) =>
  expressions.map((expression) => ({ expression, timezone, dst }));
