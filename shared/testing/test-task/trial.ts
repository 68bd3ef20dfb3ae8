/** Reads what a task is to be tried with, and finds everything that does not fit it in one pass. */
import type { ArrivedObject } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import { UNMAPPED, dagId, runId, taskId, versionHash } from "../../core/ids.ts";
import { jsonFault, type JsonObject, type JsonValue } from "../../core/json.ts";
import { DST_DEFAULT, endOfMoment, readMoment } from "../../core/schedule/moment.ts";
import { didYouMean } from "../../core/problem.ts";
import { LOCAL_ENVIRONMENT, type EnvironmentFacts, type RunnerInput } from "../../core/task-host.ts";
import { instant, iso, parseDuration, parseInstant, type Instant } from "../../core/time.ts";
import { isTimezone } from "../../core/schedule/zone.ts";
import { dag } from "../../dsl/dag.ts";
import {
  dagDefinition,
  optionsOf,
  taskDefinition,
  type DagDefinition,
  type TaskDefinition,
} from "../../dsl/definition.ts";
import { membersOf, upstreamsOf } from "../../dsl/members.ts";
import { task as makeTask, type Task } from "../../dsl/task.ts";

export interface TrialOptions {
  readonly dag?: unknown;
  readonly interval?: unknown;
  readonly timezone?: unknown;
  readonly attempt?: unknown;
  readonly mapIndex?: unknown;
  readonly files?: readonly string[];
  readonly buckets?: unknown;
  readonly environment?: unknown;
  readonly signal?: unknown;
  readonly inputs?: object;
  readonly params?: object;
  readonly item?: unknown;
}

export interface Trial {
  /** As a DAG file exports it. */
  readonly exports: object;
  readonly environment: EnvironmentFacts;
  /** `arrived` gives an object of the buckets. */
  readonly input: (arrived: (bucket: string, key: string) => ArrivedObject | undefined) => RunnerInput;
}

type Complain = (message: string) => void;

const KNOWN: Readonly<Record<keyof TrialOptions, true>> = {
  dag: true,
  interval: true,
  timezone: true,
  attempt: true,
  mapIndex: true,
  files: true,
  buckets: true,
  environment: true,
  signal: true,
  inputs: true,
  params: true,
  item: true,
};

/** How long a trial takes is for the test to say. */
const TIMEOUT_MS = 86_400_000;

const SENT = { v: 1, token: "", carried: {}, upstream: [], timeoutMs: TIMEOUT_MS, sentAt: instant(0) } as const;

/** Throws USAGE with all that does not fit. */
export function readTrial(task: unknown, options: TrialOptions): Trial {
  const definition = taskDefinition(task);
  if (definition === undefined) throw new FreshetError("USAGE", "testTask: expected a task, as `task()` makes it");
  const faults: string[] = [];
  const complain: Complain = (message) => void faults.push(message);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) complain(`there is no option '${name}'${didYouMean(name, Object.keys(KNOWN))}`);
  }
  const { exports, owner } = surroundings(task as Task, definition, options, complain);
  const zone = timezoneOf(options.timezone ?? optionsOf(owner)["timezone"], complain);
  const interval = readInterval(options.interval, zone, complain);
  const attempt = wholeNumber("attempt", options.attempt ?? 1, 1, complain);
  const mapIndex = wholeNumber("mapIndex", options.mapIndex ?? 0, 0, complain);
  const outputs = readInputs(definition, options.inputs ?? {}, complain);
  const params = checkedJson("params", options.params ?? {}, complain) as JsonObject;
  const item = readItem(definition, options, complain);
  const environment = readEnvironment(options.environment ?? {}, complain);
  const files = (options.files ?? []).map((address) => ({ address, object: placeOf(address, complain) }));
  const fail = (): never => {
    throw usage(definition, faults);
  };
  if (faults.length > 0) fail();
  const id = String(owner.id);
  const run: RunnerInput["dispatch"]["run"] = {
    runId: runId(`${id}.test`),
    dagId: dagId(id),
    version: versionHash("0".repeat(64)),
    bundle: "0".repeat(64),
    runType: files.length > 0 ? "event" : interval === null ? "manual" : "scheduled",
    epoch: 0,
    timezone: zone,
    logicalDate: interval?.start ?? null,
    dataInterval: interval,
    params,
    files: [],
  };
  const key = {
    runId: run.runId,
    taskId: taskId(String(definition.id)),
    attempt,
    mapIndex: item === undefined ? UNMAPPED : mapIndex,
  };
  const dispatch = { ...SENT, key, run };
  return {
    exports,
    environment,
    input(arrived) {
      const objects = files.map(({ address, object }) => {
        const found = object === undefined ? undefined : arrived(object.bucket, object.key);
        if (found === undefined) complain(`files: '${address}' is not in 'buckets'`);
        return found;
      });
      if (faults.length > 0) fail();
      return {
        dispatch,
        outputs,
        ...(item === undefined ? {} : { item }),
        files: objects.filter((object) => object !== undefined),
      };
    },
  };
}

function usage({ id }: TaskDefinition, faults: readonly string[]): FreshetError {
  const told =
    faults.length === 1
      ? (faults[0] ?? "")
      : `${faults.length} mistakes:\n${faults.map((fault) => `- ${fault}`).join("\n")}`;
  return new FreshetError("USAGE", `task '${String(id)}' cannot be tried so; ${told}`);
}

/** The DAG that the task is in; a made-up one if none was given. */
function surroundings(
  task: Task,
  definition: TaskDefinition,
  options: TrialOptions,
  complain: Complain,
): { readonly exports: object; readonly owner: DagDefinition } {
  const owner = dagDefinition(options.dag);
  if (owner !== undefined) {
    if (!membersOf(owner).includes(definition)) complain(`dag: '${String(owner.id)}' does not have the task`);
    return { exports: { dag: options.dag }, owner };
  }
  if (options.dag !== undefined) complain("dag: expected a DAG, as `dag()` makes it");
  const { choices } = optionsOf(definition);
  const children = Array.isArray(choices) ? (choices as readonly string[]) : [];
  if (definition.kind === "branch" && children.length === 0)
    complain("dag: a branch chooses among the tasks after it; say which DAG it is in");
  const alone = dag("test", {
    tasks: [task, ...children.map((child) => makeTask(child, { after: [task], run: () => {} }))],
  });
  return { exports: { alone }, owner: dagDefinition(alone) as DagDefinition };
}

function timezoneOf(given: unknown, complain: Complain): string {
  if (given === undefined) return "UTC";
  if (typeof given === "string" && isTimezone(given)) return given;
  complain(`timezone: ${JSON.stringify(given)} is no time zone; expected one like "Europe/London"`);
  return "UTC";
}

interface ReadInterval {
  readonly start: string;
  readonly end: string;
}

function readInterval(given: unknown, timezone: string, complain: Complain): ReadInterval | null {
  if (given === undefined || given === null) return null;
  const ends = typeof given === "object" ? (given as { readonly start: unknown; readonly end: unknown }) : undefined;
  const start = readTime("interval", ends === undefined ? given : ends.start, timezone, complain);
  const end = ends === undefined ? start : readTime("interval", ends.end, timezone, complain);
  if (start === undefined || end === undefined) return null;
  const until = ends === undefined ? end.end : end.at;
  if (until >= start.at) return { start: iso(start.at), end: iso(until) };
  complain(`interval: it ends before it starts: ${iso(start.at)} to ${iso(until)}`);
  return null;
}

interface Time {
  readonly at: Instant;
  readonly end: Instant;
}

function readTime(option: string, given: unknown, timezone: string, complain: Complain): Time | undefined {
  if (given instanceof Date && !Number.isNaN(given.getTime())) {
    const at = instant(given.getTime());
    return { at, end: at };
  }
  const text = typeof given === "string" ? given : String(given);
  const exact = parseInstant(text);
  if (exact !== undefined) return { at: exact, end: exact };
  const read = readMoment(text, timezone, DST_DEFAULT);
  if ("fault" in read) {
    complain(`${option}: '${text}'; ${read.fault}`);
    return undefined;
  }
  const [at = instant(0)] = read.at;
  return { at, end: endOfMoment(text, read, timezone) ?? at };
}

function wholeNumber(option: string, given: unknown, least: number, complain: Complain): number {
  if (typeof given === "number" && Number.isSafeInteger(given) && given >= least) return given;
  complain(`${option}: ${String(given)}; expected a whole number from ${least}`);
  return least;
}

/** As upstream tasks would have given them. */
function readInputs(
  definition: TaskDefinition,
  given: object,
  complain: Complain,
): { readonly [taskId: string]: JsonValue } {
  const outputs: { [taskId: string]: JsonValue } = {};
  const upstreams = upstreamsOf(definition).filter(({ input }) => input !== null);
  const known = upstreams.flatMap(({ input }) => input ?? []);
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const upstream = upstreams.find(({ input }) => input === name);
    if (upstream === undefined) {
      const there = didYouMean(name, known) || `; it takes ${known.length === 0 ? "none" : known.join(", ")}`;
      complain(`inputs: it takes no '${name}'${there}`);
    } else if (value !== undefined) outputs[String(upstream.task.id)] = checkedJson(`inputs.${name}`, value, complain);
  }
  return outputs;
}

function readItem(
  definition: TaskDefinition,
  options: TrialOptions,
  complain: Complain,
): { readonly value: JsonValue } | undefined {
  const isMapped = optionsOf(definition)["over"] !== undefined;
  const isGiven = Object.hasOwn(options, "item") && options.item !== undefined;
  if (isMapped && !isGiven) complain("item: it is mapped: say which item it is to work on");
  if (!isMapped && isGiven) complain("item: it is not mapped, and works on no item");
  return isMapped && isGiven ? { value: checkedJson("item", options.item, complain) } : undefined;
}

/** A copy, as JSON carries it. */
function checkedJson(option: string, value: unknown, complain: Complain): JsonValue {
  const fault = jsonFault(value);
  if (fault === undefined) return JSON.parse(JSON.stringify(value)) as JsonValue;
  complain(`${option}: it is not JSON; ${fault}`);
  return null;
}

function placeOf(address: string, complain: Complain): { readonly bucket: string; readonly key: string } | undefined {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (bucket !== undefined && key !== undefined) return { bucket, key };
  complain(`files: '${address}'; expected "s3://bucket/key"`);
  return undefined;
}

function readEnvironment(given: unknown, complain: Complain): EnvironmentFacts {
  const shape = 'expected { name: "staging", dataWindow: "7d" }, or one of them';
  if (typeof given !== "object" || given === null) {
    complain(`environment is ${JSON.stringify(given)}; ${shape}`);
    return LOCAL_ENVIRONMENT;
  }
  const { name = LOCAL_ENVIRONMENT.name, dataWindow, ...rest } = given as Readonly<Record<string, unknown>>;
  const dataWindowMs = typeof dataWindow === "string" ? parseDuration(dataWindow) : undefined;
  for (const other of Object.keys(rest)) complain(`environment has no '${other}'; ${shape}`);
  if (typeof name !== "string") complain(`environment.name is ${JSON.stringify(name)}; ${shape}`);
  if (dataWindow !== undefined && dataWindowMs === undefined)
    complain(`environment.dataWindow is ${JSON.stringify(dataWindow)}; expected a duration such as "7d"`);
  return { name: String(name), dataWindowMs: dataWindowMs ?? null };
}
