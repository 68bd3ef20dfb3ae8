/** From a schedule as its author wrote it to the manifest's; everything that is wrong with it is told. */
import {
  PERIODS,
  type CronSpec,
  type DatesSpec,
  type EverySpec,
  type Period,
  type ScheduleSpec,
} from "../../core/manifest.ts";
import { assertNever } from "../../core/errors.ts";
import { DST_DEFAULT, endOfMoment, readMoment, type Moment } from "../../core/schedule/moment.ts";
import { nearest } from "../../core/problem.ts";
import { scheduleFaults } from "../../core/schedule/schedule.ts";
import { durationText, instant, iso } from "../../core/time.ts";
import { isTimezone, localIso, offsetAt, startOfDate } from "../../core/schedule/zone.ts";
import { isRecord, type RawOptions } from "../definition.ts";
import { SCHEDULE_MAKERS, WEEKDAYS, type Schedule } from "../schedule.ts";
import { anything, duration, group, oneOf, readOptions, type Option, type Read } from "./option.ts";
import { shown, type Reporter } from "./report.ts";

/** Dates of one schedule: all of them are in the manifest. */
const DATES_MAX = 1_000;
/** Cron expressions of one schedule. */
const EXPRESSIONS_MAX = 50;
const EVERY_MS_MIN = 60_000;
const DAY_MS = 86_400_000;

/** An IANA name. */
export const timezone: Option<string> = (given, name, report) => {
  // The runtime takes offsets for zones; in an offset nobody's clocks ever change.
  if (typeof given === "string" && /^[A-Za-z]/.test(given) && isTimezone(given)) return given;
  const near = typeof given === "string" ? nearest(given, Intl.supportedValuesOf("timeZone")) : undefined;
  const hint = near === undefined ? "" : `; did you mean '${near}'?`;
  report("DAG008", `${name} is ${shown(given)}, expected an IANA name such as "Europe/London" or "UTC"${hint}`);
  return undefined;
};

const TIMEZONE_DEFAULT = "UTC";

/** The DAG's zone: its own, else that of its schedule. */
export function timezoneOf(given: unknown, schedule: unknown, report: Reporter): string {
  if (given !== undefined) return timezone(given, "timezone", report) ?? TIMEZONE_DEFAULT;
  const ofSchedule = isRecord(schedule) && isRecord(schedule["options"]) ? schedule["options"]["timezone"] : undefined;
  return typeof ofSchedule === "string" && isTimezone(ofSchedule) ? ofSchedule : TIMEZONE_DEFAULT;
}

const refuse = (report: Reporter, message: string): undefined => {
  report("DAG007", message);
  return undefined;
};
const wrong = (report: Reporter, message: string): undefined => refuse(report, `schedule: ${message}`);

const time: Option<{ readonly minute: number; readonly hour: number }> = (given, name, report) => {
  const match = typeof given === "string" ? /^([01]\d|2[0-3]):([0-5]\d)$/.exec(given) : null;
  if (match === null) return refuse(report, `${name} is ${shown(given)}, expected a time such as "04:00"`);
  return { minute: Number(match[2]), hour: Number(match[1]) };
};

const between =
  (min: number, max: number, expected: string): Option<number> =>
  (given, name, report) =>
    typeof given === "number" && Number.isInteger(given) && given >= min && given <= max
      ? given
      : refuse(report, `${name} is ${shown(given)}, expected ${expected}`);

const BOUNDS = { timezone, start: anything, end: anything } as const;
const CLOCK = {
  ...BOUNDS,
  dst: group({ gap: oneOf(["shift", "skip"]), fold: oneOf(["first", "second", "both"]) }),
} as const;

const OPTIONS = {
  cron: { ...CLOCK, interval: oneOf(["cron", ...PERIODS, "none"]) },
  every: { ...BOUNDS, anchor: anything, interval: oneOf(["every", "none"]) },
  "every.minutes": CLOCK,
  "every.hour": { ...CLOCK, minute: between(0, 59, "0 to 59") },
  "every.day": { ...CLOCK, at: time },
  "every.week": { ...CLOCK, at: time, on: oneOf(WEEKDAYS) },
  "every.month": { ...CLOCK, at: time, on: between(1, 28, "a day that every month has: 1 to 28") },
  dates: { ...CLOCK, interval: oneOf(["dates", ...PERIODS, "none"]) },
} as const;

/** Null if there is none, or nothing that could be used. */
export function scheduleSpec(given: unknown, ofDag: string, report: Reporter): ScheduleSpec | null {
  if (given === undefined || given === null) return null;
  if (!isSchedule(given)) {
    const help = typeof given === "string" ? { help: `write \`schedule: cron(${JSON.stringify(given)})\`` } : {};
    report("DAG007", `schedule is ${shown(given)}, expected one made by cron(), every or dates()`, help);
    return null;
  }
  const raw = given.options ?? {};
  if (!isRecord(raw)) {
    report("DAG005", `schedule: the options of ${given.made} are ${shown(raw)}, expected an object`);
    return null;
  }
  const spec = readSchedule(given, raw, ofDag, report);
  if (spec === undefined) return null;
  const found = faultsOf(spec);
  for (const fault of found) wrong(report, fault);
  return found.length === 0 ? spec : null;
}

const isSchedule = (value: unknown): value is Schedule =>
  isRecord(value) && SCHEDULE_MAKERS.some((maker) => maker === value["made"]);

function readSchedule(
  { made, given }: Schedule,
  raw: RawOptions,
  ofDag: string,
  report: Reporter,
): ScheduleSpec | undefined {
  switch (made) {
    case "every":
      return everySpec(given, readOptions(OPTIONS.every, raw, report, "schedule."), ofDag, report);
    case "dates":
      return datesSpec(given, readOptions(OPTIONS.dates, raw, report, "schedule."), ofDag, report);
    case "cron": {
      const options = readOptions(OPTIONS.cron, raw, report, "schedule.");
      const expressions = expressionsOf(given, report);
      return expressions && cronSpec(expressions, options.interval ?? "cron", options, ofDag, report);
    }
    case "every.minutes": {
      const options = readOptions(OPTIONS[made], raw, report, "schedule.");
      const fits = typeof given === "number" && Number.isInteger(given) && given > 0 && given <= 30 && 60 % given === 0;
      if (!fits) return wrong(report, `every.minutes takes a divisor of 60 up to 30, not ${String(given)}`);
      return cronSpec([`*/${given} * * * *`], "cron", options, ofDag, report);
    }
    case "every.hour": {
      const options = readOptions(OPTIONS[made], raw, report, "schedule.");
      return cronSpec([`${options.minute ?? 0} * * * *`], "hour", options, ofDag, report);
    }
    case "every.day": {
      const options = readOptions(OPTIONS[made], raw, report, "schedule.");
      return cronSpec([`${timeOf(options)} * * *`], "day", options, ofDag, report);
    }
    case "every.week": {
      const options = readOptions(OPTIONS[made], raw, report, "schedule.");
      return cronSpec(
        [`${timeOf(options)} * * ${WEEKDAYS.indexOf(options.on ?? "monday")}`],
        "week",
        options,
        ofDag,
        report,
      );
    }
    case "every.month": {
      const options = readOptions(OPTIONS[made], raw, report, "schedule.");
      return cronSpec([`${timeOf(options)} ${options.on ?? 1} * *`], "month", options, ofDag, report);
    }
    default:
      return assertNever(made);
  }
}

const timeOf = ({ at = { minute: 0, hour: 0 } }: Read<(typeof OPTIONS)["every.day"]>): string =>
  `${at.minute} ${at.hour}`;

function expressionsOf(given: unknown, report: Reporter): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > EXPRESSIONS_MAX)
    return wrong(report, `cron() takes at most ${EXPRESSIONS_MAX} expressions, not ${list.length}`);
  const texts = list.filter((item) => typeof item === "string");
  if (texts.length === list.length) return [...new Set(texts)];
  return wrong(
    report,
    `cron() takes expressions such as "0 4 * * *", not ${shown(list.find((item) => typeof item !== "string"))}`,
  );
}

type Clock = Read<typeof CLOCK>;

function cronSpec(
  expressions: readonly string[],
  interval: CronSpec["interval"],
  options: Clock,
  ofDag: string,
  report: Reporter,
): CronSpec {
  const bounds = boundsOf(options, ofDag, report);
  return { kind: "cron", expressions, interval, dst: { ...DST_DEFAULT, ...options.dst }, ...bounds };
}

function everySpec(
  given: unknown,
  options: Read<(typeof OPTIONS)["every"]>,
  ofDag: string,
  report: Reporter,
): EverySpec | undefined {
  const bounds = boundsOf(options, ofDag, report);
  const at = options.anchor === undefined ? undefined : momentOf(options.anchor, "anchor", bounds.timezone, report);
  const everyMs = duration(EVERY_MS_MIN)(given, "schedule: the length of every()", report);
  if (everyMs === undefined) return undefined;
  const anchor = at?.at[0] ?? bounds.start ?? instant(0);
  if (everyMs % DAY_MS === 0 && changesClocks(bounds.timezone)) {
    const text = `schedule: ${durationText(everyMs)} is counted in hours, so that its runs come at other times of day once clocks in ${bounds.timezone} have changed`;
    const help = 'write `every.day({ at: "04:00" })` or `every.week({ ... })` for local days';
    report("DAG020", text, { level: "warning", help });
  }
  return { kind: "every", everyMs, anchor, interval: options.interval ?? "every", ...bounds };
}

/** Zones that have changed clocks at all do so between a January and the July after. */
const changesClocks = (zone: string): boolean =>
  offsetAt(zone, startOfDate("UTC", "2026-01-15")) !== offsetAt(zone, startOfDate("UTC", "2026-07-15"));

function datesSpec(
  given: unknown,
  options: Read<(typeof OPTIONS)["dates"]>,
  ofDag: string,
  report: Reporter,
): DatesSpec | undefined {
  const bounds = boundsOf(options, ofDag, report);
  if (!Array.isArray(given)) return wrong(report, `dates() takes a list, not ${shown(given)}`);
  if (given.length > DATES_MAX) return wrong(report, `dates() takes at most ${DATES_MAX} dates, not ${given.length}`);
  const dst = { ...DST_DEFAULT, ...options.dst };
  const moments = given.map((text: unknown, index) => momentOf(text, `dates[${index}]`, bounds.timezone, report, dst));
  if (moments.includes(undefined)) return undefined;
  const dates = [...new Set(moments.flatMap((moment) => moment?.at ?? []))].toSorted((a, b) => a - b);
  return { kind: "dates", dates, interval: options.interval ?? "none", ...bounds };
}

function boundsOf(
  options: Read<typeof BOUNDS>,
  ofDag: string,
  report: Reporter,
): Pick<ScheduleSpec, "timezone" | "start" | "end"> {
  const zone = options.timezone ?? ofDag;
  const start = options.start === undefined ? undefined : momentOf(options.start, "start", zone, report);
  const end = options.end === undefined ? undefined : momentOf(options.end, "end", zone, report);
  const until = end === undefined ? undefined : endOfMoment(String(options.end), end, zone);
  const from = start?.at[0] ?? null;
  if (from === null || until === undefined || from < until) return { timezone: zone, start: from, end: until ?? null };
  wrong(report, `start is ${String(options.start)}, which is not before end, ${String(options.end)}`);
  return { timezone: zone, start: from, end: null };
}

/** Undefined if it cannot be read. One that clocks skip is told. */
function momentOf(given: unknown, name: string, zone: string, report: Reporter, dst = DST_DEFAULT): Moment | undefined {
  const moment =
    typeof given === "string"
      ? readMoment(given, zone, dst)
      : { fault: 'expected a text such as "2026-03-01" or "2026-03-01T04:00"' };
  if ("fault" in moment) {
    report("DAG018", `schedule: ${name} is ${shown(given)}, ${moment.fault}`);
    return undefined;
  }
  if (moment.skipped) {
    const text = `schedule: ${name} is ${String(given)}, which clocks in ${zone} skip`;
    const at = moment.at[0];
    const becomes = at === undefined ? "it is left out" : `it becomes ${localIso(zone, at)} (${iso(at)})`;
    report("DAG019", `${text}; ${becomes}`, { level: "warning" });
  }
  return moment;
}

const MINUTE = "[1-5]?[0-9]";
const HOUR = "(?:1?[0-9]|2[0-3])";
/** Expressions that are right by their looks and fire once in the period. */
const PLAIN: Readonly<Record<Period, RegExp>> = {
  hour: new RegExp(`^${MINUTE} \\* \\* \\* \\*$`),
  day: new RegExp(`^${MINUTE} ${HOUR} \\* \\* \\*$`),
  week: new RegExp(`^${MINUTE} ${HOUR} \\* \\* [0-6]$`),
  month: new RegExp(`^${MINUTE} ${HOUR} (?:[1-9]|1[0-9]|2[0-8]) \\* \\*$`),
};

function isPlain(spec: ScheduleSpec): boolean {
  if (spec.kind !== "cron" || spec.expressions.length !== 1 || spec.start !== null || spec.end !== null) return false;
  const { expressions, interval, dst } = spec;
  const [expression = ""] = expressions;
  if (interval === "cron" || interval === "none") return PERIODS.some((period) => PLAIN[period].test(expression));
  // A time of day that fires twice on the day when the clock shows it twice does not.
  return dst.fold !== "both" && PLAIN[interval].test(expression);
}

/** The others are read by trial, which takes longer than all other checks of a DAG: each once, however many DAGs share it. */
const faults = new Map<string, readonly string[]>();
/** Schedules whose faults are kept; beyond it all are forgotten. */
const FAULTS_KEPT_MAX = 1_000;

function faultsOf(spec: ScheduleSpec): readonly string[] {
  if (isPlain(spec)) return [];
  const key = JSON.stringify(spec);
  let known = faults.get(key);
  if (known === undefined) {
    if (faults.size >= FAULTS_KEPT_MAX) faults.clear();
    faults.set(key, (known = scheduleFaults(spec)));
  }
  return known;
}
