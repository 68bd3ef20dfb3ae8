/**
 * The compiled form of a DAG: plain JSON, all defaults filled in, content-addressed. Everything the engine knows of a DAG
 * is here; the functions stay in the code bundle, where executors look them up by id.
 */
import type { DagId, PoolId, TaskId, TriggerId } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { Instant } from "./time.ts";

export const MANIFEST_SCHEMA = 1;
/** Tasks of one DAG; the run record must stay far below the 400 KB of an item. */
export const DAG_TASKS_MAX = 5_000;

export const TRIGGER_RULES = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
  "all_done_setup_success",
] as const;
export type TriggerRule = (typeof TRIGGER_RULES)[number];

/** Instances of a mapped task, unless it says otherwise. */
export const MAP_LIMIT = 10_000;
/** The most that a task may allow itself. */
export const MAP_LIMIT_MAX = 50_000;
/** Instances that one record holds; a wider map is held in several. */
export const MAP_CHUNK_WIDTH = 512;

export const EXECUTORS = ["lambda", "worker"] as const;
export type Executor = (typeof EXECUTORS)[number];

/** `task` returns an output; `branch` names the children to run; `shortCircuit` says whether its children run. */
export type TaskKind = "task" | "branch" | "shortCircuit";

export interface UpstreamSpec {
  readonly taskId: TaskId;
  /** The name under which the task sees the upstream's output; null orders without data. */
  readonly input: string | null;
  /** Need only be done; its output is undefined when it did not succeed. */
  readonly optional: boolean;
}

export interface RetrySpec {
  /** Tries after the first one. */
  readonly retries: number;
  readonly delayMs: number;
  /** Each delay is this many times the one before it. */
  readonly backoff: number;
  readonly jitter: "full" | "none";
  readonly maxDelayMs: number;
  /** No try starts later than this after the first failure; null: no such bound. */
  readonly budgetMs: number | null;
  /**
   * Which failures are tried again: by their class, only errors with these names, or as the task's own function (it runs
   * in the executor, which sends the verdict along).
   */
  readonly on: "transient" | "function" | readonly string[];
}

/** What one instance of a task takes of a pool while it is at work. */
export interface TaskPool {
  readonly pool: PoolId;
  readonly slots: number;
}

/** A pool that a DAG's tasks use, as its source declares it. */
export interface PoolSpec {
  readonly pool: PoolId;
  readonly slots: number;
}

export interface HookSpec {
  readonly onSuccess: boolean;
  readonly onFailure: boolean;
}

/** Failed instances that a mapped task may have and still succeed: a number of them, or a share of all, from 0 to 1. */
export type MapTolerance = { readonly count: number } | { readonly share: number };

/** One instance of the task for each item of another task's list. */
export interface MapSpec {
  /** The task that gives the list. */
  readonly over: TaskId;
  /** The task names its instances by a function of the item; without it the index is all they have. */
  readonly keyed: boolean;
  /** A longer list fails the task. */
  readonly limit: number;
  /** Instances at work at once; null: as many as there are executors. */
  readonly concurrency: number | null;
  /** null: any failed instance fails the task, and the rules of what comes after it count the instances. */
  readonly tolerance: MapTolerance | null;
  /** Instances of one record; `MAP_CHUNK_WIDTH` but in tests. */
  readonly chunkWidth: number;
}

/** What becomes of a task whose child run does not succeed: it fails too, succeeds all the same, or is skipped. */
export const CHILD_FAILURE_POLICIES = ["fail", "ignore", "skip"] as const;
export type ChildFailurePolicy = (typeof CHILD_FAILURE_POLICIES)[number];

/** Of a task that starts a run of another DAG; its function gives the params. */
export interface ChildSpec {
  readonly dagId: DagId;
  /** The task ends as its child run does; otherwise it has succeeded once the child run waits for its place. */
  readonly wait: boolean;
  readonly onFailure: ChildFailurePolicy;
  /** How long it waits; null: as long as it takes. */
  readonly waitMs: number | null;
}

export interface TaskSpec {
  readonly taskId: TaskId;
  readonly kind: TaskKind;
  readonly role: "work" | "setup" | "teardown";
  /** Of a teardown: the setups it takes down. */
  readonly setups: readonly TaskId[];
  readonly upstream: readonly UpstreamSpec[];
  readonly rule: TriggerRule;
  readonly retry: RetrySpec;
  /** One attempt, from the start of its code. */
  readonly timeoutMs: number;
  /** How long an attempt may wait for an executor before it fails. */
  readonly queuedTimeoutMs: number;
  readonly allowFailure: boolean;
  /**
   * Waits for the same task in the run before, by the schedule, to have succeeded or been skipped; `downstream`: for its direct
   * children there, too. Absent: it does not.
   */
  readonly dependsOnPast?: "task" | "downstream";
  /** Outside of these hours, on the DAG's clock, no attempt of it is sent. Absent: at any time. */
  readonly allowedHours?: AllowedHours;
  /** Of a teardown: its failure fails the run instead of degrading it. */
  readonly failRun: boolean;
  readonly executor: Executor;
  readonly resources: { readonly memoryMb: number | null; readonly cpu: number | null };
  readonly hooks: HookSpec & { readonly onRetry: boolean };
  readonly child: ChildSpec | null;
  readonly owner: string | null;
  readonly runbook: string | null;
  readonly tags: readonly string[];
  readonly docs: string | null;
  /** By name; an instance takes them in this order. */
  readonly pools: readonly TaskPool[];
  /** Of what waits for slots of a pool, the highest comes first. */
  readonly priority: number;
  /** Places kept for what is to come, so that versions do not all change with it. */
  readonly deadline: null;
  readonly connections: readonly never[];
  readonly publishes: readonly never[];
  /** null: it runs once. */
  readonly map: MapSpec | null;
}

export const PERIODS = ["hour", "day", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

/** When runs come by the clock. */
export type ScheduleSpec = CronSpec | EverySpec | DatesSpec;

interface ScheduleBounds {
  /** IANA name. */
  readonly timezone: string;
  /** No run covers anything before. */
  readonly start: Instant | null;
  /** No run covers anything from here on. */
  readonly end: Instant | null;
}

export interface CronSpec extends ScheduleBounds {
  readonly kind: "cron";
  /** One or more, of five fields or macros; it fires when any of them does. */
  readonly expressions: readonly string[];
  /**
   * What a run covers: `cron`, from one firing to the next; a period, the whole local hour, day, week or month before the
   * firing; `none`, just the instant of the firing.
   */
  readonly interval: "cron" | Period | "none";
  readonly dst: DstPolicy;
}

/** What becomes of a time of day that the clock skips, and of one that it shows twice. */
export interface DstPolicy {
  readonly gap: "shift" | "skip";
  readonly fold: "first" | "second" | "both";
}

/** A fixed length of time, whatever clocks do. */
export interface EverySpec extends ScheduleBounds {
  readonly kind: "every";
  readonly everyMs: number;
  /** It fires at this instant, and at whole multiples of the length before and after. */
  readonly anchor: Instant;
  /** `every`: from one firing to the next. */
  readonly interval: "every" | "none";
}

export interface DatesSpec extends ScheduleBounds {
  readonly kind: "dates";
  /** Ascending, each once. */
  readonly dates: readonly Instant[];
  /** `dates`: from one of them to the next; the first only begins. */
  readonly interval: "dates" | Period | "none";
}

export interface CatchupSpec {
  /** Intervals that ended longer ago than this are passed over all the same. */
  readonly windowMs: number;
}

/**
 * What becomes of a firing while as many runs are active as may be. `latest`: of those that wait, the latest becomes a run once
 * there is a place; `queue`: each of them, the oldest first; `skip`: none; `cancel`: the oldest active run is cancelled for it.
 */
export const OVERLAP_POLICIES = ["latest", "queue", "skip", "cancel"] as const;
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/** From one time of day to another, on the DAG's clock: minutes after midnight. Up to the next day if `to` is not later. */
export interface AllowedHours {
  readonly from: number;
  readonly to: number;
}

/** What a deadline counts from: when the run was due by the schedule, or asked for; where its interval begins; when it was queued. */
export const DEADLINE_REFERENCES = ["due", "logicalDate", "queued"] as const;
export type DeadlineReference = (typeof DEADLINE_REFERENCES)[number];

/** By when a run must have succeeded; told once if it has not. */
export type DeadlineSpec = {
  /** Unlike that of any other deadline of the DAG. */
  readonly name: string;
} & (
  | { readonly from: DeadlineReference; readonly withinMs: number }
  /** The next time, after the run was due, that the zone's clock shows it: minutes after midnight. */
  | { readonly by: number; readonly timezone: string }
);

/** The least past that an environment may hold. */
export const DATA_WINDOW_MS_MIN = 3_600_000;

/** Runs that start because objects arrive under a prefix of a bucket. */
export interface ArrivalTriggerSpec {
  readonly kind: "arrival";
  readonly triggerId: TriggerId;
  readonly bucket: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Quiet time after the last arrival before a run takes what is there. */
  readonly debounceMs: number;
  /** As its author has it, where `freshet dev` waits less. */
  readonly writtenDebounceMs?: number;
  /** The window fires at the latest this long after its first arrival. */
  readonly maxWaitMs: number;
  /** Objects of one run; the rest opens the next window. */
  readonly maxFiles: number;
}

export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly dagId: DagId;
  readonly description: string | null;
  readonly owner: string | null;
  readonly team: string | null;
  /** 1 is the most important. */
  readonly tier: number | null;
  readonly runbook: string | null;
  readonly tags: readonly string[];
  readonly docs: string | null;
  readonly timezone: string;
  readonly schedule: ScheduleSpec | null;
  /** As its author has it, where the environment has given it another one or none. */
  readonly writtenSchedule?: ScheduleSpec | null;
  readonly triggers: readonly ArrivalTriggerSpec[];
  /** How far back the environment holds data: what ended longer ago gets no run by the schedule. Absent: all of it. */
  readonly dataWindowMs?: number;
  /** Whether intervals that passed while nothing ran are made up for; null: they are passed over, and recorded. */
  readonly catchup: CatchupSpec | null;
  readonly overlap: OverlapPolicy;
  /** So many failed runs in a row pause the DAG; null: none do. */
  readonly pauseAfterFailures: number | null;
  /** A run that has not started this long after it was due, or asked for, does not start any more; null: it waits. */
  readonly startWithinMs: number | null;
  /** Outside of these hours no run starts; null: at any time. */
  readonly allowedHours: AllowedHours | null;
  readonly maxActiveRuns: number;
  readonly runTimeoutMs: number | null;
  /** Total time for retries, from the first failure in the run; null: no such bound. */
  readonly retryBudgetMs: number | null;
  /** JSON Schema of the params, and their defaults; null: takes none. */
  readonly params: { readonly schema: JsonObject; readonly defaults: JsonObject } | null;
  /** In topological order, ties by the order of definition. */
  readonly tasks: readonly TaskSpec[];
  readonly hooks: HookSpec;
  /** Hash of the sources that the functions come from; part of the version. */
  readonly codeHash: string;
  /** By when its runs must have succeeded. */
  readonly deadlines: readonly DeadlineSpec[];
  /** Places kept for what is to come. */
  readonly assets: { readonly consumes: readonly never[]; readonly publishes: readonly never[] };
  readonly connections: readonly never[];
  /** By name. */
  readonly pools: readonly PoolSpec[];
}

/** The name under which a task's or the DAG's hook runs, as a task instance of its own: `extract$onRetry`, `$onFailure`. */
export type HookName = "onSuccess" | "onFailure" | "onRetry";
export const hookTaskId = (task: TaskId | null, hook: HookName): TaskId => `${task ?? ""}$${hook}` as TaskId;
