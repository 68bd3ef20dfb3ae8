import { decodePool, encodePool } from "../../core/pool/codec.ts";
import type { Pool } from "../../core/pool/record.ts";
import type { PoolStore } from "../../ports/pool-store.ts";
import type { Item, Table } from "./dynamo.ts";
import { dueAttributes } from "./due-index.ts";
import { poolKey } from "./keys.ts";
import { allRecords, createRecordStore, recordOf, type RecordForm } from "./records.ts";
import { LISTING } from "./tables.ts";

/** Where all pools stand in the index that runs are listed by. */
const ALL_POOLS = "pools";

/** Pools in the engine table: a commit is one conditional put, and touches no index while `due` stays as it is. */
export function createPoolStore(table: Table): PoolStore {
  const records = createRecordStore(table, POOL_FORM);
  return {
    load: (id) => records.load(poolKey(id)),
    create: records.create,
    commit: records.commit,
    list: () => allRecords(table, ALL_POOLS, decodeItem),
  };
}

const decodeItem = (item: Item): Pool => recordOf(item, decodePool);
const POOL_FORM: RecordForm<Pool> = {
  subject: (pool) => `pool '${pool.poolId}'`,
  encode: (pool) => ({
    ...poolKey(pool.poolId),
    head: encodePool(pool),
    [LISTING.partitionKey]: ALL_POOLS,
    [LISTING.sortKey]: pool.poolId,
    ...dueAttributes(pool.poolId, pool.due),
  }),
  decode: decodeItem,
};
