/** What a run covers, as a person says it on the command line. */
import { assertNever, FreshetError } from "../../shared/core/errors.ts";
import type { Manifest, ScheduleSpec } from "../../shared/core/manifest.ts";
import type { DataInterval } from "../../shared/core/run.ts";
import { durationText, iso, parseDate, parseInstant, type Instant } from "../../shared/core/time.ts";
import { lastPeriod, startOfDate } from "../../shared/core/schedule/zone.ts";

export interface Covers {
  /** `--date YYYY-MM-DD` */
  readonly date?: string | undefined;
  /** `--interval START/END` */
  readonly interval?: string | undefined;
}

const DAY_MS = 86_400_000;

/** What is wrong whatever the DAG is. Throws USAGE, with what was given and what is expected. */
export function checkCovers({ date, interval }: Covers): void {
  if (date !== undefined && interval !== undefined) {
    throw new FreshetError("USAGE", "--date and --interval say the same thing; give one of them");
  }
  if (date !== undefined) requireDate("--date", date);
  if (interval !== undefined) betweenOf("UTC", interval);
}

/** Undefined if nothing is said. Throws USAGE, with what was given and what is expected. */
export function intervalOf(manifest: Manifest, { date, interval }: Covers): DataInterval | undefined {
  checkCovers({ date, interval });
  if (date !== undefined) return periodOf(manifest, date);
  return interval === undefined ? undefined : betweenOf(manifest.timezone, interval);
}

function periodOf({ dagId, schedule }: Manifest, date: string): DataInterval {
  if (schedule === null) {
    throw new FreshetError(
      "USAGE",
      `dag '${dagId}' has no schedule that would say what ${date} covers; give --interval START/END`,
    );
  }
  const { interval, timezone } = schedule;
  switch (interval) {
    case "day":
      return lastPeriod("day", timezone, startOfDate(timezone, daysAfter(date, 1)));
    case "week":
      return lastPeriod("week", timezone, startOfDate(timezone, daysAfter(date, 7)));
    case "month":
      return lastPeriod("month", timezone, startOfDate(timezone, firstOfNextMonth(date)));
    case "hour":
    case "cron":
    case "every":
    case "dates":
    case "none":
      throw new FreshetError(
        "USAGE",
        `a run of dag '${dagId}' covers ${coversText(schedule)}, not a date; give --interval START/END`,
      );
    default:
      return assertNever(interval);
  }
}

function coversText(schedule: ScheduleSpec): string {
  if (schedule.interval === "hour") return "an hour";
  if (schedule.interval === "none") return "an instant";
  if (schedule.kind === "every") return durationText(schedule.everyMs);
  if (schedule.kind === "dates") return "from one of its dates to the next";
  const expressions = schedule.expressions.map((expression) => `'${expression}'`).join(" and ");
  return `from one firing of ${expressions} (${schedule.timezone}) to the next`;
}

function betweenOf(timezone: string, text: string): DataInterval {
  const [from, to, ...others] = text.split("/");
  if (from === undefined || to === undefined || others.length > 0) {
    throw new FreshetError("USAGE", `--interval is '${text}'; expected START/END, such as 2026-03-01/2026-03-02`);
  }
  const [start, end] = [instantOf(from, timezone), instantOf(to, timezone)];
  if (end > start) return { start, end };
  throw new FreshetError("USAGE", `--interval ends at ${iso(end)}, which is not after its start ${iso(start)}`);
}

/** A date is the start of that day in the DAG's zone. */
function instantOf(text: string, timezone: string): Instant {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) {
    requireDate("--interval", text);
    return startOfDate(timezone, text);
  }
  const at = parseInstant(text);
  if (at !== undefined) return at;
  const why = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(text) ? "has no time zone (add Z, or +01:00)" : "is no instant";
  throw new FreshetError(
    "USAGE",
    `--interval: '${text}' ${why}; expected a date, or ISO 8601 such as 2026-03-01T04:00:00Z`,
  );
}

function requireDate(option: string, text: string): void {
  if (parseDate(text) !== undefined) return;
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])-\d{2}$/.exec(text) ?? [];
  if (year === undefined || month === undefined) {
    throw new FreshetError("USAGE", `${option} is '${text}'; expected a date as YYYY-MM-DD, such as 2026-03-01`);
  }
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).toISOString().slice(0, 10);
  throw new FreshetError(
    "USAGE",
    `${option} is '${text}', a day that does not exist; the last of that month is ${last}`,
  );
}

const daysAfter = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

function firstOfNextMonth(date: string): string {
  const [year = 0, month = 0] = date.split("-").map(Number);
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}
