import { instant, type Instant } from "../../core/time.ts";
import type { DueIndex } from "../../ports/due-index.ts";
import { queryPages, type Table } from "./dynamo.ts";
import { dueRecord, shardOf } from "./keys.ts";
import { DUE, DUE_SHARDS } from "./tables.ts";

/** Entries of one page. */
const DUE_PAGE = 200;

/** The attributes that put a record into the index; none if it is due no more. Unchanged ones cost a commit nothing. */
export const dueAttributes = (id: string, due: Instant | null): Readonly<Record<string, string | number>> =>
  due === null ? {} : { [DUE.partitionKey]: shardName(shardOf(id, DUE_SHARDS)), [DUE.sortKey]: due };

const shardName = (shard: number): string => `due#${shard}`;

export function createDueIndex(table: Table): DueIndex {
  return { due: (until) => dueRecords(table, until) };
}

async function* dueRecords(table: Table, until: Instant) {
  // A sweep that runs out of time begins elsewhere the next time, so that no shard is always the last.
  const first = Math.floor(Math.random() * DUE_SHARDS);
  for (let step = 0; step < DUE_SHARDS; step++) {
    const pages = queryPages(table, {
      IndexName: DUE.indexName,
      KeyConditionExpression: "#shard = :shard AND #at <= :until",
      ExpressionAttributeNames: { "#shard": DUE.partitionKey, "#at": DUE.sortKey },
      values: { ":shard": shardName((first + step) % DUE_SHARDS), ":until": until },
      Limit: DUE_PAGE,
    });
    for await (const { items } of pages) {
      if (items.length > 0)
        yield items.map((item) => dueRecord(String(item["pk"]), instant(Number(item[DUE.sortKey]))));
    }
  }
}
