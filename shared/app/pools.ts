/** What people see of pools, and do with them. */
import { FreshetError } from "../core/errors.ts";
import type { PoolId } from "../core/ids.ts";
import type { Signature } from "../core/operation.ts";
import { byRank } from "../core/pool/decide.ts";
import { POOL_SLOTS_MAX, slotsUsed, type Pool, type PoolEntry } from "../core/pool/record.ts";
import { didYouMean } from "../core/problem.ts";
import { iso, type Instant } from "../core/time.ts";
import type { PoolView } from "../contract/views.ts";
import { advancePool } from "./advance.ts";
import type { Engine } from "./engine.ts";
import { patiently } from "./patiently.ts";

type Reading = Pick<Engine, "pools" | "dags" | "versions">;

/** Pools that a DAG declares, or that a run still uses, by id. */
export async function listPools(reading: Reading): Promise<readonly PoolView[]> {
  const [pools, users] = await Promise.all([reading.pools.list(), usersOf(reading)]);
  return pools
    .filter(({ poolId, entries }) => users.has(poolId) || entries.length > 0)
    .map((pool) => poolView(pool, users.get(pool.poolId) ?? []));
}

/** Throws POOL_NOT_FOUND, with the nearest name. */
export async function readPool(reading: Reading, id: string): Promise<PoolView> {
  const [pool, users] = await Promise.all([reading.pools.load(id as PoolId), usersOf(reading)]);
  if (pool === undefined) throw await noSuchPool(reading, id);
  return poolView(pool.value, users.get(id) ?? []);
}

/** The DAGs that take slots of each pool, as their current versions say. */
async function usersOf({ dags, versions }: Reading): Promise<ReadonlyMap<string, readonly string[]>> {
  const users = new Map<string, string[]>();
  for (const dag of await dags.list()) {
    if (dag.removed) continue;
    const { manifest } = await versions(dag.version);
    for (const { pool } of manifest.pools) users.set(pool, [...(users.get(pool) ?? []), dag.dagId]);
  }
  return users;
}

function poolView(pool: Pool, dags: readonly string[]): PoolView {
  const { poolId, slots, declared, resized, entries } = pool;
  const waiting = entries.filter(({ next }) => next !== null).toSorted(byRank);
  return {
    pool: poolId,
    slots,
    declared,
    resized: resized === null ? null : { by: resized.by, at: iso(resized.at) },
    used: slotsUsed(pool),
    waiting: waiting.reduce((sum, entry) => sum + slotsWanted(entry), 0),
    holders: entries.flatMap(({ runId, granted, released }) =>
      granted === released ? [] : [{ runId, slots: granted - released }],
    ),
    waiters: waiting.map((entry) => ({
      runId: entry.runId,
      slots: slotsWanted(entry),
      next: entry.next?.weight ?? 0,
      priority: entry.priority,
      deadline: isoOrNull(entry.deadline),
      logicalDate: isoOrNull(entry.logicalDate),
      since: isoOrNull(entry.since),
    })),
    dags,
  };
}

const slotsWanted = ({ wanted, granted }: PoolEntry): number => wanted - granted;
const isoOrNull = (at: Instant | null): string | null => (at === null ? null : iso(at));

export interface ResizeRequest extends Signature {
  readonly poolId: PoolId;
  readonly slots: number;
}

/**
 * Gives the pool another number of slots, until the source declares another one. What is in use stays so: a pool that shrinks
 * below it admits nobody until there is room, and 0 drains it. Throws POOL_NOT_FOUND, with the nearest name, NOTHING_TO_DO, and
 * USAGE.
 */
export async function resizePool(engine: Engine, { poolId, slots, by, reason }: ResizeRequest): Promise<Pool> {
  if (!Number.isInteger(slots) || slots < 0 || slots > POOL_SLOTS_MAX) {
    throw new FreshetError(
      "USAGE",
      `${slots} is no number of slots; give a whole number from 0, which drains the pool, to ${POOL_SLOTS_MAX}`,
    );
  }
  const pool = await patiently(engine, () =>
    advancePool(engine, poolId, [{ type: "resized", slots, by }], {
      hand: {
        prepare: async (before) => {
          if (before.slots !== slots) return before;
          throw new FreshetError(
            "NOTHING_TO_DO",
            `pool '${poolId}' has ${slots} slot${slots === 1 ? "" : "s"} already`,
          );
        },
        audit: async (before, after) => ({
          subject: { kind: "pool", id: poolId },
          at: engine.clock.now(),
          by,
          reason,
          action: `set ${slots}`,
          before: { slots: before.slots },
          after: { slots: after.slots },
        }),
      },
    }),
  );
  if (pool !== undefined) return pool;
  throw await noSuchPool(engine, poolId);
}

export async function noSuchPool({ pools }: Pick<Engine, "pools">, id: string): Promise<FreshetError> {
  const known = (await pools.list()).map(({ poolId }) => poolId);
  const there = known.length === 0 ? "no DAG has declared one" : `there are: ${known.join(", ")}`;
  return new FreshetError("POOL_NOT_FOUND", `there is no pool '${id}'${didYouMean(id, known)}; ${there}`);
}

/** The pools that tasks of a run wait for, by id. */
export async function poolsAwaited(
  { pools }: Pick<Engine, "pools">,
  ids: Iterable<PoolId>,
): Promise<ReadonlyMap<PoolId, Pool>> {
  const loaded = await Promise.all([...new Set(ids)].map(async (id) => [id, await pools.load(id)] as const));
  return new Map(loaded.flatMap(([id, stored]) => (stored === undefined ? [] : [[id, stored.value]])));
}
