import { FreshetError } from "../core/errors.ts";
import { decodePool, encodePool } from "../core/pool/codec.ts";
import type { Pool } from "../core/pool/record.ts";
import type { PoolStore } from "../ports/pool-store.ts";
import { keyText, queryPages, readItems, type Item, type Table } from "./dynamo.ts";
import { dueAttributes } from "./due-index.ts";
import { poolIdOf, poolKey } from "./keys.ts";
import { createRecordStore, damaged, textOf, type RecordForm } from "./records.ts";
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
    list: () => listPools(table),
  };
}

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

function decodeItem(item: Item): Pool {
  const head = textOf(item, "head");
  try {
    return decodePool(head);
  } catch (cause) {
    if (cause instanceof FreshetError) throw cause;
    throw damaged(item, "has a record that cannot be read", cause);
  }
}

async function listPools(table: Table): Promise<readonly Pool[]> {
  const keys: ReturnType<typeof poolKey>[] = [];
  const pages = queryPages(table, {
    IndexName: LISTING.indexName,
    KeyConditionExpression: "#part = :part",
    ExpressionAttributeNames: { "#part": LISTING.partitionKey },
    values: { ":part": ALL_POOLS },
  });
  for await (const { items } of pages) for (const item of items) keys.push(poolKey(poolIdOf(String(item["pk"]))));
  const items = await readItems(table, keys);
  return keys.flatMap((key) => {
    const item = items.get(keyText(key));
    return item === undefined ? [] : [decodeItem(item)];
  });
}
