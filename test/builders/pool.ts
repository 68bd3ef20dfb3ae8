import { runId, type PoolId, type RunId } from "../../shared/core/ids.ts";
import { newPool } from "../../shared/core/pool/decide.ts";
import type { Pool, PoolEntry, PoolEvent, Want } from "../../shared/core/pool/record.ts";
import { NOON } from "./times.ts";

export const aPoolId = (name = "warehouse"): PoolId => name as PoolId;

/** Without overrides: `warehouse`, of 8 slots, that nobody uses. */
export const aPool = (overrides: Partial<Pool> = {}): Pool => ({ ...newPool(aPoolId(), 8), ...overrides });

/** Without overrides: one instance of one slot waits, and nothing was granted before. */
const aWant = ({ next = { weight: 1, count: 1 }, ...overrides }: Partial<Want> = {}): Want => {
  const granted = overrides.granted ?? 0;
  const waiting = next === null ? 0 : next.weight * next.count;
  const rank = { priority: 1, deadline: null, logicalDate: null };
  return { number: 1, granted, released: 0, wanted: granted + waiting, next, ...rank, ...overrides };
};

/** `wanted("a", { number: 2 })`: the second snapshot of run `orders.a`. */
export const wanted = (name: string, overrides: Partial<Want> = {}, epoch = 0): PoolEvent => ({
  type: "wanted",
  runId: aPoolRun(name),
  epoch,
  want: aWant(overrides),
});

export const aPoolRun = (name: string): RunId => runId(`orders.${name}`);

/** Without overrides: run `orders.a` holds one slot, knows it, and wants no more. */
export const aPoolEntry = (overrides: Partial<PoolEntry> = {}): PoolEntry => ({
  ...aWant({ next: null, granted: 1 }),
  runId: aPoolRun("a"),
  epoch: 0,
  seen: 1,
  since: null,
  heardAt: NOON,
  ...overrides,
});
