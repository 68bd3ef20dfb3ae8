/** Hours of the day outside of which nothing starts. */
import type { AllowedHours } from "./manifest.ts";
import { instant, plus, type Instant } from "./time.ts";
import { localDate, showingOf, startOfDate, wallAt, type WallTime } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** When something may start that is ready at `at`: then, or when the hours begin again. */
export function allowedFrom(hours: AllowedHours | null, timezone: string, at: Instant): Instant {
  if (hours === null || isAllowed(hours, timezone, at)) return at;
  // By the calendar: a day later may be two dates later, where clocks go forward.
  const today = startOfDate("UTC", localDate(timezone, at));
  for (let days = 0; days < BEGIN_WITHIN_DAYS; days++) {
    const begins = beginning(hours, timezone, plus(today, days * DAY_MS));
    if (begins > at) return begins;
  }
  return beginning(hours, timezone, plus(today, BEGIN_WITHIN_DAYS * DAY_MS));
}

/** They begin on this day or on the next one; a zone that crosses the date line may have none of that date. */
const BEGIN_WITHIN_DAYS = 3;

function isAllowed({ from, to }: AllowedHours, timezone: string, at: Instant): boolean {
  const minute = Math.floor((((wallAt(timezone, at) % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** A time of day that clocks skip is as much later as they go forward; one that they show twice is the first. */
function beginning({ from }: AllowedHours, timezone: string, date: Instant): Instant {
  const wall = (date + from * MINUTE_MS) as WallTime;
  const { at, unchanged } = showingOf(timezone, wall);
  return at[0] ?? instant(unchanged);
}
