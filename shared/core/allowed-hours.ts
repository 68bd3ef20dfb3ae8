/** Hours of the day outside of which nothing starts. */
import type { AllowedHours } from "./manifest.ts";
import { instant, plus, type Instant } from "./time.ts";
import { localDate, showingOf, startOfDate, wallAt, type WallTime } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** When something may start that is ready at `at`: then, or when the hours begin again. */
export function allowedFrom(hours: AllowedHours | null, timezone: string, at: Instant): Instant {
  if (hours === null || isAllowed(hours, timezone, at)) return at;
  // The hours begin on this day, or on the next one.
  for (const day of [at, plus(at, DAY_MS)]) {
    const begins = beginning(hours, timezone, localDate(timezone, day));
    if (begins > at) return begins;
  }
  return beginning(hours, timezone, localDate(timezone, plus(at, 2 * DAY_MS)));
}

function isAllowed({ from, to }: AllowedHours, timezone: string, at: Instant): boolean {
  const minute = Math.floor((((wallAt(timezone, at) % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** A time of day that clocks skip is as much later as they go forward; one that they show twice is the first. */
function beginning({ from }: AllowedHours, timezone: string, date: string): Instant {
  const wall = (startOfDate("UTC", date) + from * MINUTE_MS) as WallTime;
  const { at, unchanged } = showingOf(timezone, wall);
  return at[0] ?? instant(unchanged);
}
