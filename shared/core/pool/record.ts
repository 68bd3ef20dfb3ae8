/** The record of a pool: how many slots there are, which run holds how many, and who wants more. */
import type { PoolId, RunId } from "../ids.ts";
import type { Instant } from "../time.ts";

export const POOL_SCHEMA = 1;
/** Slots of one pool at the most. */
export const POOL_SLOTS_MAX = 1_000_000;
/** Runs that one pool knows of at once. A run beyond it is not heard, and asks again until one of them has ended. */
export const POOL_RUNS_MAX = 1_000;

/** The best-ranked instances of a run that wait: the next `count` of them take `weight` slots each. */
export interface NextInstances {
  readonly weight: number;
  readonly count: number;
}

/** What decides whose want comes first. */
export interface WantRank {
  /** Of a backfill: all that is live comes first. */
  readonly past?: true;
  /** The highest comes first. */
  readonly priority: number;
  /** Then the earliest; null is after all. */
  readonly deadline: Instant | null;
  /** Then the earliest; null is after all. */
  readonly logicalDate: Instant | null;
}

/**
 * What a run says of its part in a pool, as a snapshot. `granted`, `released` and `wanted` are totals of slots over the run's
 * epoch, which only grow: two snapshots are merged by taking the larger, and the one with the higher number tells the rest.
 */
export interface Want extends WantRank {
  /** Rises with each snapshot of the run's epoch. */
  readonly number: number;
  /** As far as the run knows. */
  readonly granted: number;
  readonly released: number;
  /** Granted so far, and what waits beyond it. */
  readonly wanted: number;
  /** null: nothing waits. */
  readonly next: NextInstances | null;
}

/** A run's part in a pool. It holds `granted - released` slots. */
export interface PoolEntry extends Want {
  readonly runId: RunId;
  readonly epoch: number;
  /** The grants that the run is known to have heard of. */
  readonly seen: number;
  /** Since when something waits; null: nothing does. */
  readonly since: Instant | null;
  /** When the run was last heard of. */
  readonly heardAt: Instant;
}

export interface Pool {
  readonly schema: typeof POOL_SCHEMA;
  readonly poolId: PoolId;
  readonly slots: number;
  /** As the source declares it; `slots` differs while an operator's resize stands. */
  readonly declared: number;
  /** Who set `slots` last, and when; null: the source did. */
  readonly resized: { readonly by: string; readonly at: Instant } | null;
  readonly entries: readonly PoolEntry[];
  readonly due: Instant | null;
}

export type PoolEvent =
  /**
   * Look at everything that is due; with `tell`, tell again what was granted a moment ago and no run has been heard to know;
   * with `all`, ask every run.
   */
  | { readonly type: "wake"; readonly all?: boolean; readonly tell?: boolean }
  | { readonly type: "wanted"; readonly runId: RunId; readonly epoch: number; readonly want: Want }
  /** The run has ended, or is not there: its part is over, in this epoch and every one before. */
  | { readonly type: "final"; readonly runId: RunId; readonly epoch: number }
  /** The run has been told of its grants, and goes on. */
  | { readonly type: "grant_seen"; readonly runId: RunId; readonly epoch: number; readonly granted: number }
  /** The source says how many slots there are. An operator's resize stands until the source changes its mind. */
  | { readonly type: "declared"; readonly slots: number }
  | { readonly type: "resized"; readonly slots: number; readonly by: string };

export type PoolCommand =
  /** Tell the run what it was granted so far. `number` of its last want that the pool knows. */
  | {
      readonly type: "tell_run";
      readonly runId: RunId;
      readonly epoch: number;
      readonly number: number;
      readonly granted: number;
      /** Come back with `grant_seen` once it has heard. */
      readonly confirm: boolean;
    }
  | { readonly type: "timer"; readonly at: Instant };

/** Slots in use. */
export const slotsUsed = ({ entries }: Pick<Pool, "entries">): number =>
  entries.reduce((sum, { granted, released }) => sum + granted - released, 0);

/** Those of `next` that still wait once `granted` slots, which they did not know of, have come to their run. */
export function stillWaiting(next: NextInstances | null, granted: number): NextInstances | null {
  if (next === null) return null;
  const count = next.count - Math.ceil(granted / next.weight);
  return count > 0 ? { weight: next.weight, count } : null;
}
