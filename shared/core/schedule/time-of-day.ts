/** Times of day on a local clock, as minutes after midnight. */
import { plus, type Instant } from "../time.ts";
import { localDate, showingOf, startOfDate, type WallTime } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Within this day or the next one; a zone that crosses the date line may have none of that date. */
const WITHIN_DAYS = 3;

/**
 * When the clock next shows a time of day, after `after`. One that clocks skip is as much later as they go forward; one that
 * they show twice is the first.
 */
export function nextTimeOfDay(timezone: string, minute: number, after: Instant): Instant {
  // By the calendar: a day later may be two dates later, where clocks go forward.
  const today = startOfDate("UTC", localDate(timezone, after));
  for (let days = 0; days < WITHIN_DAYS; days++) {
    const at = onDate(timezone, minute, plus(today, days * DAY_MS));
    if (at > after) return at;
  }
  return onDate(timezone, minute, plus(today, WITHIN_DAYS * DAY_MS));
}

function onDate(timezone: string, minute: number, date: Instant): Instant {
  const { at, unchanged } = showingOf(timezone, (date + minute * MINUTE_MS) as WallTime);
  return at[0] ?? unchanged;
}

/** `07:00`. */
export const timeOfDayText = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
