import { decodeBackfill, encodeBackfill } from "../core/backfill/codec.ts";
import type { Backfill } from "../core/backfill/record.ts";
import { FreshetError } from "../core/errors.ts";
import type { BackfillStore } from "../ports/backfill-store.ts";
import { keyText, queryPages, readItems, type Item, type Table } from "./dynamo.ts";
import { dueAttributes } from "./due-index.ts";
import { backfillIdOf, backfillKey, timeOrder } from "./keys.ts";
import { createRecordStore, damaged, textOf, type RecordForm } from "./records.ts";
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

function decodeItem(item: Item): Backfill {
  const head = textOf(item, "head");
  try {
    return decodeBackfill(head);
  } catch (cause) {
    if (cause instanceof FreshetError) throw cause;
    throw damaged(item, "has a record that cannot be read", cause);
  }
}

async function listBackfills(
  table: Table,
  { dagId, limit }: Parameters<BackfillStore["list"]>[0],
): Promise<readonly Backfill[]> {
  const found: Backfill[] = [];
  const pages = queryPages(table, {
    IndexName: LISTING.indexName,
    KeyConditionExpression: "#part = :part",
    ExpressionAttributeNames: { "#part": LISTING.partitionKey },
    values: { ":part": ALL_BACKFILLS },
    ScanIndexForward: false,
  });
  for await (const { items } of pages) {
    const keys = items.map((item) => backfillKey(backfillIdOf(String(item["pk"]))));
    const read = await readItems(table, keys);
    for (const key of keys) {
      const item = read.get(keyText(key));
      if (item === undefined) continue;
      const backfill = decodeItem(item);
      if (dagId === undefined || backfill.plan.dagId === dagId) found.push(backfill);
    }
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}
