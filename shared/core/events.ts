/** What a run's decision takes in and gives out. */
import type { AttemptItem, CloseReason, HookSubject, MapItem, Outcome, OutputRef, UpstreamOutput } from "./attempt.ts";
import type { AttemptKey, BackfillId, DagId, PoolId, RunId, TaskId, VersionHash } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { RunAction, Signature } from "./operation.ts";
import type { ChildOf, ChunkCounts, ChunkOrder, RunEffect } from "./run.ts";
import type { RunState, TaskState } from "./states.ts";
import type { Instant } from "./time.ts";

/** Why a child run did not do what was asked of it: names that `retryOn` may list. */
export type ChildFault = "ChildRunFailed" | "ChildRunCancelled" | "ChildRunRefused" | "ChildRunGone";

export type RunEvent =
  /** Its DAG has a place for it. */
  | { readonly type: "admitted"; readonly epoch: number }
  /** An executor says that an attempt ended. `epoch` of an earlier clear: dropped. */
  | { readonly type: "completed"; readonly key: AttemptKey; readonly epoch: number; readonly outcome: Outcome }
  /** What the attempt store holds for an attempt: read because it was inspected, or returned when it was closed. */
  | { readonly type: "attempt_seen"; readonly key: AttemptKey; readonly item: AttemptItem | null }
  /**
   * Look at everything that is due; with `all`, at everything at work, since all that was on its way is known to be lost; with
   * `tell`, tell again whatever nobody has acknowledged; with `attempt`, look at this one, of which a message was given up.
   */
  | { readonly type: "wake"; readonly all?: boolean; readonly tell?: boolean; readonly attempt?: AttemptKey }
  /** An operator's hand. Refused as a whole, and without a trace, if it makes no sense for the run as it is: see `judge`. */
  | (RunAction & Signature)
  /** How a child run stands, as its own record says; of an epoch of it. */
  | ({
      readonly type: "child_report";
      readonly epoch: number;
      readonly state: RunState;
      readonly degraded: boolean;
      /** Why it ended so; empty if there is nothing to say. */
      readonly text: string;
    } & ChildOf)
  /**
   * A backfill runs these tasks again, if the run has ended in this epoch: it is opened again on the backfill's places. No
   * tasks: all of them, or with `onlyFailed` those that failed and what could not run because of that.
   */
  | {
      readonly type: "reprocess";
      readonly backfillId: BackfillId;
      readonly epoch: number;
      readonly tasks: readonly string[];
      readonly onlyFailed: boolean;
      readonly by: string;
      /** Only under this version, to which it has been taken over. */
      readonly version?: VersionHash;
      /** In place of those that it had by these names. */
      readonly params?: JsonObject;
      /** Each task takes a slot of it, too. */
      readonly pool?: PoolId;
      /** It does not wait for the run before. */
      readonly ignorePast?: true;
    }
  /** The backfill was cancelled before it had opened this run again: whoever comes late with that is not heard. */
  | { readonly type: "refuse_backfill"; readonly backfillId: BackfillId }
  /** There is no such child run, and will not be; `name` as of an error of the task. */
  | ({ readonly type: "child_refused"; readonly name: ChildFault; readonly text: string } & ChildOf)
  /** A pool says what it has granted so far; it has heard the want of effect `number`. */
  | {
      readonly type: "pool_granted";
      readonly pool: PoolId;
      readonly epoch: number;
      readonly number: number;
      readonly granted: number;
    }
  /** To a chunk: what it may do from now on, and the version that its run has now; absent: the same. */
  | { readonly type: "chunk_ordered"; readonly order: ChunkOrder; readonly version?: VersionHash }
  /** How a chunk stands; `version` numbers its reports. */
  | ({
      readonly type: "chunk_report";
      readonly expansion: number;
      readonly index: number;
      readonly version: number;
      readonly heard: number;
      readonly ended: boolean;
    } & ChunkCounts)
  /** Of the tasks that were asked for with `inspect_past`: those that the run before allows. */
  | { readonly type: "past_seen"; readonly tasks: readonly TaskId[] }
  /** A run of the DAG has ended: perhaps the one before. */
  | { readonly type: "past_moved" }
  /** The receiver has applied the effect with this number, or no longer exists. */
  | { readonly type: "effect_acknowledged"; readonly number: number };

export type RunCommand =
  /** Send the attempt to its executor; a receiver may get it twice. */
  | {
      readonly type: "dispatch";
      readonly key: AttemptKey;
      readonly upstream: readonly UpstreamOutput[];
      readonly mappedBy?: readonly TaskId[];
      readonly item?: MapItem;
      readonly carried: { readonly [taskId: string]: OutputRef };
      readonly timeoutMs: number;
      readonly childId?: RunId;
      readonly subject?: HookSubject;
      /** 1 for the first sending of this attempt. */
      readonly send: number;
    }
  /** Read these attempts and come back with `attempt_seen` for each. */
  | { readonly type: "inspect"; readonly keys: readonly AttemptKey[] }
  /** Close the attempt and come back with `attempt_seen`. With `lease`: only if its lease is still that one. */
  | { readonly type: "close"; readonly key: AttemptKey; readonly reason: CloseReason; readonly lease?: Instant }
  /** Read the child run and come back with `child_report`, or `child_refused` if it is gone. */
  | ({ readonly type: "inspect_child" } & ChildOf)
  /** Read the run before, and come back with `past_seen`. */
  | {
      readonly type: "inspect_past";
      readonly runId: RunId;
      readonly tasks: readonly { readonly taskId: TaskId; readonly downstream: boolean }[];
    }
  /** Something falls due at this instant that should not wait for the next sweep. */
  | { readonly type: "timer"; readonly at: Instant }
  /** Remind the DAG that the run waits for a place. */
  | { readonly type: "tell_queued"; readonly dagId: DagId; readonly epoch: number }
  /** Tell another record, and come back with `effect_acknowledged` once it has applied the effect or turns out not to exist. */
  | { readonly type: "tell"; readonly effect: RunEffect }
  /** Tell the pool that the run's part in this epoch is over: it has told of a grant that nobody waits for. */
  | { readonly type: "leave_pool"; readonly pool: PoolId; readonly epoch: number }
  /** Tell the world. */
  | { readonly type: "publish"; readonly fact: Fact };

/** What Freshet publishes on its bus: about runs always. */
export interface Fact {
  readonly v: 1;
  readonly type: "run_started" | "run_ended" | "run_deadline_missed" | "dag_paused";
  /** All of it in one line, for people: what, why, whom to ask, where it says what to do. */
  readonly text: string;
  /** Of a DAG that paused itself, or was paused: why; `runId` is the last run that failed. */
  readonly reason?: string;
  readonly runId: RunId;
  readonly dagId: DagId;
  readonly state: RunState;
  readonly degraded: boolean;
  readonly at: Instant;
  readonly owner: string | null;
  readonly team: string | null;
  readonly runbook: string | null;
  /** Tasks that failed, with why; of a failed or degraded run. */
  readonly failed: readonly { readonly taskId: TaskId; readonly cause: string }[];
  /** Of a deadline that was missed: `at` is when that was seen, `state` the run's then. */
  readonly deadline?: {
    readonly name: string;
    readonly at: Instant;
    /** What the run waits for: the first of its tasks that have not ended, though all before them have. */
    readonly waitsFor: readonly { readonly taskId: TaskId; readonly state: TaskState }[];
  };
}
