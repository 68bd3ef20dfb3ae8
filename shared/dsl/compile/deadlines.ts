/** Deadlines, from the author's words to the manifest's. */
import { DEADLINES_MAX } from "../../core/schedule/deadline.ts";
import {
  DEADLINE_REFERENCES,
  type DeadlineReference,
  type DeadlineSpec,
  type ScheduleSpec,
} from "../../core/manifest.ts";
import { nextFiring } from "../../core/schedule/schedule.ts";
import { oneLine } from "../../core/text.ts";
import { timeOfDayText } from "../../core/schedule/time-of-day.ts";
import { durationText, instant, plus } from "../../core/time.ts";
import { localDate, localIso, showingOf, startOfDate, type WallTime } from "../../core/schedule/zone.ts";
import { isRecord } from "../definition.ts";
import { duration, oneOf, readOptions, type Option, type Read } from "./option.ts";
import { shown, type Reporter } from "./report.ts";
import { timezone } from "./schedule-spec.ts";

const NAME_LENGTH_MAX = 60;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const refuse = (report: Reporter, message: string, help?: string): undefined => {
  report("DAG027", message, help === undefined ? {} : { help });
  return undefined;
};

const deadlineName: Option<string> = (given, name, report) =>
  typeof given === "string" && given !== "" && given.length <= NAME_LENGTH_MAX && oneLine(given) === given
    ? given
    : refuse(report, `${name} is ${shown(given)}, expected a line of text of up to ${NAME_LENGTH_MAX} letters`);

/** Minutes after midnight. */
const timeOfDay: Option<number> = (given, name, report) => {
  const [, hour, minute] = (typeof given === "string" && /^([01]\d|2[0-3]):([0-5]\d)$/.exec(given)) || [];
  return hour === undefined
    ? refuse(report, `${name} is ${shown(given)}, expected a time such as "07:00"`)
    : Number(hour) * 60 + Number(minute);
};

const within: Option<number> = (given, name, report) =>
  typeof given === "string" && given.startsWith("-")
    ? refuse(report, `${name} is ${shown(given)}: the run would be late before it could begin`)
    : duration()(given, name, report);

const OPTIONS = {
  name: deadlineName,
  from: oneOf(DEADLINE_REFERENCES),
  within,
  by: timeOfDay,
  timezone,
} as const;

interface OfDag {
  readonly timezone: string;
  readonly schedule: ScheduleSpec | null;
}

export function deadlineSpecs(given: unknown, dag: OfDag, report: Reporter): readonly DeadlineSpec[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    const help = isRecord(given) ? { help: "write `deadlines: [{ ... }]`" } : {};
    report("DAG005", `deadlines is ${shown(given)}, expected a list such as [{ within: "2h" }]`, help);
    return [];
  }
  if (given.length > DEADLINES_MAX)
    refuse(report, `it has ${given.length} deadlines; at most ${DEADLINES_MAX} are allowed`);
  const specs = given.flatMap((value: unknown, index) => deadlineSpec(value, `deadlines[${index}]`, dag, report) ?? []);
  const seen = new Set<string>();
  for (const { name } of specs) {
    if (seen.has(name)) report("DAG002", `two of its deadlines have the name '${name}'`);
    seen.add(name);
  }
  return specs;
}

function deadlineSpec(given: unknown, path: string, dag: OfDag, report: Reporter): DeadlineSpec | undefined {
  if (!isRecord(given)) {
    report("DAG005", `${path} is ${shown(given)}, expected an object such as { within: "2h" } or { by: "07:00" }`);
    return undefined;
  }
  const options = readOptions(OPTIONS, given, report, `${path}.`);
  if ((given["by"] === undefined) === (given["within"] === undefined)) {
    const both = given["by"] === undefined ? "neither" : "both";
    return refuse(report, `${path} has ${both} of \`within\` and \`by\`; it takes one of them`);
  }
  return given["by"] === undefined
    ? withinSpec(given, options, path, dag, report)
    : bySpec(given, options, path, dag, report);
}

type DeadlineRead = Read<typeof OPTIONS>;

const REFERENCE_TEXT: Readonly<Record<DeadlineReference, string>> = {
  due: "it is due",
  logicalDate: "its logical date",
  queued: "it is queued",
};

function withinSpec(
  given: Readonly<Record<string, unknown>>,
  { name, from = "due", within: withinMs }: DeadlineRead,
  path: string,
  { schedule }: OfDag,
  report: Reporter,
): DeadlineSpec | undefined {
  if (given["timezone"] !== undefined) refuse(report, `${path}.timezone goes with \`by\`, not with \`within\``);
  if (withinMs === undefined) return undefined;
  if (from === "logicalDate") checkLogicalDate(withinMs, path, schedule, report);
  return { name: name ?? `${durationText(withinMs)} after ${REFERENCE_TEXT[from]}`, from, withinMs };
}

/** Firings that are looked at: how long after its logical date a run is due changes with clocks and calendars. */
const FIRINGS_CHECKED = 400;
/** What is compiled does not depend on the day. */
const CHECKED_FROM = startOfDate("UTC", "2026-01-01");

/** Of deadlines that were right by the DAG's own schedule: whether they are by another one. */
export function checkDeadlines(deadlines: readonly DeadlineSpec[], schedule: ScheduleSpec, report: Reporter): void {
  for (const deadline of deadlines) {
    if ("from" in deadline && deadline.from === "logicalDate")
      checkLogicalDate(deadline.withinMs, `deadline '${deadline.name}'`, schedule, report);
  }
}

/** The logical date is where the interval begins: a run is due only at its end. */
function checkLogicalDate(withinMs: number, path: string, schedule: ScheduleSpec | null, report: Reporter): void {
  if (schedule === null) {
    const message = `${path}: without a schedule, only runs that are started with an interval have a logical date`;
    report("DAG027", message, { level: "warning", help: 'count from "due", which every run has' });
    return;
  }
  let firing = nextFiring(schedule, plus(instant(Math.max(CHECKED_FROM, schedule.start ?? CHECKED_FROM)), -1));
  for (let count = 0; firing !== null && count < FIRINGS_CHECKED; count++) {
    const { due, logicalDate } = firing;
    if (plus(logicalDate, withinMs) <= due) {
      const covers = `the run of ${localDate(schedule.timezone, logicalDate)} is due ${durationText(due - logicalDate)} after its logical date`;
      const help = `make it longer, or count from the time at which it is due: \`from: "due"\``;
      return refuse(
        report,
        `${path}.within is ${durationText(withinMs)}, but ${covers}: it would have missed it by then`,
        help,
      );
    }
    firing = nextFiring(schedule, due);
  }
}

function bySpec(
  given: Readonly<Record<string, unknown>>,
  { name, by, timezone: zone }: DeadlineRead,
  path: string,
  dag: OfDag,
  report: Reporter,
): DeadlineSpec | undefined {
  if (given["from"] !== undefined) refuse(report, `${path}.from goes with \`within\`, not with \`by\``);
  if (by === undefined) return undefined;
  const own = zone ?? dag.timezone;
  warnOfSkipped(by, own, path, report);
  const clock = zone === undefined ? "" : ` (${zone})`;
  return { name: name ?? `by ${timeOfDayText(by)}${clock}`, by, timezone: own };
}

/** Clocks that are changed are so every year. */
const DAYS_CHECKED = 366;

function warnOfSkipped(by: number, zone: string, path: string, report: Reporter): void {
  for (let day = 0; day < DAYS_CHECKED; day++) {
    const wall = (CHECKED_FROM + day * DAY_MS + by * MINUTE_MS) as WallTime;
    const { at, unchanged } = showingOf(zone, wall);
    if (at.length > 0) continue;
    const date = localDate("UTC", instant(wall));
    const message = `${path}.by: clocks in ${zone} skip ${timeOfDayText(by)} on some days, such as ${date}; it is ${localIso(zone, unchanged)} then`;
    report("DAG019", message, { level: "warning" });
    return;
  }
}
