/** The record of a DAG: which version runs, where its schedule stands, which runs are active, which windows are open. */
import type { ArrivedObject } from "../attempt.ts";
import type { DagId, RunId, TriggerId, VersionHash } from "../ids.ts";
import type { ScheduleSpec } from "../manifest.ts";
import type { DagAction, Signature } from "../operation.ts";
import type { Fact } from "../events.ts";
import type { DataInterval } from "../run.ts";
import type { RunState } from "../states.ts";
import type { Instant } from "../time.ts";

export const DAG_SCHEMA = 1;
/** Runs of one DAG that may be active at once, whatever `maxActiveRuns` asks: the set lives in the record. */
export const ACTIVE_RUNS_MAX = 500;
/** Gaps that a record holds; beyond it the two oldest become one, which spans what lies between them. */
export const GAPS_MAX = 100;
/** Runs that one pass over a schedule admits; the next pass follows at once. */
export const CATCHUP_RUNS_MAX = 25;
/** Runs that windows may have put in the queue; beyond it they stay open. */
export const QUEUED_EVENT_RUNS_MAX = 100;

/** A run that holds one of the DAG's places. */
export interface ActiveRun {
  readonly runId: RunId;
  readonly epoch: number;
  readonly since: Instant;
  /** Of a scheduled run: what its put is derived from again if we died before it. */
  readonly scheduled?: {
    readonly version: VersionHash;
    readonly logicalDate: Instant;
    readonly dataInterval: DataInterval;
    /** Cut, or made longer, by an edit of the schedule. */
    readonly partial?: true;
    /** The run of the schedule before it. */
    readonly previous?: RunId;
    /** When it fell due; only where its deadlines count from that. */
    readonly due?: Instant;
  };
  /** The run has been seen to have started: it need not be told again. */
  readonly confirmed: boolean;
}

/** A debounce window of an arrival trigger. Windows are numbered; the open one will become the run (trigger, number). */
export interface ArrivalWindow {
  readonly triggerId: TriggerId;
  readonly number: number;
  /**
   * Looks at the inbox, so far, that were to find out whether this window may close. They count on when it opens again: the
   * answer to one that an earlier opening asked for must not close it.
   */
  readonly looks?: number;
  /** null: nothing has arrived since the last one fired. */
  readonly open: OpenWindow | null;
}

export interface OpenWindow {
  readonly openedAt: Instant;
  readonly due: Instant;
  /** Nobody has told of an arrival since the last look was asked for: if it finds nothing, the window closes. */
  readonly closing?: boolean;
}

/**
 * Firings that were passed over: from the one due at `from` to the one due at `to`, by the schedule of `version`. Some of them
 * may have been made up for since, by a backfill.
 */
export interface Gap {
  readonly version: VersionHash;
  readonly from: Instant;
  readonly to: Instant;
  /** Of a partial first interval: where it began. */
  readonly start?: Instant;
  /**
   * They ended too long ago, for what catch-up reaches or for what the environment holds; or a schedule before this one gave
   * the logical date to a run of another period. Absent: by another policy.
   */
  readonly reason?: "catchup_window" | "data_window" | "date_taken";
}

/** The firing due then covers what is from `start` on, whatever the schedule says. */
export interface FirstFiring {
  readonly due: Instant;
  readonly start: Instant;
}

/** Who paused a DAG. */
export interface DagPause extends Signature {
  readonly at: Instant;
}

export interface DagRecord {
  readonly schema: typeof DAG_SCHEMA;
  readonly dagId: DagId;
  /** The version that new runs get. */
  readonly version: VersionHash;
  readonly registeredAt: Instant;
  /** Gone from the source: starts nothing, stays readable. */
  readonly removed: boolean;
  /** Admits and fires nothing, while arrivals collect and active runs go on; null: it is not paused. */
  readonly paused: DagPause | null;
  /** Everything up to here has its run or was passed over: the end of the last interval accounted for. */
  readonly cursor: Instant | null;
  /** The first firing that has neither its run nor been passed over: one that waits, or the next one. */
  readonly nextFire: Instant | null;
  /** After an edit of the schedule, until it has fired: its first run begins where the last one ended. */
  readonly first?: FirstFiring | null;
  /** While a DAG has no schedule, or one whose runs cover nothing: where the last run ended that it had by another. */
  readonly covered?: Instant;
  /** By the overlap policy `queue`, without catch-up: firings up to here wait for a place, apart from the gaps. */
  readonly queuedTo?: Instant;
  /** What was passed over, oldest first. */
  readonly gaps: readonly Gap[];
  /** The last run that the schedule was given. */
  readonly lastRun?: RunId;
  /** Failed runs in a row, up to now. */
  readonly failures?: number;
  readonly active: readonly ActiveRun[];
  readonly windows: readonly ArrivalWindow[];
  /** Queued runs may be waiting for a place. */
  readonly queue: "empty" | "maybe";
  readonly due: Instant | null;
}

/** A run that waits for a place, as its record says. */
export interface QueuedRun {
  readonly runId: RunId;
  readonly epoch: number;
}

export type DagEvent =
  /** Look at everything that is due; with `all`, start again every run that has not been seen to start. */
  | { readonly type: "wake"; readonly all?: boolean }
  /** A version of the DAG has become the one that new runs get. */
  | {
      readonly type: "registered";
      readonly version: VersionHash;
      /** Of the version that the record has now. */
      readonly before?: ScheduleSpec | null;
    }
  /** An operator's hand. Changes nothing if it is so already. */
  | (DagAction & Signature)
  /** Its definition is gone from the source. */
  | { readonly type: "removed" }
  /** A run has been put in the queue. */
  | ({ readonly type: "run_queued" } & QueuedRun)
  /** What the index of queued runs shows, oldest first; `complete` if that is all of them. */
  | { readonly type: "candidates"; readonly runs: readonly QueuedRun[]; readonly complete: boolean }
  /** `state`: how it ended; absent: it is known no more than that its place is free. */
  | { readonly type: "run_finished"; readonly runId: RunId; readonly epoch: number; readonly state?: RunState }
  /** The logical date of an active entry of the schedule has its run already, of another period. */
  | { readonly type: "date_taken"; readonly runId: RunId; readonly epoch: number }
  /** The run of an active entry was read and is past `queued`. */
  | { readonly type: "run_confirmed"; readonly runId: RunId }
  | { readonly type: "arrived"; readonly triggerId: TriggerId; readonly at: Instant }
  /** What the inbox holds for a trigger that is not in a run yet, as its window falls due. */
  | {
      readonly type: "inbox_seen";
      readonly triggerId: TriggerId;
      readonly window: number;
      /** As asked for. */
      readonly look: number;
      readonly count: number;
      readonly newestAt: Instant | null;
      readonly queuedRuns: number;
    }
  /** Window `window` has become a run, or there was nothing to make one of. */
  | { readonly type: "window_fired"; readonly triggerId: TriggerId; readonly window: number };

export type DagCommand =
  /** Put the run if absent, and start it. */
  | { readonly type: "start_run"; readonly active: ActiveRun }
  /** A firing waits for its place. */
  | { readonly type: "cancel_run"; readonly runId: RunId }
  /** Look in the index of queued runs for up to `places` runs, and come back with `candidates`. */
  | { readonly type: "find_candidates"; readonly places: number }
  /** Read what waits for the trigger, and come back with `inbox_seen`. */
  | { readonly type: "read_inbox"; readonly triggerId: TriggerId; readonly window: number; readonly look: number }
  /** Make the run of the window, mark its arrivals, and come back with `window_fired`. */
  | { readonly type: "fire_window"; readonly triggerId: TriggerId; readonly window: number; readonly maxFiles: number }
  /** A run has ended: perhaps this one waits for it. */
  | { readonly type: "tell_moved"; readonly runId: RunId }
  /** Backfills may go on that waited because it was paused. */
  | { readonly type: "wake_backfills" }
  /** Tell the world. */
  | { readonly type: "publish"; readonly fact: Fact }
  | { readonly type: "timer"; readonly at: Instant };

/** An arrival in the inbox of a trigger. */
export interface Arrival {
  readonly triggerId: TriggerId;
  readonly dagId: DagId;
  readonly object: ArrivedObject;
  readonly at: Instant;
}
