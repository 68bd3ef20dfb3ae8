/** Local days and periods in IANA time zones. */
import type { Period } from "../manifest.ts";
import type { DataInterval } from "../run.ts";
import { instant, plus, type Instant } from "../time.ts";

const HOUR_MS = 3_600_000;
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
  if (timezone === "UTC") return 0;
  const block = Math.floor(at / BLOCK_MS);
  const early = offsetOfBlock(timezone, block);
  const late = offsetOfBlock(timezone, block + 1);
  if (early === late) return early;
  return at < changeWithin(timezone, block, early) ? early : late;
}

/** No clock is put forward and back within this time: the same at both ends, the same between them. */
const BLOCK_MS = 4 * DAY_MS;
/** Blocks whose offsets are kept of a zone; beyond it all of its are forgotten. Asking a clock takes microseconds. */
const BLOCKS_KEPT_MAX = 10_000;
const offsets = new Map<string, Map<number, number>>();
const changes = new Map<string, Map<number, number>>();

/** When the clock is changed in a block that begins with the offset `early` and ends with another, to the second. */
function changeWithin(timezone: string, block: number, early: number): number {
  const known = keptOf(changes, timezone);
  let change = known.get(block);
  if (change === undefined) {
    let [before, after] = [(block * BLOCK_MS) / 1000, ((block + 1) * BLOCK_MS) / 1000];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetShown(timezone, instant(middle * 1000)) === early) before = middle;
      else after = middle;
    }
    known.set(block, (change = after * 1000));
  }
  return change;
}

/** The offset as a block of days begins. */
function offsetOfBlock(timezone: string, block: number): number {
  const known = keptOf(offsets, timezone);
  let offset = known.get(block);
  if (offset === undefined) known.set(block, (offset = offsetShown(timezone, instant(block * BLOCK_MS))));
  return offset;
}

function keptOf(zones: Map<string, Map<number, number>>, timezone: string): Map<number, number> {
  let known = zones.get(timezone);
  if (known === undefined) zones.set(timezone, (known = new Map()));
  if (known.size >= BLOCKS_KEPT_MAX) known.clear();
  return known;
}

function offsetShown(timezone: string, at: Instant): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timezone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

/** What a local clock shows, as milliseconds since it showed 1970-01-01T00:00. */
export type WallTime = number & { readonly [wallBrand]: true };
declare const wallBrand: unique symbol;

export const wallAt = (timezone: string, at: Instant): WallTime => (at + offsetAt(timezone, at)) as WallTime;

/** When a local clock shows something. */
export interface Showing {
  /** Never (the clock skips it), once, or twice (the clock is put back); in order. */
  readonly at: readonly Instant[];
  /** When it would have shown it, had the clock not been changed: of a skipped reading, as much later as the clock skips. */
  readonly unchanged: Instant;
}

/** Offsets reach from -12 to +14 hours; a little more brackets every change of the clock around a reading. */
const BEFORE_READING_MS = 15 * HOUR_MS;
const AFTER_READING_MS = 13 * HOUR_MS;

export function showingOf(timezone: string, wall: WallTime): Showing {
  const before = offsetAt(timezone, instant(wall - BEFORE_READING_MS));
  const after = offsetAt(timezone, instant(wall + AFTER_READING_MS));
  const unchanged = instant(wall - before);
  if (before === after) return { at: [unchanged], unchanged };
  const candidates = [instant(wall - Math.max(before, after)), instant(wall - Math.min(before, after))];
  return { at: candidates.filter((at) => wallAt(timezone, at) === wall), unchanged };
}

/** The first instant in (`low`, `high`] of which `holds` is true, which it stays; `high` if it never is. */
export function firstInstant(low: Instant, high: Instant, holds: (at: Instant) => boolean): Instant {
  let [before, after] = [low as number, high as number];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (holds(instant(middle))) after = middle;
    else before = middle;
  }
  return instant(after);
}

/** A change of a clock: it went from one offset to the other at `at`. */
export interface ClockChange {
  readonly at: Instant;
  readonly from: number;
  readonly to: number;
}

/** The change within a day before `until`, or at it. */
export function changeBefore(timezone: string, until: Instant): ClockChange | undefined {
  const [early, to] = [plus(until, -DAY_MS), offsetAt(timezone, until)];
  const from = offsetAt(timezone, early);
  if (from === to) return undefined;
  return { at: firstInstant(early, until, (at) => offsetAt(timezone, at) === to), from, to };
}

/** The local calendar day as a number of days since 1970-01-01. */
const localDay = (timezone: string, at: Instant): number => Math.floor(wallAt(timezone, at) / DAY_MS);

/** The first instant of a local day; where the clock skips midnight, the instant of the skip. */
function startOfDay(timezone: string, day: number): Instant {
  const midnight = (day * DAY_MS) as WallTime;
  const { at, unchanged } = showingOf(timezone, midnight);
  if (at[0] !== undefined) return at[0];
  return firstInstant(plus(unchanged, -DAY_MS), unchanged, (then) => localDay(timezone, then) >= day);
}

/** `YYYY-MM-DD` of an instant in a zone. */
export function localDate(timezone: string, at: Instant): string {
  return new Date(localDay(timezone, at) * DAY_MS).toISOString().slice(0, 10);
}

/** ISO 8601 as the zone's clock shows it, with how far that is ahead: `2026-03-08T03:30:00-04:00`. */
export function localIso(timezone: string, at: Instant): string {
  const offset = offsetAt(timezone, at);
  const reading = new Date(at + offset).toISOString().replace(/(?:\.000)?Z$/, "");
  const minutes = Math.abs(Math.round(offset / 60_000));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${reading}${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
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
    const end = lastFullHour(timezone, due);
    return { start: lastFullHour(timezone, plus(end, -1)), end };
  }
  const day = localDay(timezone, due);
  if (period === "day") return lastDay(timezone, day);
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

/** The day before `day`; a zone that crosses the date line may have skipped that one, and then it is the one before. */
function lastDay(timezone: string, day: number): DataInterval {
  const end = startOfDay(timezone, day);
  const start = startOfDay(timezone, day - 1);
  return start < end ? { start, end } : lastDay(timezone, day - 1);
}

/** Every offset in use is a multiple of this. */
const OFFSET_STEP_MS = 900_000;
/** No local hour is longer: where clocks move by less than an hour, one has up to two. */
const FULL_HOUR_STEPS_MAX = 100;

/**
 * The last instant at `until` or before at which the local clock showed a full hour. Zones that are off by half an hour have
 * theirs at half past, and one that moves its clock by half an hour has an hour of ninety minutes then.
 */
function lastFullHour(timezone: string, until: Instant): Instant {
  let at = instant(Math.floor(until / OFFSET_STEP_MS) * OFFSET_STEP_MS);
  for (let step = 0; step < FULL_HOUR_STEPS_MAX && wallAt(timezone, at) % HOUR_MS !== 0; step++)
    at = plus(at, -OFFSET_STEP_MS);
  return at;
}
