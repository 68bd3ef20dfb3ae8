/** `import { preview } from "freshet/preview"`: what a schedule will do. Pipelines do not carry it in their bundles. */
import { FreshetError } from "../core/errors.ts";
import { DST_DEFAULT, endOfMoment, readMoment } from "../core/schedule/moment.ts";
import { previewRows, type PreviewRow } from "../core/schedule/preview.ts";
import type { Problem } from "../core/problem.ts";
import { instant, type Instant } from "../core/time.ts";
import { reporter } from "./compile/report.ts";
import { scheduleSpec, timezoneOf } from "./compile/schedule-spec.ts";
import type { Schedule } from "./schedule.ts";

export type { PreviewRow } from "../core/schedule/preview.ts";

/** A date or a time on the schedule's clock, or an instant: `"2026-03-01"`, `"2026-03-01T04:00"`, `"2026-03-01T04:00:00Z"`. */
type Moment = string;

export type PreviewOptions = {
  /** The first row is due at this time or later. */
  readonly from: Moment;
  /** Of a schedule that names none itself: that of its DAG; default `"UTC"`. */
  readonly timezone?: string;
} & (
  | {
      /** As many rows, or fewer if the schedule ends. */
      readonly count: number;
      readonly to?: never;
    }
  | {
      /** Rows due before this time; a date is the last day that is shown. */
      readonly to: Moment;
      readonly count?: never;
    }
);

/** Rows of one preview. */
const ROWS_MAX = 100_000;

/**
 * The firings of a schedule, in their order. Throws INVALID_DAG, with everything that is wrong with the schedule, and USAGE for
 * a span that cannot be read.
 */
export function preview(schedule: Schedule, options: PreviewOptions): readonly PreviewRow[] {
  const problems: Problem[] = [];
  const report = reporter(problems, "preview", () => undefined);
  const spec = scheduleSpec(schedule, timezoneOf(options.timezone, schedule, report), report);
  const errors = problems.filter(({ level }) => level === "error");
  if (spec === null || errors.length > 0) {
    const message = errors.map((problem) => problem.message).join("\n") || "preview: there is no schedule";
    throw new FreshetError("INVALID_DAG", message, { problems });
  }
  const from = startOf("from", options.from, spec.timezone);
  if (options.to !== undefined)
    return previewRows(spec, { from, to: endOf("to", options.to, spec.timezone), count: ROWS_MAX });
  const { count } = options;
  if (Number.isInteger(count) && count >= 0 && count <= ROWS_MAX) return previewRows(spec, { from, count });
  throw new FreshetError("USAGE", `preview: count is ${String(count)}, expected a whole number up to ${ROWS_MAX}`);
}

const startOf = (name: string, given: Moment, timezone: string): Instant => read(name, given, timezone).start;

const endOf = (name: string, given: Moment, timezone: string): Instant => read(name, given, timezone).end;

function read(name: string, text: string, timezone: string): { readonly start: Instant; readonly end: Instant } {
  const moment = readMoment(text, timezone, DST_DEFAULT);
  if ("fault" in moment) throw new FreshetError("USAGE", `preview: ${name} is '${text}', ${moment.fault}`);
  const [start = instant(0)] = moment.at;
  return { start, end: endOfMoment(text, moment, timezone) ?? start };
}
