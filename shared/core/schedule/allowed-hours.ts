/** Hours of the day outside of which nothing starts. */
import type { AllowedHours } from "../manifest.ts";
import type { Instant } from "../time.ts";
import { nextTimeOfDay } from "./time-of-day.ts";
import { wallAt } from "./zone.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** When something may start that is ready at `at`: then, or when the hours begin again. */
export function allowedFrom(hours: AllowedHours | null, timezone: string, at: Instant): Instant {
  if (hours === null || isAllowed(hours, timezone, at)) return at;
  return nextTimeOfDay(timezone, hours.from, at);
}

function isAllowed({ from, to }: AllowedHours, timezone: string, at: Instant): boolean {
  const minute = Math.floor((((wallAt(timezone, at) % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}
