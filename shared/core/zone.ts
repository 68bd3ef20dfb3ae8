/** Local days and periods in IANA time zones. */
import type { Period } from "./manifest.ts";
import type { DataInterval } from "./run.ts";
import { instant, plus, type Instant } from "./time.ts";

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (format === undefined) {
    const numeric = "numeric" as const;
    const fields = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric };
    format = new Intl.DateTimeFormat("en-US", { timeZone: timezone, hourCycle: "h23", era: "short", ...fields });
    formats.set(timezone, format);
  }
  return format;
}

/** How far local time is ahead of UTC, in milliseconds (whole seconds). */
export function offsetAt(timezone: string, at: Instant): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

/** The local calendar day as a number of days since 1970-01-01. */
const localDay = (timezone: string, at: Instant): number => Math.floor((at + offsetAt(timezone, at)) / DAY_MS);

/** The first instant of a local day; where the clock skips midnight, the instant of the skip. */
export function startOfDay(timezone: string, day: number): Instant {
  const local = day * DAY_MS;
  const before = offsetAt(timezone, instant(local - DAY_MS / 2));
  const after = offsetAt(timezone, instant(local + DAY_MS / 2));
  // The larger offset gives the earlier instant: right if the day had begun by then.
  const early = instant(local - Math.max(before, after));
  const late = instant(local - Math.min(before, after));
  if (early === late || localDay(timezone, early) === day) return early;
  return firstOfDay(timezone, day, early, late);
}

/** The instant in (`low`, `high`] at which the local day begins, by bisection. */
function firstOfDay(timezone: string, day: number, low: Instant, high: Instant): Instant {
  let [before, after] = [low as number, high as number];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localDay(timezone, instant(middle)) >= day) after = middle;
    else before = middle;
  }
  return instant(after);
}

/** `YYYY-MM-DD` of an instant in a zone. */
export function localDate(timezone: string, at: Instant): string {
  return new Date(localDay(timezone, at) * DAY_MS).toISOString().slice(0, 10);
}

/** The first instant of the local day that `date` (YYYY-MM-DD, valid) names. */
export const startOfDate = (timezone: string, date: string): Instant =>
  startOfDay(timezone, Date.parse(`${date}T00:00:00Z`) / DAY_MS);

/** Whether the runtime knows the IANA time zone. */
export function isTimezone(timezone: string): boolean {
  try {
    formatOf(timezone);
    return true;
  } catch {
    return false;
  }
}

/** The last whole local hour, day, week (from Monday) or month that had ended at `due`. */
export function lastPeriod(period: Period, timezone: string, due: Instant): DataInterval {
  if (period === "hour") {
    const hourMs = 3_600_000;
    // Local hours begin where the offset says: zones that are off by half an hour have theirs at half past.
    const offsetMs = offsetAt(timezone, due);
    const end = instant(Math.floor((due + offsetMs) / hourMs) * hourMs - offsetMs);
    return { start: plus(end, -hourMs), end };
  }
  const day = localDay(timezone, due);
  if (period === "day") return { start: startOfDay(timezone, day - 1), end: startOfDay(timezone, day) };
  if (period === "week") {
    // Day 0, 1970-01-01, was a Thursday.
    const monday = day - ((((day + 3) % 7) + 7) % 7);
    return { start: startOfDay(timezone, monday - 7), end: startOfDay(timezone, monday) };
  }
  const date = new Date(day * DAY_MS);
  const first = (monthsBack: number): number =>
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsBack, 1) / DAY_MS;
  return { start: startOfDay(timezone, first(1)), end: startOfDay(timezone, first(0)) };
}
