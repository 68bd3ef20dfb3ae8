/** Arrival triggers. */
import { idFault, type TriggerId } from "../../core/ids.ts";
import type { ArrivalTriggerSpec } from "../../core/manifest.ts";
import { durationText } from "../../core/time.ts";
import { isRecord, optionsOf, triggerDefinition } from "../definition.ts";
import { duration, readOptions, text, whole } from "./option.ts";
import { shown, type Reporter } from "./report.ts";

const ARRIVAL_FILES_MAX = 10_000;
const ARRIVAL_DEFAULTS = { debounceMs: 60_000, maxWaitMs: 600_000, maxFiles: 100 } as const;
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
