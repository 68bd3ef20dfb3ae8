import type { PoolId } from "../../core/ids.ts";
import { decodePool, encodePool } from "../../core/pool/codec.ts";
import type { Pool } from "../../core/pool/record.ts";
import type { PoolStore } from "../../ports/pool-store.ts";
import type { Database } from "./database.ts";
import { createRecordStore, type RecordForm } from "./records.ts";
import type { Writer } from "./writer.ts";

const POOLS: RecordForm<Pool, PoolId> = {
  kind: "pool",
  idOf: (pool) => pool.poolId,
  encode: encodePool,
  decode: decodePool,
};

/** Pools in the state file. Rejects as the store of runs does. */
export function createPoolStore(database: Database, writer: Writer): PoolStore {
  const pools = createRecordStore(database, writer, POOLS);
  return { ...pools, list: () => pools.list("ORDER BY pool_id") };
}
