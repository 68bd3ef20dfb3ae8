/** Instants and durations. Time is an argument everywhere; nothing here reads a clock. */

declare const instantBrand: unique symbol;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly [instantBrand]: true };

export const instant = (epochMs: number): Instant => epochMs as Instant;
export const plus = (at: Instant, ms: number): Instant => instant(at + ms);
export const earliest = (...times: readonly (Instant | undefined)[]): Instant | undefined => {
  let first: Instant | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
};

/** ISO 8601 in UTC; without the milliseconds when they are zero. */
export const iso = (at: Instant): string => new Date(at).toISOString().replace(".000Z", "Z");

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;
/** The instant that an ISO 8601 text with a zone names; undefined for anything else (2026-02-30 does not roll over). */
export function parseInstant(text: string): Instant | undefined {
  if (!ISO_INSTANT.test(text)) return undefined;
  if (parseDate(text.slice(0, 10)) === undefined) return undefined;
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : instant(epochMs);
}

export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

/** The calendar date that `YYYY-MM-DD` names; undefined if there is no such day. */
export function parseDate(text: string): CalendarDate | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const time = new Date(Date.UTC(year, month - 1, day));
  // A month that does not exist moves the year, a day the day; years before 100 would be taken for those of the last century.
  if (time.getUTCFullYear() !== year || time.getUTCDate() !== day) return undefined;
  return { year, month, day };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;

/** A hundred years: what is longer is a slip, and with it a time would lie beyond those that there are. */
const DURATION_MAX_MS = 36_500 * 86_400_000;

/** Milliseconds of `"10m"`, `"1h30m"`, `"500ms"`, `"2d"`; undefined for anything else, and beyond DURATION_MAX_MS. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const part of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ""] ?? 0);
  }
  return totalMs <= DURATION_MAX_MS ? Math.round(totalMs) : undefined;
}

/** A duration as people write it: `1h 30m`, `2.5s`, `120ms`; at most two units. */
export function durationText(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1000) return `${whole}ms`;
  if (whole < 59_500) return `${Number((whole / 1000).toFixed(whole < 9_950 ? 1 : 0))}s`;
  const parts: string[] = [];
  let rest = Math.round(whole / 1000) * 1000;
  for (const unit of ["d", "h", "m", "s"]) {
    const size = UNIT_MS[unit] ?? 1;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}
