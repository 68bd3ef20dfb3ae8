import { decodeBackfill, encodeBackfill } from "../../core/backfill/codec.ts";
import type { Backfill } from "../../core/backfill/record.ts";
import type { BackfillStore } from "../../ports/backfill-store.ts";
import type { Item, Table } from "./dynamo.ts";
import { dueAttributes } from "./due-index.ts";
import { backfillKey, timeOrder } from "./keys.ts";
import { createRecordStore, listedRecords, recordOf, type RecordForm } from "./records.ts";
import { LISTING } from "./tables.ts";

/** Where all backfills stand in the index that runs are listed by. */
const ALL_BACKFILLS = "backfills";

/** Backfills in the engine table: a commit is one conditional put. */
export function createBackfillStore(table: Table): BackfillStore {
  const records = createRecordStore(table, BACKFILL_FORM);
  return {
    load: (id) => records.load(backfillKey(id)),
    create: records.create,
    commit: records.commit,
    list: (query) => listBackfills(table, query),
  };
}

const decodeItem = (item: Item): Backfill => recordOf(item, decodeBackfill);
const BACKFILL_FORM: RecordForm<Backfill> = {
  subject: (backfill) => `backfill '${backfill.backfillId}'`,
  encode: (backfill) => ({
    ...backfillKey(backfill.backfillId),
    head: encodeBackfill(backfill),
    [LISTING.partitionKey]: ALL_BACKFILLS,
    [LISTING.sortKey]: timeOrder(backfill.createdAt, backfill.backfillId),
    ...dueAttributes(backfill.backfillId, backfill.due),
  }),
  decode: decodeItem,
};

async function listBackfills(
  table: Table,
  { dagId, limit }: Parameters<BackfillStore["list"]>[0],
): Promise<readonly Backfill[]> {
  const found: Backfill[] = [];
  for await (const backfills of listedRecords(table, ALL_BACKFILLS, decodeItem, { newestFirst: true })) {
    found.push(...backfills.filter(({ plan }) => dagId === undefined || plan.dagId === dagId));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}
