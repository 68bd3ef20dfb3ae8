/** What a task's function is given. */
import type { ArrivedObject } from "../core/attempt.ts";
import type { JsonValue } from "../core/json.ts";
import type { EnvironmentFacts } from "../core/task-host.ts";
import type { RunType } from "../core/states.ts";
import type { Retry } from "./runtime/retry.ts";
import type { Staging } from "./runtime/staging.ts";
import type { Storage } from "./runtime/storage.ts";

/** From `start` (included) to `end` (not included). */
export interface Interval {
  readonly start: Date;
  readonly end: Date;
}

export type LogFields = { readonly [key: string]: JsonValue };

/** Lines of the attempt's log, with fields if there are any. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface RunFacts {
  readonly runId: string;
  readonly dagId: string;
  readonly runType: RunType;
  /** Content hash of the DAG's version that the run is pinned to. */
  readonly version: string;
  /** null: the run has none, because neither a schedule nor a person named a date. */
  readonly logicalDate: Date | null;
  readonly dataInterval: Interval | null;
  /** The objects that started the run; none if something else did. */
  readonly files: readonly ArrivedObject[];
}

/** Has nothing under any name, so that the compiler refuses to look for it. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- `object` is no mapped type, and `never` has everything
export type Nothing = Record<never, never>;

export interface TaskContext<Inputs = Nothing, Params = Nothing> {
  /** The outputs of the tasks in `inputs`, by name. */
  readonly inputs: Inputs;
  readonly params: Params;
  /** What the run covers. Throws in a run that covers nothing (one that files started); `run.dataInterval` is null there. */
  readonly interval: Interval;
  /** The start of what the run covers. Throws where there is none; `run.logicalDate` is null there. */
  readonly logicalDate: Date;
  /** `YYYY-MM-DD` of the interval's start in the DAG's time zone. Throws where there is no interval. */
  readonly ds: string;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborts when the attempt times out, is cancelled or superseded: pass it to what takes long. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly storage: Storage;
  readonly staging: Staging;
  /** Tries a call again within this attempt, inside a bound of time. */
  readonly retry: Retry;
  /** An empty local folder of this attempt; removed when it ends. */
  readonly scratch: string;
  readonly run: RunFacts;
  /** Where it runs: a task may read less where there is less, and reach nothing real where that would do harm. */
  readonly environment: EnvironmentFacts;
}

/** What an instance of a mapped task is given. */
export interface MapContext<Item, Inputs = Nothing, Params = Nothing> extends TaskContext<Inputs, Params> {
  /** Its item of the list. */
  readonly item: Item;
  /** The position of the item, from 0, among those that are not null. */
  readonly mapIndex: number;
  /** What `key` gives for the item; null: the map has none. */
  readonly mapKey: string | null;
}

/** What a hook is told. */
export interface HookEvent {
  readonly hook: "onSuccess" | "onFailure" | "onRetry";
  /** null: the run as a whole. */
  readonly taskId: string | null;
  /** The attempt that it is about. */
  readonly attempt: number;
  readonly owner: string | null;
  readonly runbook: string | null;
  /** What failed, with why: the task itself, or all of the run's. */
  readonly failed: readonly { readonly taskId: string; readonly cause: string }[];
}
