/** Makes the context of a task's function from what its executor gives. */
import type { RunContext } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { LogLevel, RunnerInput, TaskHost } from "../../core/task-host.ts";
import { instant } from "../../core/time.ts";
import { localDate } from "../../core/schedule/zone.ts";
import type { Interval, Log, RunFacts, TaskContext } from "../context.ts";
import { createRetry, sleepFor } from "./retry.ts";
import { createStaging } from "./staging.ts";
import { createStorage } from "./storage.ts";

export interface ContextParts {
  readonly inputs: { readonly [name: string]: JsonValue | undefined };
  readonly params: unknown;
  /** Of an instance of a mapped task: what it has besides. */
  readonly mapped?: { readonly item: JsonValue; readonly mapIndex: number; readonly mapKey: string | null };
}

/** Authors get Dates, made of instants that they are given; nothing here reads the clock. */
// oxlint-disable-next-line no-restricted-globals -- see above
const dateOf = (isoText: string): Date => new Date(isoText);

export function taskContext(
  input: RunnerInput,
  host: TaskHost<AbortSignal>,
  { inputs, params, mapped }: ContextParts,
): TaskContext<JsonObject, JsonObject> {
  const { run, key } = input.dispatch;
  const facts = runFacts(input);
  const context = {
    ...mapped,
    inputs,
    params,
    attempt: key.attempt,
    signal: host.signal,
    log: logOf(host),
    storage: createStorage(host),
    staging: createStaging(host),
    retry: createRetry({
      signal: host.signal,
      now: () => host.now(),
      sleep: sleepFor,
      warn: (message) => host.log("warn", `retry: ${message}`),
    }),
    run: facts,
    environment: host.environment,
  };
  const asked = {
    // The folder is made when it is asked for, which most tasks never do.
    scratch: () => host.scratch,
    // A run that files started covers no interval: who asks is told so, instead of computing with nothing.
    interval: () => facts.dataInterval ?? noInterval(run, "interval"),
    logicalDate: () => facts.logicalDate ?? noInterval(run, "logicalDate"),
    ds: () => localDate(run.timezone, instant((facts.dataInterval?.start ?? noInterval(run, "ds")).getTime())),
  };
  for (const [name, get] of Object.entries(asked)) Object.defineProperty(context, name, { get });
  return context as unknown as TaskContext<JsonObject, JsonObject>;
}

function runFacts({ dispatch: { run }, files }: RunnerInput): RunFacts {
  const { runId, dagId, runType, version, logicalDate, dataInterval } = run;
  return {
    runId,
    dagId,
    runType,
    version,
    logicalDate: logicalDate === null ? null : dateOf(logicalDate),
    dataInterval: dataInterval === null ? null : intervalOf(dataInterval),
    files,
  };
}

const intervalOf = ({ start, end }: { readonly start: string; readonly end: string }): Interval => ({
  start: dateOf(start),
  end: dateOf(end),
});

function noInterval(run: RunContext, member: "interval" | "logicalDate" | "ds"): never {
  const nullable = member === "logicalDate" ? "run.logicalDate" : "run.dataInterval";
  throw new FreshetError(
    "USAGE",
    `ctx.${member}: this ${run.runType} run of dag '${run.dagId}' covers no interval; where that may be, ask ctx.${nullable}, which is then null`,
  );
}

function logOf(host: TaskHost<AbortSignal>): Log {
  const at =
    (level: LogLevel): Log["info"] =>
    (message, fields) =>
      host.log(level, message, fields);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
