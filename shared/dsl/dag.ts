/** DAGs: what runs when, and who answers for it. */
import type { OverlapPolicy } from "../core/manifest.ts";
import type { HookEvent, Nothing, TaskContext } from "./context.ts";
import type { Deadline } from "./deadline.ts";
import { asDag, callSite, type RawOptions } from "./definition.ts";
import type { Duration, Ownership, TaskDefaults } from "./options.ts";
import type { ParamsOf, ParamsSchema } from "./params.ts";
import type { Arrival, Schedule } from "./schedule.ts";
import type { Task } from "./task.ts";

declare const schema: unique symbol;

/** A DAG; its params' schema goes with it, for those who start runs of it. */
export interface Dag<Id extends string = string, Schema = unknown> {
  readonly id: Id;
  /** Only a type. */
  readonly [schema]?: () => Schema;
}

type DagHook<Schema> = (event: HookEvent, ctx: TaskContext<Nothing, ParamsOf<Schema>>) => void | Promise<void>;

export interface DagOptions<Schema> extends Ownership {
  readonly description?: string;
  /** `every.day({ at: "04:00" })` or `cron("0 4 * * *")`; without one, runs start by hand or by a trigger. */
  readonly schedule?: Schedule | null;
  /** IANA name, of the schedule and of `ds`; default `"UTC"`. */
  readonly timezone?: string;
  readonly triggers?: readonly Arrival[];
  /**
   * Whether intervals that passed while nothing ran are made up for, oldest first. Default `false`: of those that passed the
   * latest becomes a run, and the others are recorded (`freshet runs --missing`). `window` bounds how long ago an interval may
   * have ended to be made up for; default a year (`"365d"`).
   */
  readonly catchup?: boolean | { readonly window: Duration };
  /**
   * What becomes of a firing while `maxActiveRuns` runs are active. `"latest"` (default): of those that wait, the latest becomes
   * a run once there is a place; `"queue"`: each of them, oldest first (with `catchup` the only choice); `"skip"`: it is passed
   * over; `"cancel"`: the oldest active run of the schedule is cancelled for it. What is passed over is recorded.
   */
  readonly overlap?: OverlapPolicy;
  /** So many failed runs in a row pause the DAG, until `freshet resume`; default: none do. */
  readonly pauseAfterFailures?: number;
  /** A run that has not started this long after it was due, or asked for, does not start any more. */
  readonly startWithin?: Duration;
  /** No run starts outside of these hours, on the DAG's clock: `{ from: "22:00", to: "06:00" }`. */
  readonly allowedHours?: { readonly from: string; readonly to: string };
  /**
   * By when its runs must have succeeded: `[{ within: "2h" }, { name: "board report", by: "07:00" }]`. One that passes before is
   * told, once, while the run goes on; of what waits for slots of a pool at one priority, the earliest comes first.
   */
  readonly deadlines?: readonly Deadline[];
  /** Runs that may be active at once; default 1. */
  readonly maxActiveRuns?: number;
  /** Task instances that may be at work at once, in all runs together; by default there is no such bound. */
  readonly maxActiveTasks?: number;
  /**
   * What the `priority` of a task counts for where it waits for slots: with that of all tasks after it (`"downstream"`, default),
   * with that of all before it (`"upstream"`), or alone (`"absolute"`).
   */
  readonly priorityRule?: "downstream" | "upstream" | "absolute";
  /** Of the whole run; by default there is no such bound. */
  readonly timeout?: Duration;
  /** No retry in a run starts later than this after its first failure. */
  readonly retryBudget?: Duration;
  readonly team?: string;
  /** 1 (the most important) to 5. */
  readonly tier?: number;
  /** What a run can be told: an object schema. Tasks that read params name the same schema. */
  readonly params?: Schema;
  readonly defaults?: TaskDefaults;
  readonly onSuccess?: DagHook<Schema>;
  readonly onFailure?: DagHook<Schema>;
  /** Tasks, in the order in which they are to be listed. What they come after belongs to the DAG without being named. */
  readonly tasks: readonly Task[];
}

/** A DAG: export it from a `*.dag.ts` file. What is wrong with it is told when the file is loaded, all of it together. */
export function dag<const Id extends string, Schema extends ParamsSchema | undefined = undefined>(
  id: Id,
  options: DagOptions<Schema>,
): Dag<Id, Schema> {
  return asDag({ id, options: options as unknown as RawOptions, site: callSite(dag) });
}
