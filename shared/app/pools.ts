/** What people do with pools. */
import { FreshetError } from "../core/errors.ts";
import type { PoolId } from "../core/ids.ts";
import { POOL_SLOTS_MAX, type Pool } from "../core/pool/record.ts";
import { didYouMean } from "../core/problem.ts";
import { advancePool } from "./advance.ts";
import type { Engine } from "./engine.ts";
import { patiently } from "./patiently.ts";

/**
 * The pool with another number of slots, until the source declares another one. What is in use stays so: a pool that shrinks
 * below it admits nobody until there is room, and 0 drains it. Throws POOL_NOT_FOUND, with the nearest name, and USAGE.
 */
export async function resizePool(engine: Engine, id: PoolId, slots: number, by: string): Promise<Pool> {
  if (!Number.isInteger(slots) || slots < 0 || slots > POOL_SLOTS_MAX) {
    throw new FreshetError(
      "USAGE",
      `${slots} is no number of slots; give a whole number from 0, which drains the pool, to ${POOL_SLOTS_MAX}`,
    );
  }
  const pool = await patiently(engine, () => advancePool(engine, id, [{ type: "resized", slots, by }]));
  if (pool !== undefined) return pool;
  throw await noSuchPool(engine, id);
}

export async function noSuchPool({ pools }: Pick<Engine, "pools">, id: string): Promise<FreshetError> {
  const known = (await pools.list()).map(({ poolId }) => poolId);
  const there = known.length === 0 ? "no DAG has declared one" : `there are: ${known.join(", ")}`;
  return new FreshetError("POOL_NOT_FOUND", `there is no pool '${id}'${didYouMean(id, known)}; ${there}`);
}
