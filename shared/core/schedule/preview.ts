/** What a schedule will do, as rows that people and programs read. */
import { durationText, iso, plus, type Instant } from "../time.ts";
import { goesByMinutes, namesWall } from "./cron.ts";
import type { CronSpec, ScheduleSpec } from "../manifest.ts";
import { nextFiring, type Firing } from "./schedule.ts";
import {
  changeBefore,
  firstInstant,
  localDate,
  localIso,
  offsetAt,
  showingOf,
  wallAt,
  type ClockChange,
  type WallTime,
} from "./zone.ts";

/** A firing: instants as ISO 8601 in UTC. */
export interface PreviewRow {
  readonly logicalDate: string;
  readonly dataInterval: { readonly start: string; readonly end: string };
  readonly due: string;
  /** On the schedule's own clock: `2026-03-08T03:30:00-04:00`. */
  readonly dueLocal: string;
  /** What clocks do to it; null where they do nothing. */
  readonly note: string | null;
}

export interface PreviewSpan {
  /** Firings due at this instant or later. */
  readonly from: Instant;
  /** Those due before this instant; without one, as many as `count` says. */
  readonly to?: Instant;
  readonly count: number;
}

/** The firings of a schedule in their order, at most `count`. */
export function previewRows(schedule: ScheduleSpec, { from, to, count }: PreviewSpan): readonly PreviewRow[] {
  const rows: PreviewRow[] = [];
  let firing = nextFiring(schedule, plus(from, -1));
  let before: Instant | undefined;
  for (; firing !== null && rows.length < count; firing = nextFiring(schedule, firing.due)) {
    if (to !== undefined && firing.due >= to) break;
    rows.push(rowOf(schedule, firing, before));
    before = firing.due;
  }
  return rows;
}

function rowOf(schedule: ScheduleSpec, firing: Firing, before: Instant | undefined): PreviewRow {
  const { due, logicalDate, dataInterval } = firing;
  const clocks = schedule.kind === "cron" ? clockNote(schedule, due, before) : undefined;
  const length = lengthNote(schedule, firing);
  return {
    logicalDate: iso(logicalDate),
    dataInterval: { start: iso(dataInterval.start), end: iso(dataInterval.end) },
    due: iso(due),
    dueLocal: localIso(schedule.timezone, due),
    note: noteText(clocks, length),
  };
}

function noteText(clocks: string | undefined, length: LengthNote | undefined): string | null {
  if (length === undefined) return clocks ?? null;
  return `${clocks ?? length.change}${clocks === undefined ? ":" : ","} covers ${length.covers}`;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What becomes of times of day that clocks skip or show twice. */
function clockNote(schedule: CronSpec, due: Instant, before: Instant | undefined): string | undefined {
  const { timezone, dst } = schedule;
  const wall = wallAt(timezone, due);
  const { at } = showingOf(timezone, wall);
  if (at.length > 1) {
    const which = due === at[0] ? "first" : "second";
    const both = dst.fold === "both" || isNamedByMinutes(schedule, wall);
    return `clocks go back: ${clockText(wall)} comes twice, ${both ? "this is" : "fires"} the ${which} time`;
  }
  const change = changeBefore(timezone, due);
  if (change === undefined || change.to < change.from) return undefined;
  const skipped = skippedReadings(schedule, change);
  if (skipped.length === 0) return undefined;
  // What is left out is told once: by the first firing after the change.
  if (dst.gap === "skip" && before !== undefined && before >= change.at) return undefined;
  if (dst.gap === "skip") return `clocks go forward: no ${skipped.map(clockText).join(", ")} on ${dayText(skipped)}`;
  const intended = (due + change.from) as WallTime;
  if (!skipped.includes(intended)) return undefined;
  const day = dayText([intended]) === dayText([wall]) ? "" : `${dayText([intended])} `;
  return `clocks go forward: ${day}${clockText(intended)} does not exist, fires at ${clockText(wall)}`;
}

/** By expressions that give the hour: the others have none to miss. */
function skippedReadings({ expressions }: CronSpec, { at, from, to }: ClockChange): readonly WallTime[] {
  const timed = expressions.filter((expression) => !goesByMinutes(expression));
  const found: WallTime[] = [];
  for (let wall = at + from; wall < at + to; wall += MINUTE_MS) {
    if (timed.some((expression) => namesWall(expression, wall as WallTime))) found.push(wall as WallTime);
  }
  return found;
}

const isNamedByMinutes = ({ expressions }: CronSpec, wall: WallTime): boolean =>
  expressions.some((expression) => goesByMinutes(expression) && namesWall(expression, wall));

interface LengthNote {
  readonly change: string;
  readonly covers: string;
}

/** Of a run whose interval is shorter or longer than it looks. */
function lengthNote({ kind, interval, timezone }: ScheduleSpec, { dataInterval }: Firing): LengthNote | undefined {
  const { start, end } = dataInterval;
  if (interval === "none" || kind === "every") return undefined;
  const [before, after] = [offsetAt(timezone, start), offsetAt(timezone, end)];
  if (before === after) return undefined;
  const at = firstInstant(start, end, (then) => offsetAt(timezone, then) === after);
  const change = `clocks go ${after > before ? "forward" : "back"} on ${localDate(timezone, at)}`;
  return { change, covers: lengthText(end - start) };
}

/** A day that is an hour longer is one of 25 hours. */
const lengthText = (ms: number): string =>
  ms >= DAY_MS && ms < 2 * DAY_MS && ms % HOUR_MS === 0 ? `${ms / HOUR_MS}h` : durationText(ms);

/** `02:30`. */
const clockText = (wall: WallTime): string => iso(wall as number as Instant).slice(11, 16);
const dayText = ([wall]: readonly WallTime[]): string => iso(wall as number as Instant).slice(0, 10);
