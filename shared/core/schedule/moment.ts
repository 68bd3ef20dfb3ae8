/** Dates and times as people write them, in a time zone. */
import type { DstPolicy } from "../manifest.ts";
import { iso, parseDate, parseInstant, plus, type Instant } from "../time.ts";
import { localDate, localIso, showingOf, startOfDate, type WallTime } from "./zone.ts";

export interface Moment {
  /** None if clocks skip it and it is to be left out; two if they show it twice and both count. */
  readonly at: readonly Instant[];
  /** `date`: a whole day, of which `at` is the start. */
  readonly precision: "date" | "time";
  /** Clocks skip it. */
  readonly skipped: boolean;
}

const DAY_MS = 86_400_000;
const LOCAL = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
/** Where nothing else is said. */
export const DST_DEFAULT: DstPolicy = { gap: "shift", fold: "first" };

/** `2026-03-01`, `2026-03-01T04:00` on the zone's clock, or an instant: `2026-03-01T04:00:00Z`. */
export function readMoment(text: string, timezone: string, dst: DstPolicy): Moment | { readonly fault: string } {
  const fault = dateFault(text.slice(0, 10));
  if (fault !== undefined) return { fault };
  if (text.length === 10) return { at: [startOfDate(timezone, text)], precision: "date", skipped: false };
  const exact = parseInstant(text);
  if (exact !== undefined) return { at: [exact], precision: "time", skipped: false };
  const [, date = "", hour = 0, minute = 0, second = 0] = LOCAL.exec(text) ?? [];
  if (date === "") return { fault: EXPECTED };
  const ofDay = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  return atReading(timezone, plus(startOfDate("UTC", date), ofDay) as number as WallTime, dst);
}

const EXPECTED =
  'expected a date, a local time or an instant, such as "2026-03-01", "2026-03-01T04:00" or "2026-03-01T04:00:00Z"';

function dateFault(date: string): string | undefined {
  if (parseDate(date) !== undefined) return undefined;
  const [, month] = /^(\d{4}-(?:0[1-9]|1[0-2]))-\d{2}$/.exec(date) ?? [];
  if (month === undefined) return EXPECTED;
  const last = [31, 30, 29, 28].map((day) => `${month}-${day}`).find((day) => parseDate(day) !== undefined);
  // Years that are never computed with.
  if (last === undefined) return EXPECTED;
  return `a day that does not exist; the last of that month is ${last}`;
}

function atReading(timezone: string, wall: WallTime, { gap, fold }: DstPolicy): Moment {
  const { at, unchanged } = showingOf(timezone, wall);
  if (at.length === 0) return { at: gap === "shift" ? [unchanged] : [], precision: "time", skipped: true };
  const chosen = fold === "both" ? at : fold === "first" ? at.slice(0, 1) : at.slice(-1);
  return { at: chosen, precision: "time", skipped: false };
}

/** The end of what a moment names: of a date, the start of the next one. */
export function endOfMoment(text: string, { at, precision }: Moment, timezone: string): Instant | undefined {
  if (precision === "time") return at[0];
  return startOfDate(timezone, localDate("UTC", plus(startOfDate("UTC", text), DAY_MS)));
}

/** What becomes of a moment that clocks skip. */
export const skippedText = (text: string, timezone: string, at: Instant): string =>
  `clocks in ${timezone} skip ${text}; it becomes ${localIso(timezone, at)} (${iso(at)})`;
