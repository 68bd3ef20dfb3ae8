/** The record of a run. Small whatever happens in it: what an attempt did lives in the attempt store. */
import type { ArrivedObject, CloseReason, ErrorClass, UpstreamOutput } from "./attempt.ts";
import type { AttemptKey, BackfillId, DagId, PoolId, RunId, TaskId, TriggerId, VersionHash } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { Want } from "./pool/record.ts";
import type { RunState, RunType } from "./states.ts";
import type { Instant } from "./time.ts";

export const RUN_SCHEMA = 1;

export interface DataInterval {
  readonly start: Instant;
  readonly end: Instant;
}

/** What made the run come into being. */
export type RunOrigin =
  | { readonly kind: "schedule" }
  | { readonly kind: "manual"; readonly by: string; readonly idempotencyKey: string | null }
  | { readonly kind: "arrival"; readonly triggerId: TriggerId; readonly window: number }
  | { readonly kind: "backfill"; readonly backfillId: BackfillId; readonly by: string }
  | { readonly kind: "child"; readonly parent: AttemptKey; readonly parentEpoch: number }
  /** Some of the instances of a wide map. It belongs to its parent: no list shows it, and no DAG admits it. */
  | {
      readonly kind: "chunk";
      readonly parent: RunId;
      readonly taskId: TaskId;
      /** Of the expansion. */
      readonly number: number;
      readonly index: number;
    };

/** Letters of a cause; the attempt keeps the whole message. */
export const CAUSE_TEXT_LENGTH_MAX = 300;

/** Why a task instance or a run is as it is, in one line. */
export type Cause =
  | { readonly code: "rule"; readonly text: string }
  | { readonly code: "branch"; readonly text: string }
  | { readonly code: "author_skip"; readonly text: string }
  | { readonly code: "error"; readonly text: string; readonly class: ErrorClass; readonly name: string }
  | {
      readonly code: "retries_exhausted" | "retry_budget";
      readonly text: string;
      readonly class: ErrorClass;
      readonly name: string;
    }
  | { readonly code: "closed"; readonly text: string; readonly reason: CloseReason }
  /** How its child run ended, where that did not fail the task. */
  | { readonly code: "child_run"; readonly text: string }
  | {
      readonly code:
        | "cancelled"
        | "run_timeout"
        | "deadlock"
        | "transition_budget"
        | "invalid_branch"
        | "lost"
        /** Of a mapped task: its list was empty; cannot be mapped over; instances failed; too many did, so no more start. */
        | "empty_map"
        | "map_input"
        | "instances"
        | "tolerance"
        /** No part of a run of some of its DAG's tasks. */
        | "not_selected";
      readonly text: string;
    }
  /** By somebody's hand; the text says whose. */
  | { readonly code: "cleared" | "marked"; readonly text: string };

/** What a `restarting` instance becomes once its attempt is closed. */
export type Target =
  | { readonly to: "failed" | "skipped"; readonly cause: Cause }
  /** An operator's: it counts as done, or is to be run afresh. */
  | { readonly to: "success" | "none"; readonly cause: Cause }
  /** The platform lost it, or it ran too long: as if it had failed so. */
  | { readonly to: "retry"; readonly class: "lost" | "timeout"; readonly text: string };

/** What the packed form cannot say in 4 bits and a counter; only where there is something to say. */
export interface TaskDetail {
  /** When it entered its state. */
  readonly since: Instant;
  /** When it next needs a look; absent: only an event moves it. */
  readonly due?: Instant;
  readonly cause?: Cause;
  /** Dispatches sent for the current attempt. */
  readonly sends?: number;
  /** When the current attempt was first sent: the queued timeout counts from it. */
  readonly queuedAt?: Instant;
  /** Attempts that the platform lost; they do not count as tries. */
  readonly losses?: number;
  /** Of a task that waits for slots: how many of its pools, in the order of their names, it has them of. */
  readonly taken?: number;
  /** Attempts before it was cleared, or of earlier firings of a hook; they do not count as tries. */
  readonly triesBefore?: number;
  /** The retry budget counts from it. */
  readonly firstFailureAt?: Instant;
  readonly target?: Target;
  readonly reason?: CloseReason;
  /** Of an attempt to be closed as lost: only if its lease is still this one. */
  readonly lease?: Instant;
  /** Of a branch or short circuit that succeeded: the direct children that run. */
  readonly chosen?: readonly string[];
  /** Of a task whose output others are mapped over: the items of its list; absent: it gave none. */
  readonly length?: number;
  /** Why tasks cannot be mapped over that list, each as `task: why`. */
  readonly unmappable?: readonly string[];
  /** Of a deferred instance: the child run that it waits for. */
  readonly child?: RunId;
}

/** The instances of a mapped task, as rows of the table of their run. */
export interface Expansion {
  /** Of the mapped task itself, which stands for all of its instances. */
  readonly slot: number;
  /** Counts all expansions that the run has made, from 1. */
  readonly number: number;
  readonly length: number;
  /** The map index of its first instance. */
  readonly first: number;
  /** The slot of its first instance. */
  readonly base: number;
  /** Instances that have a row in this table: all of them, or none, if they are held in chunks. */
  readonly rows: number;
  /** The attempt that gave the list: its instances read that one, whatever becomes of the task above. */
  readonly list: number;
  /** Attempts of its instances start above this: no earlier expansion ever used a higher one. */
  readonly attemptBase: number;
  /** Its `onRetry` hook has been told. */
  readonly retryTold?: true;
  /** The records that hold the instances of a wide map, each so many in a row. */
  readonly chunks?: readonly ChunkState[];
  /** What all chunks have been told. */
  readonly stop?: true;
  readonly held?: true;
  readonly bar?: ChunkBar;
  readonly end?: ChunkOrder["end"];
  /** What its instances take besides their items, as it was when they were made. */
  readonly inputs?: readonly UpstreamOutput[];
}

/** What the record of a map's task knows of one of its chunks. */
export interface ChunkState extends ChunkCounts {
  /** The number of the last order that it was given. */
  readonly ordered: number;
  /** Instances that it may have at work at once; null: as many as it has. */
  readonly allowance: number | null;
  /** The number of the newest report that was heard; 0: none yet. */
  readonly version: number;
  /** The last order that it had heard by then. */
  readonly heard: number;
  readonly ended: boolean;
  /** Hands that it has not heard of yet. */
  readonly hands?: readonly ChunkHand[];
}

/** How the instances of a chunk stood when it last told. */
export interface ChunkCounts {
  readonly success: number;
  readonly skipped: number;
  readonly failed: number;
  readonly open: number;
  /** The highest attempt so far. */
  readonly attempt: number;
  /** An instance waits, or has waited, for another try. */
  readonly retried: boolean;
  /** The run's end came before that of all its instances. */
  readonly cut: boolean;
  /** An instance could not run, since what is above its task failed after the instance was cleared. */
  readonly barred: boolean;
  /** The first failures, each as `[index] why`. */
  readonly failures: readonly string[];
}

/** What a chunk is told by the record of its map's task: each order says all there is to say, and replaces the one before. */
export interface ChunkOrder {
  readonly number: number;
  readonly allowance: number | null;
  /** Too many have failed: nothing starts or is tried again any more. */
  readonly stop: boolean;
  /** Nothing starts for now: somebody paused it. */
  readonly held: boolean;
  /** What has not begun never will. */
  readonly bar?: ChunkBar;
  /** Ends all that is open. */
  readonly end?: { readonly reason: CloseReason; readonly cause: Cause };
  /** What an operator did to some of its instances; each is done once. */
  readonly hands: readonly ChunkHand[];
}

/** An upstream that was cleared meanwhile has ended such that cleared instances end so, too. */
export interface ChunkBar {
  readonly to: "skipped" | "upstream_failed";
  readonly cause: Cause;
}

export type ChunkHandIndexes = readonly number[] | "all" | "failed" | "cut";

export interface ChunkHand {
  /** As of the order that brought it first. */
  readonly number: number;
  readonly to: "none" | "success" | "failed" | "now";
  /** Map indexes; or all of them, those that failed or did not run because of that, or those that the run's end cut short. */
  readonly indexes: ChunkHandIndexes;
  readonly cause: Cause;
}

/** Task instances by slot: the DAG's tasks in the manifest's order, then its hooks, then the instances of mapped tasks. */
export interface TaskTable {
  /** Positions in TASK_STATES. */
  readonly states: Uint8Array;
  /** The current attempt; 0 before the first. */
  readonly attempts: Uint16Array;
  /** By slot; as long as `states`. Slots that one decision moved share the object. */
  readonly details: readonly (TaskDetail | undefined)[];
  /** In the order of their rows. */
  readonly expansions: readonly Expansion[];
}

/** What another record must hear, by kind. Its receiver takes it as a total, a set or a first word: a double does no harm. */
export type EffectBody =
  /** Its DAG, or the backfill that holds its place: the run has ended, and gives that back. It may have been cleared since. */
  | { readonly kind: "run_finished"; readonly state: RunState; readonly tookMs: number }
  /** The child run: it comes into being. What it is started with lies with the attempt that asked for it. */
  | ({ readonly kind: "start_child"; readonly attempt: number } & ChildOf)
  /** The child run: nobody waits for it any more. With `started`, it is known to have come into being. */
  | ({ readonly kind: "cancel_child"; readonly started: boolean; readonly attempt: number } & ChildOf)
  /** The chunk: it comes into being, or is told what it may do. */
  | {
      readonly kind: "chunk_order";
      readonly taskId: TaskId;
      readonly expansion: number;
      readonly index: number;
      readonly order: ChunkOrder;
    }
  /** The parent of a chunk: how its instances stand. */
  | ({ readonly kind: "chunk_report"; readonly heard: number; readonly ended: boolean } & ChunkCounts)
  /** The parent run: how this epoch of its child ended. */
  | {
      readonly kind: "child_report";
      readonly state: RunState;
      readonly degraded: boolean;
      readonly text: string;
    }
  /** A pool: what the run holds there and wants. The newest counts; its number is that of the effect. */
  | { readonly kind: "pool_want"; readonly pool: PoolId; readonly want: PoolWant }
  /** A pool: the run has ended, and its part there is over. */
  | { readonly kind: "pool_final"; readonly pool: PoolId };

/** A child run, and the task instance that started it. */
export interface ChildOf {
  readonly childId: RunId;
  readonly taskId: TaskId;
  readonly mapIndex: number;
}

export type PoolWant = Omit<Want, "number">;

/** A run's part in a pool, in totals of slots over its epoch. What was granted and not given back is held by its tasks. */
export interface RunPool {
  readonly pool: PoolId;
  readonly granted: number;
  readonly released: number;
  /** What the pool was told last; null: nothing yet. */
  readonly told: PoolWant | null;
}

/** Something that another record must hear; kept until it has been acknowledged. */
export type RunEffect = EffectBody & {
  /** Counts the effects of this run, whatever their kind or epoch: names this one, and a higher one is newer. */
  readonly number: number;
  /** Of the run as it recorded the effect. */
  readonly epoch: number;
  readonly since: Instant;
  /** How often it has been told. */
  readonly sends: number;
  /** When it is told again. */
  readonly due: Instant;
};

/** Nothing of the run, or of one task, is sent to executors until somebody resumes it; what was sent before finishes. */
export interface Pause {
  /** null: the run as a whole. */
  readonly taskId: TaskId | null;
  readonly by: string;
  readonly reason: string;
  readonly at: Instant;
}

/** Whose places a run uses instead of its DAG's, while it is in that epoch. */
export interface HeldBy {
  readonly backfillId: BackfillId;
  readonly epoch: number;
  /** A pool that each task takes a slot of in that epoch, besides its own. */
  readonly pool?: PoolId;
}

/** By when the run must have succeeded, as it was fixed when the run came into being. */
export interface RunDeadline {
  /** As of its DAG's version then. */
  readonly name: string;
  readonly at: Instant;
  /** It passed without the run having succeeded: when that was seen, and told. */
  readonly missedAt?: Instant;
}

export interface Run {
  readonly schema: typeof RUN_SCHEMA;
  readonly runId: RunId;
  readonly dagId: DagId;
  readonly version: VersionHash;
  readonly runType: RunType;
  readonly origin: RunOrigin;
  readonly logicalDate: Instant | null;
  readonly dataInterval: DataInterval | null;
  /** An edit of the schedule made the interval shorter or longer than the schedule's own. */
  readonly partial?: true;
  readonly heldBy?: HeldBy;
  /** A backfill that may not open it again. */
  readonly refused?: BackfillId;
  /** The run before, by the schedule: tasks may wait for it. */
  readonly previous?: RunId;
  /** Tasks that the run before has been seen to allow; since when, and when next, it is asked for the others. */
  readonly past?: { readonly seen: readonly TaskId[]; readonly since: Instant; readonly due: Instant };
  /** Those that were missed, and those that still may be; absent: none. The earliest comes first. */
  readonly deadlines?: readonly RunDeadline[];
  readonly params: JsonObject;
  readonly files: readonly ArrivedObject[] | { readonly blob: string };
  readonly state: RunState;
  /** Raised by each clear that reopens the run; older effects are dropped. */
  readonly epoch: number;
  readonly queuedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly degraded: boolean;
  /** Why the run ended as it did, or is being ended. */
  readonly cause: Cause | null;
  readonly cancel: { readonly by: string; readonly reason: string; readonly at: Instant } | null;
  readonly pauses: readonly Pause[];
  /** How long it has been paused as a whole since it started: its timeout does not count that. */
  readonly pausedMs: number;
  readonly firstFailureAt: Instant | null;
  /** State changes since it came into being, or since somebody last changed it by hand. */
  readonly transitions: number;
  /** Expansions of mapped tasks made so far. */
  readonly expanded: number;
  /** Of a chunk whose instances take slots: by when its parent is needed, as pools rank it. */
  readonly neededBy?: Instant;
  /** Of a chunk: the last order that it heard, and the number of the last hand that it did. */
  readonly chunk?: {
    readonly order: ChunkOrder;
    readonly hand: number;
    /** The gist of the last report. */
    readonly told?: string;
  };
  /** The highest attempt of each task that a version which it ran before had, and this one has not. */
  readonly formerAttempts?: Readonly<Record<string, number>>;
  readonly tasks: TaskTable;
  readonly effects: readonly RunEffect[];
  /** Pools that the run has had to do with in its epoch; absent: none. */
  readonly pools?: readonly RunPool[];
  /** The number of the last effect. */
  readonly effectsRecorded: number;
  /** When the record next needs a look; may be early, never late. Absent once nothing more can happen. */
  readonly due: Instant | null;
}
