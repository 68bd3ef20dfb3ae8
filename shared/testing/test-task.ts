/** `testTask(task, { inputs })`: tries the function of one task, without an engine around it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorClass } from "../core/attempt.ts";
import type { JsonValue } from "../core/json.ts";
import type { LogLevel, TaskHost } from "../core/task-host.ts";
import type { Duration } from "../dsl/options.ts";
import type { Dag } from "../dsl/dag.ts";
import { bundle } from "../dsl/runtime.ts";
import type { Asking, Given, GivenItem, Task } from "../dsl/task.ts";
import { memoryBuckets } from "./test-task/buckets.ts";
import { readTrial } from "./test-task/trial.ts";

type Content = string | Uint8Array;
/** By bucket, then by key; text is stored as UTF-8. */
export type BucketContents = { readonly [bucket: string]: { readonly [key: string]: Content } };

/** Members that may be undefined may be left out. */
type Lenient<Members> = {
  readonly [Name in keyof Members as undefined extends Members[Name] ? never : Name]: Members[Name];
} & {
  readonly [Name in keyof Members as undefined extends Members[Name] ? Name : never]?: Members[Name];
};
/** A member that is asked for where there is something in it that must be given. */
type Asked<Name extends string, Value> = [keyof Value] extends [never]
  ? { readonly [_ in Name]?: { readonly [nothing: string]: never } }
  : {} extends Value
    ? { readonly [_ in Name]?: Value }
    : { readonly [_ in Name]: Value };

type InputsOf<Ask> =
  Ask extends Given<infer In, unknown> ? Lenient<In> : { readonly [name: string]: JsonValue | undefined };
/** What the schema has defaults for may be left out: it says what is missing. */
type ParamsOf<Ask> =
  Ask extends Given<unknown, infer Params> ? Partial<Params> : { readonly [name: string]: JsonValue };
type ItemOption<Ask> = Ask extends GivenItem<infer Item, unknown> ? { readonly item: Item } : { readonly item?: never };

/** What the task's function is given. */
export type TestTaskOptions<Ask = unknown> = TestTaskSetting &
  Asked<"inputs", InputsOf<Ask>> &
  Asked<"params", ParamsOf<Ask>> &
  ItemOption<Ask>;

export interface TestTaskSetting {
  /** The DAG that it belongs to: its time zone and defaults count then, and a branch knows its children. */
  readonly dag?: Dag;
  /** What the run covers: a day of the DAG's time zone, or both ends, the end not included. Without it, nothing. */
  readonly interval?: string | { readonly start: string | Date; readonly end: string | Date };
  /** IANA name, of `ds` and of `interval`; default: the DAG's, or `"UTC"`. */
  readonly timezone?: string;
  /** 1 (default) for the first try. */
  readonly attempt?: number;
  /** Of an instance of a mapped task: its position; default 0. */
  readonly mapIndex?: number;
  /** What lies in the buckets. */
  readonly buckets?: BucketContents;
  /** Objects that started the run: `s3://bucket/key`, of those in `buckets`. */
  readonly files?: readonly string[];
  /** Where it runs; default: `"local"`, with all the past that there is. */
  readonly environment?: { readonly name?: string; readonly dataWindow?: Duration };
  /** Aborts the attempt. */
  readonly signal?: AbortSignal;
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: { readonly [key: string]: JsonValue };
}

/** What came of it. */
export interface TestedTask<Out> {
  /** `failed`: see `error`; `skipped`: see `reason`. */
  readonly state: "success" | "skipped" | "failed";
  /** What the next task would get: after JSON. undefined where it gave nothing. */
  readonly output: Out | undefined;
  /** Of a branch: the direct children that run. */
  readonly chosen: readonly string[] | undefined;
  /** Of a short circuit: whether its direct children run. */
  readonly proceeds: boolean | undefined;
  /** Why it was skipped. */
  readonly reason: string | undefined;
  readonly error:
    | {
        readonly name: string;
        readonly message: string;
        /** `transient` is tried again, as `retry` says; `permanent` and `quarantine` are not. */
        readonly class: ErrorClass;
        /** What `retryOn` says of it, where the task has one. */
        readonly retry?: boolean;
        readonly stack?: string;
      }
    | undefined;
  readonly log: readonly LogLine[];
  /** Files that it staged, by name. */
  readonly staged: ReadonlyMap<string, Uint8Array>;
  /** What lies in a bucket afterwards, by key; without what was staged. */
  bucket(name: string): ReadonlyMap<string, Uint8Array>;
}

type OutputOf<Out, Ask> = Ask extends GivenItem<unknown, infer Instance> ? Settled<Instance> : Settled<Out>;
type Settled<Out> = Out extends void ? undefined : Out;

/**
 * Runs a task's function once, as an executor would: its output passes through JSON, what it throws becomes an error with a
 * class, and its buckets are in memory. Nothing is tried again. Throws USAGE for options that do not fit the task, with all
 * that is wrong.
 */
export async function testTask<Out, Ask>(
  task: Task<string, Out> & Asking<Ask>,
  ...[options]: {} extends TestTaskOptions<Ask> ? [options?: TestTaskOptions<Ask>] : [options: TestTaskOptions<Ask>]
): Promise<TestedTask<OutputOf<Out, Ask>>> {
  const { exports, environment, input } = readTrial(task, options ?? {});
  const setting: TestTaskSetting = options ?? {};
  const scratch = await mkdtemp(join(tmpdir(), "freshet-task-"));
  const buckets = memoryBuckets(setting.buckets ?? {});
  const log: LogLine[] = [];
  const host: TaskHost<AbortSignal> = {
    signal: setting.signal ?? new AbortController().signal,
    scratch,
    staging: STAGING,
    objects: buckets,
    environment,
    log: (level, message, fields) => void log.push({ level, message, ...(fields === undefined ? {} : { fields }) }),
    now: () => Date.now(),
  };
  try {
    const result = await bundle([exports]).execute(input(buckets.arrived), host);
    const success = result.kind === "success" ? result : undefined;
    return {
      state: result.kind,
      // What the types say of the output is for the compiler; JSON has carried it.
      output: success?.output as OutputOf<Out, Ask> | undefined,
      chosen: success?.chosen,
      proceeds: success?.proceed,
      reason: result.kind === "skipped" ? result.reason : undefined,
      error: result.kind === "failed" ? result.error : undefined,
      log,
      staged: buckets.below(STAGING.bucket, STAGING.prefix),
      bucket: (name) => buckets.without(name, STAGING.prefix),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const STAGING = { bucket: "staging", prefix: "_staging/test/" };
