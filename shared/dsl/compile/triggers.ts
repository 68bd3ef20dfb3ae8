/** Schedules, time zones and arrival triggers. */
import { idFault, type TriggerId } from "../../core/ids.ts";
import { PERIODS, type ArrivalTriggerSpec, type Period, type ScheduleSpec } from "../../core/manifest.ts";
import { nearest } from "../../core/problem.ts";
import { scheduleFault } from "../../core/schedule.ts";
import { durationText } from "../../core/time.ts";
import { isTimezone } from "../../core/zone.ts";
import { isRecord, optionsOf, triggerDefinition } from "../definition.ts";
import { duration, readOptions, text, whole } from "./option.ts";
import { shown, type Reporter } from "./report.ts";

const ARRIVAL_FILES_MAX = 10_000;
const ARRIVAL_DEFAULTS = { debounceMs: 60_000, maxWaitMs: 600_000, maxFiles: 100 } as const;
const TIMEZONE_DEFAULT = "UTC";

const MINUTE = "[1-5]?[0-9]";
const HOUR = "(?:1?[0-9]|2[0-3])";
/** Expressions that are right by their looks and fire once in the period. */
const PLAIN: Readonly<Record<Period, RegExp>> = {
  hour: new RegExp(`^${MINUTE} \\* \\* \\* \\*$`),
  day: new RegExp(`^${MINUTE} ${HOUR} \\* \\* \\*$`),
  week: new RegExp(`^${MINUTE} ${HOUR} \\* \\* [0-6]$`),
  month: new RegExp(`^${MINUTE} ${HOUR} (?:[1-9]|1[0-9]|2[0-8]) \\* \\*$`),
};

function isPlain({ expression, interval }: ScheduleSpec): boolean {
  if (interval !== "cron" && interval !== "none") return PLAIN[interval].test(expression);
  return PERIODS.some((period) => PLAIN[period].test(expression));
}

/** The others are read by trial, which takes longer than all other checks of a DAG: each once, however many DAGs share it. */
const faults = new Map<string, string | undefined>();

function faultOf(spec: ScheduleSpec): string | undefined {
  if (isPlain(spec)) return undefined;
  const key = `${spec.expression}\n${spec.timezone}\n${spec.interval}`;
  if (!faults.has(key)) faults.set(key, scheduleFault(spec));
  return faults.get(key);
}

export function timezoneOf(given: unknown, report: Reporter): string {
  if (given === undefined) return TIMEZONE_DEFAULT;
  // The runtime takes offsets for zones; in an offset nobody's clocks ever change.
  if (typeof given === "string" && /^[A-Za-z]/.test(given) && isTimezone(given)) return given;
  const name = typeof given === "string" ? nearest(given, Intl.supportedValuesOf("timeZone")) : undefined;
  const hint = name === undefined ? "" : `; did you mean '${name}'?`;
  report("DAG008", `timezone is ${shown(given)}, expected an IANA name such as "Europe/London" or "UTC"${hint}`);
  return TIMEZONE_DEFAULT;
}

const INTERVALS: readonly unknown[] = ["cron", ...PERIODS, "none"];

export function scheduleSpec(given: unknown, timezone: string, report: Reporter): ScheduleSpec | null {
  if (given === undefined || given === null) return null;
  if (!isRecord(given) || given["kind"] !== "cron" || typeof given["expression"] !== "string") {
    const help = typeof given === "string" ? { help: `write \`schedule: cron(${JSON.stringify(given)})\`` } : {};
    report("DAG007", `schedule is ${shown(given)}, expected one made by cron() or every`, help);
    return null;
  }
  const { expression, interval, fault } = given;
  if (typeof fault === "string") {
    report("DAG007", `schedule: ${fault}`);
    return null;
  }
  if (!INTERVALS.includes(interval)) {
    report("DAG007", `schedule: interval is ${shown(interval)}, expected one of ${INTERVALS.join(", ")}`);
    return null;
  }
  const spec: ScheduleSpec = {
    kind: "cron",
    expression,
    interval: interval as ScheduleSpec["interval"],
    timezone,
    dst: { gap: "shift", fold: "first" },
  };
  const wrong = faultOf(spec);
  if (wrong !== undefined) report("DAG007", `schedule: ${wrong}`);
  return spec;
}

const ARRIVAL_OPTIONS = {
  bucket: text,
  prefix: text,
  suffix: text,
  debounce: duration(0),
  maxWait: duration(0),
  maxFiles: whole(1, ARRIVAL_FILES_MAX),
} as const;

/** S3's grammar of bucket names; a bucket is also a folder of the embedded mode. */
const BUCKET = /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export function triggerSpecs(given: unknown, report: Reporter): readonly ArrivalTriggerSpec[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    report("DAG005", `triggers is ${shown(given)}, expected a list`);
    return [];
  }
  const specs = given.flatMap((value: unknown, index) => triggerSpec(value, index, report) ?? []);
  const seen = new Set<string>();
  for (const spec of specs) {
    if (seen.has(spec.triggerId)) report("DAG002", `two of its triggers have the id '${spec.triggerId}'`);
    seen.add(spec.triggerId);
  }
  return specs;
}

function triggerSpec(value: unknown, index: number, report: Reporter): ArrivalTriggerSpec | undefined {
  const trigger = triggerDefinition(value);
  if (trigger === undefined) {
    report("DAG005", `triggers[${index}] is ${shown(value)}, expected one made by arrival()`);
    return undefined;
  }
  const name = `trigger ${JSON.stringify(trigger.id)}`;
  const fault = idFault("trigger", trigger.id);
  if (fault !== undefined) report("DAG001", `${name}: its id ${fault}`);
  if (!isRecord(trigger.options))
    report("DAG005", `${name}: its options are ${shown(trigger.options)}, expected an object`);
  const options = readOptions(ARRIVAL_OPTIONS, optionsOf(trigger), report, `triggers[${index}].`);
  const spec: ArrivalTriggerSpec = {
    kind: "arrival",
    triggerId: String(trigger.id) as TriggerId,
    bucket: options.bucket ?? "",
    prefix: options.prefix ?? "",
    suffix: options.suffix ?? "",
    debounceMs: options.debounce ?? ARRIVAL_DEFAULTS.debounceMs,
    maxWaitMs: options.maxWait ?? Math.max(ARRIVAL_DEFAULTS.maxWaitMs, options.debounce ?? 0),
    maxFiles: options.maxFiles ?? ARRIVAL_DEFAULTS.maxFiles,
  };
  checkArrival(spec, optionsOf(trigger)["bucket"], (message, help) => report("DAG014", `${name}: ${message}`, help));
  return spec;
}

function checkArrival(
  { bucket, prefix, debounceMs, maxWaitMs }: ArrivalTriggerSpec,
  given: unknown,
  report: (message: string, extras?: { readonly help: string }) => void,
): void {
  if (given === undefined) report("it names no bucket", { help: 'write `bucket: "the-name-of-the-bucket"`' });
  else if (typeof given === "string" && !BUCKET.test(bucket)) {
    report(`bucket is ${shown(bucket)}, expected 3 to 63 small letters, digits, '-' and '.'`);
  }
  if (prefix.startsWith("/")) {
    report(`prefix is ${shown(prefix)}, but keys do not begin with '/'`, {
      help: `write \`prefix: "${prefix.replace(/^\/+/, "")}"\``,
    });
  }
  if (debounceMs > maxWaitMs) {
    const wait = `debounce is ${durationText(debounceMs)} and maxWait ${durationText(maxWaitMs)}`;
    report(`${wait}: a window would close before it could be quiet for that long`, {
      help: "make maxWait at least as long",
    });
  }
}
