/** The readings of a clock that a cron expression names, once its fields are lists of numbers: which is next, which was last. */
import type { WallTime } from "./zone.ts";

/** Minutes and hours ascending. */
export interface CronTable {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** 1 to 31. */
  readonly days: readonly number[];
  /** `L`: the last day of each month too. */
  readonly lastDay: boolean;
  /** 1 to 12. */
  readonly months: readonly number[];
  /** 0 (Sunday) to 6. */
  readonly weekdays: readonly number[];
  /** With both days restricted a date need only match one of them. */
  readonly daysRestricted: boolean;
  readonly weekdaysRestricted: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** 29 February is the rarest date; around a century that is no leap year it takes eight years to come back. */
const MONTHS_LOOKED_AT_MAX = 12 * 8 + 2;

/** The first reading after `after`; undefined if there is none within eight years, and so never. */
export function readingAfter(table: CronTable, after: WallTime): WallTime | undefined {
  const from = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
  const day = Math.floor(from / DAY_MS);
  const ofDay = matches(table, day) ? timeFrom(table, from - day * DAY_MS) : undefined;
  if (ofDay !== undefined) return (day * DAY_MS + ofDay) as WallTime;
  const next = dayFrom(table, day + 1, 1);
  const first = timeFrom(table, 0);
  return next === undefined || first === undefined ? undefined : ((next * DAY_MS + first) as WallTime);
}

/** The last reading before `before`; undefined likewise. */
export function readingBefore(table: CronTable, before: WallTime): WallTime | undefined {
  const until = (Math.ceil(before / MINUTE_MS) - 1) * MINUTE_MS;
  const day = Math.floor(until / DAY_MS);
  const ofDay = matches(table, day) ? timeUntil(table, until - day * DAY_MS) : undefined;
  if (ofDay !== undefined) return (day * DAY_MS + ofDay) as WallTime;
  const previous = dayFrom(table, day - 1, -1);
  const last = timeUntil(table, DAY_MS - 1);
  return previous === undefined || last === undefined ? undefined : ((previous * DAY_MS + last) as WallTime);
}

/** The first time of day from `ofDay` on. */
function timeFrom({ minutes, hours }: CronTable, ofDay: number): number | undefined {
  const hour = Math.floor(ofDay / HOUR_MS);
  const minute = (ofDay - hour * HOUR_MS) / MINUTE_MS;
  const now = hours.includes(hour) ? minutes.find((value) => value >= minute) : undefined;
  if (now !== undefined) return hour * HOUR_MS + now * MINUTE_MS;
  const later = hours.find((value) => value > hour);
  return later === undefined ? undefined : later * HOUR_MS + (minutes[0] ?? 0) * MINUTE_MS;
}

function timeUntil({ minutes, hours }: CronTable, ofDay: number): number | undefined {
  const hour = Math.floor(ofDay / HOUR_MS);
  const minute = (ofDay - hour * HOUR_MS) / MINUTE_MS;
  const now = hours.includes(hour) ? minutes.findLast((value) => value <= minute) : undefined;
  if (now !== undefined) return hour * HOUR_MS + now * MINUTE_MS;
  const earlier = hours.findLast((value) => value < hour);
  return earlier === undefined ? undefined : earlier * HOUR_MS + (minutes.at(-1) ?? 0) * MINUTE_MS;
}

/** The nearest date that matches, from `day` on, forward or back; months that do not match are passed over whole. */
function dayFrom(table: CronTable, day: number, step: 1 | -1): number | undefined {
  let at = day;
  for (let months = 0; months < MONTHS_LOOKED_AT_MAX; months++) {
    const date = new Date(at * DAY_MS);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    const edge = step === 1 ? Date.UTC(year, month + 1, 0) / DAY_MS : Date.UTC(year, month, 1) / DAY_MS;
    if (table.months.includes(month + 1)) {
      for (; step === 1 ? at <= edge : at >= edge; at += step) if (matches(table, at)) return at;
    }
    at = edge + step;
  }
  return undefined;
}

function matches(table: CronTable, day: number): boolean {
  const date = new Date(day * DAY_MS);
  if (!table.months.includes(date.getUTCMonth() + 1)) return false;
  const byWeekday = table.weekdays.includes(date.getUTCDay());
  if (!table.daysRestricted) return byWeekday;
  const last = table.lastDay && new Date((day + 1) * DAY_MS).getUTCDate() === 1;
  const byDay = last || table.days.includes(date.getUTCDate());
  return table.weekdaysRestricted ? byDay || byWeekday : byDay;
}
