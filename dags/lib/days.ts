import type { Interval } from "freshet";

const HOUR_MS = 3_600_000;

/** The local days that an interval touches, as YYYY-MM-DD. */
export function daysOf({ start, end }: Interval, timezone: string): readonly string[] {
  // Canada writes dates as ISO 8601 does.
  const date = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  const days = new Set<string>();
  // By the hour, because not every day has 24 of them; and its last moment.
  for (let at = start.getTime(); at < end.getTime(); at += HOUR_MS) days.add(date.format(at));
  if (start < end) days.add(date.format(end.getTime() - 1));
  return [...days];
}
