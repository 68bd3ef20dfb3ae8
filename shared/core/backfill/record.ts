/**
 * The record of a backfill: which dates of a DAG's schedule it makes runs for, how far it is, and what it left out. A thousand
 * dates are two numbers: how many there are, and how many have been taken up.
 */
import type { BackfillId, DagId, PoolId, RunId, VersionHash } from "../ids.ts";
import type { JsonObject } from "../json.ts";
import type { DataInterval } from "../run.ts";
import type { RunState } from "../states.ts";
import type { Instant } from "../time.ts";

export const BACKFILL_SCHEMA = 1;
/** Dates of one backfill. */
export const BACKFILL_DATES_MAX = 100_000;
/** Runs of one backfill at the same time, unless it says otherwise, and at the most. */
export const BACKFILL_PARALLEL = 10;
export const BACKFILL_PARALLEL_MAX = 100;
/** Backfills of more runs are asked about before they start. */
export const BACKFILL_ASKED_ABOVE = 500;
/** Stretches of dates that were left out for the same reason; beyond it the last two of a reason become one. */
export const BACKFILL_SKIPS_MAX = 500;

export const BACKFILL_ORDERS = ["oldest", "newest", "random"] as const;
export type BackfillOrder = (typeof BACKFILL_ORDERS)[number];

/** Which runs that are there are cleared: none, those that failed, or all that have ended. Those at work never are. */
export const REPROCESS = ["none", "failed", "completed"] as const;
export type Reprocess = (typeof REPROCESS)[number];

export const BACKFILL_STATES = ["running", "paused", "completed", "cancelled"] as const;
export type BackfillState = (typeof BACKFILL_STATES)[number];

/** From `start` on and before `end`: of logical dates. */
export type Span = DataInterval;

/** What was asked for. */
export interface BackfillPlan {
  readonly dagId: DagId;
  /** Whose schedule names the dates, and which new runs get. */
  readonly version: VersionHash;
  readonly spans: readonly Span[];
  /** Only intervals that had ended then. */
  readonly endedBy: Instant;
  readonly order: BackfillOrder;
  /** Of a random order. */
  readonly seed: number;
  readonly parallel: number;
  readonly reprocess: Reprocess;
  /** Each task of them takes a slot of this pool, besides those of its own. */
  readonly pool?: PoolId;
  /** Runs get the DAG's newest version as they start, those that are cleared, too. */
  readonly latest: boolean;
  readonly ignoreDependsOnPast: boolean;
  /** The tasks that run; null: all. */
  readonly tasks: readonly string[] | null;
  readonly params: JsonObject;
}

/** A date that has been taken up. */
export interface ActiveDate {
  /** In the backfill's order, from 0. */
  readonly place: number;
  readonly runId: RunId;
  readonly logicalDate: Instant;
  readonly dataInterval: DataInterval;
  readonly since: Instant;
  /** Of its run, once it has been seen to belong to this backfill; null: still to be started. */
  readonly epoch: number | null;
}

/** Dates next to each other in the backfill's order that were left out for the same reason. */
export interface SkippedDates {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface Backfill {
  readonly schema: typeof BACKFILL_SCHEMA;
  readonly backfillId: BackfillId;
  readonly plan: BackfillPlan;
  readonly by: string;
  readonly createdAt: Instant;
  readonly endedAt: Instant | null;
  readonly state: BackfillState;
  /** Who paused or cancelled it. */
  readonly stopped: { readonly by: string; readonly reason: string; readonly at: Instant } | null;
  /** Dates there are. */
  readonly count: number;
  /** Dates that have been taken up. */
  readonly taken: number;
  readonly active: readonly ActiveDate[];
  readonly ended: { readonly success: number; readonly failed: number; readonly cancelled: number };
  /** All that runs have taken so far, and how many they were: for an estimate. */
  readonly took: { readonly ms: number; readonly runs: number };
  readonly skipped: readonly SkippedDates[];
  readonly due: Instant | null;
}

type Signed = { readonly by: string; readonly reason: string };

export type BackfillEvent =
  | { readonly type: "wake"; readonly all?: boolean }
  | ({ readonly type: "pause" } & Signed)
  | ({ readonly type: "resume" } & Signed)
  | ({ readonly type: "cancel" } & Signed)
  /** The run of a date is there, and is this backfill's for this epoch. */
  | { readonly type: "date_started"; readonly runId: RunId; readonly epoch: number }
  | { readonly type: "date_skipped"; readonly runId: RunId; readonly reason: string }
  | {
      readonly type: "run_finished";
      readonly runId: RunId;
      readonly epoch: number;
      readonly state: Extract<RunState, "success" | "failed" | "cancelled">;
      readonly tookMs: number;
    };

export type BackfillCommand =
  /** Make or clear the run of the date, and come back with `date_started`, `date_skipped` or `run_finished`. */
  | { readonly type: "start_date"; readonly date: ActiveDate }
  | { readonly type: "cancel_run"; readonly runId: RunId; readonly by: string; readonly reason: string }
  | { readonly type: "timer"; readonly at: Instant };
