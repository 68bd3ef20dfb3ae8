/**
 * What schedules of these worlds do, worked out from what local clocks show: an hour at a time where they run on, a minute at a
 * time where they are changed. It shares no code with the engine, and knows of cron no more than these worlds use: a minute, and
 * every hour, every sixth one or a certain one.
 */
import type { CronSpec, ScheduleSpec } from "../../../shared/core/manifest.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Longer than any clock of a zone is put forward or back. */
const REACH_MS = 26 * HOUR_MS;

const clocks = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, Map<number, number>>();

/** What a clock shows, as if it showed UTC. */
function shown(timezone: string, at: number): number {
  let clock = clocks.get(timezone);
  if (clock === undefined) {
    const two = "2-digit" as const;
    const parts = { year: "numeric", month: two, day: two, hour: two, minute: two, hourCycle: "h23" } as const;
    clock = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, ...parts });
    clocks.set(timezone, clock);
  }
  return Date.parse(`${clock.format(at).replace(" ", "T")}:00Z`);
}

/** How far ahead of UTC a clock is at a full minute. */
function ahead(timezone: string, at: number): number {
  if (timezone === "UTC") return 0;
  const hour = Math.floor(at / HOUR_MS);
  const before = aheadAtHour(timezone, hour);
  if (before === aheadAtHour(timezone, hour + 1)) return before;
  return readOffset(timezone, Math.floor(at / MINUTE_MS));
}

/** No clock is changed and changed back within a day. */
function aheadAtHour(timezone: string, hour: number): number {
  if (timezone === "UTC") return 0;
  const day = hour - mod(hour, 24);
  const [early, late] = [readOffset(timezone, day * 60), readOffset(timezone, (day + 24) * 60)];
  return early === late ? early : readOffset(timezone, hour * 60);
}

/** Each is read once: a clock takes longer to show its time than all that is made of it. */
function readOffset(timezone: string, minute: number): number {
  let known = offsets.get(timezone);
  if (known === undefined) offsets.set(timezone, (known = new Map()));
  let offset = known.get(minute);
  if (offset === undefined) known.set(minute, (offset = shown(timezone, minute * MINUTE_MS) - minute * MINUTE_MS));
  return offset;
}

const readingAt = (timezone: string, at: number): number => at + ahead(timezone, at);
const mod = (value: number, by: number): number => ((value % by) + by) % by;

interface Pattern {
  readonly minute: number;
  readonly hours: string;
}

function patternOf({ expressions }: CronSpec): Pattern {
  const [minute = "0", hours = "*"] = (expressions[0] ?? "").split(" ");
  return { minute: Number(minute), hours };
}

function names({ minute, hours }: Pattern, reading: number): boolean {
  if (mod(Math.floor(reading / MINUTE_MS), 60) !== minute) return false;
  const hour = mod(Math.floor(reading / HOUR_MS), 24);
  return hours === "*" || (hours === "*/6" ? hour % 6 === 0 : hour === Number(hours));
}

/** Full minutes at which the clock shows what the pattern names, and those at which it is changed. */
function lookThrough(
  timezone: string,
  pattern: Pattern,
  from: number,
  until: number,
): { readonly named: readonly number[]; readonly changes: readonly number[] } {
  const named: number[] = [];
  const changes: number[] = [];
  for (let hour = Math.floor(from / HOUR_MS); hour * HOUR_MS <= until; hour++) {
    const start = hour * HOUR_MS;
    if (aheadAtHour(timezone, hour) === aheadAtHour(timezone, hour + 1)) {
      const offset = aheadAtHour(timezone, hour);
      const at = start + mod(pattern.minute - Math.floor((start + offset) / MINUTE_MS), 60) * MINUTE_MS;
      if (names(pattern, at + offset)) named.push(at);
      continue;
    }
    for (let at = start; at < start + HOUR_MS; at += MINUTE_MS) {
      if (names(pattern, readingAt(timezone, at))) named.push(at);
      if (readingAt(timezone, at + MINUTE_MS) - readingAt(timezone, at) !== MINUTE_MS) changes.push(at + MINUTE_MS);
    }
  }
  return { named, changes };
}

/** The firings of such a schedule after `from`, up to `until`. */
export function firingsBetween(schedule: ScheduleSpec, from: number, until: number): number[] {
  if (schedule.kind !== "cron") return [];
  const { timezone, dst } = schedule;
  const pattern = patternOf(schedule);
  const reach = pattern.hours === "*" ? 0 : REACH_MS;
  const { named, changes } = lookThrough(timezone, pattern, from - reach, until + reach);
  const found = new Set<number>();
  if (pattern.hours === "*") for (const at of named) found.add(at);
  else {
    const showings = Map.groupBy(named, (at) => readingAt(timezone, at));
    for (const [first, second] of showings.values()) {
      if (first !== undefined && (second === undefined || dst.fold !== "second")) found.add(first);
      if (second !== undefined && dst.fold !== "first") found.add(second);
    }
    for (const at of changes)
      for (const { due } of skippedAt(timezone, pattern, at)) if (dst.gap === "shift") found.add(due);
  }
  return [...found].filter((at) => at > from && at <= until).toSorted((a, b) => a - b);
}

/** Readings that the pattern names and the change at `at` skips, each with when it would have been shown without it. */
function skippedAt(
  timezone: string,
  pattern: Pattern,
  at: number,
): { readonly due: number; readonly reading: number }[] {
  const before = ahead(timezone, at - MINUTE_MS);
  const found: { due: number; reading: number }[] = [];
  for (let reading = at + before; reading < readingAt(timezone, at); reading += MINUTE_MS)
    if (names(pattern, reading)) found.push({ due: reading - before, reading });
  return found;
}

/** What the run of the firing at `due` covers, by the calendar; undefined where these worlds do not ask. */
export function coverageOf(schedule: ScheduleSpec, due: number): { readonly start: number; readonly end: number } {
  const { interval, timezone } = schedule;
  if (interval === "none" || schedule.kind !== "cron") return { start: due, end: due };
  const before = firingBefore(schedule, due);
  if (interval === "cron") return { start: before, end: due };
  if (interval === "hour") {
    const end = lastFullHour(timezone, due);
    return { start: lastFullHour(timezone, end - MINUTE_MS), end };
  }
  const end = startOfDay(timezone, dayNamed(schedule, due));
  // What was left out since the firing before is covered, too.
  const left =
    schedule.dst.gap === "skip"
      ? firingsBetween({ ...schedule, dst: { ...schedule.dst, gap: "shift" } }, before, due - 1)
      : [];
  const first =
    left[0] === undefined
      ? end
      : startOfDay(timezone, dayNamed({ ...schedule, dst: { ...schedule.dst, gap: "shift" } }, left[0]));
  return { start: dayBefore(timezone, first), end };
}

/** No schedule of these worlds is silent for longer: those of every hour, of every sixth, and of one a day. */
const silentMs = ({ hours }: Pattern): number => (hours === "*" ? 4 : hours === "*/6" ? 26 : 80) * HOUR_MS;

const firingBefore = (schedule: CronSpec, due: number): number =>
  firingsBetween(schedule, due - silentMs(patternOf(schedule)), due - 1).at(-1) ?? due;

/** The local day, as a number, of the reading that fires then: of one that is skipped, the day that it was meant for. */
function dayNamed(schedule: CronSpec, due: number): number {
  const { timezone } = schedule;
  const pattern = patternOf(schedule);
  const own = readingAt(timezone, due);
  if (names(pattern, own)) return Math.floor(own / DAY_MS);
  const { changes } = lookThrough(timezone, pattern, due - REACH_MS, due);
  for (const at of changes)
    for (const skipped of skippedAt(timezone, pattern, at))
      if (skipped.due === due) return Math.floor(skipped.reading / DAY_MS);
  return Math.floor(own / DAY_MS);
}

/** The first minute at which the clock shows that day, or a later one. */
function startOfDay(timezone: string, day: number): number {
  const shows = (at: number): boolean => Math.floor(readingAt(timezone, at) / DAY_MS) >= day;
  let at = day * DAY_MS - REACH_MS;
  while (!shows(at)) {
    const runsOn = readingAt(timezone, at + HOUR_MS) - readingAt(timezone, at) === HOUR_MS;
    at += runsOn && !shows(at + HOUR_MS) ? HOUR_MS : MINUTE_MS;
  }
  return at;
}

/** The start of the last day before that one which begins at `end`: one that was skipped is none. */
function dayBefore(timezone: string, end: number): number {
  const day = Math.floor(readingAt(timezone, end) / DAY_MS);
  for (let back = 1; back <= 3; back++) {
    const start = startOfDay(timezone, day - back);
    if (start < end) return start;
  }
  throw new RangeError(`${timezone} has no day before that of ${new Date(end).toISOString()}`);
}

function lastFullHour(timezone: string, until: number): number {
  let at = Math.floor(until / MINUTE_MS) * MINUTE_MS;
  while (mod(readingAt(timezone, at), HOUR_MS) !== 0) at -= MINUTE_MS;
  return at;
}

/** Whether the clock shows a time of day from `from` on and before `to`, in minutes. */
export function isWithinHours(
  timezone: string,
  { from, to }: { readonly from: number; readonly to: number },
  at: number,
): boolean {
  const minute = mod(Math.floor(readingAt(timezone, at) / MINUTE_MS), 1_440);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}
