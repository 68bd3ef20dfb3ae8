/** Pools: how many slots there are for what must not all happen at once. */
import { asPool, callSite, type RawOptions } from "./definition.ts";

/** A pool. Tasks of any DAG take slots of it while they are at work. */
export interface Pool<Id extends string = string> {
  readonly id: Id;
}

export interface PoolOptions {
  /** How many there are. An operator's `freshet pools set` stands until this number changes. */
  readonly slots: number;
}

/** What an instance of a task takes: one slot, or so many. */
export type PoolUse = Pool | { readonly pool: Pool; readonly slots: number };

/**
 * A pool. It comes into being with the DAGs whose tasks take slots of it; the same pool in several files has the same number
 * of slots in each.
 */
export function pool<const Id extends string>(id: Id, options: PoolOptions): Pool<Id> {
  return asPool({ id, options: options as unknown as RawOptions, site: callSite(pool) });
}
