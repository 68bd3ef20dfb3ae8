import { decodeBackfill, encodeBackfill } from "../../core/backfill/codec.ts";
import type { Backfill } from "../../core/backfill/record.ts";
import type { BackfillId } from "../../core/ids.ts";
import type { BackfillStore } from "../../ports/backfill-store.ts";
import type { Database } from "./database.ts";
import { createRecordStore, type RecordForm } from "./records.ts";
import type { Writer } from "./writer.ts";

const BACKFILLS: RecordForm<Backfill, BackfillId> = {
  kind: "backfill",
  idOf: (backfill) => backfill.backfillId,
  encode: encodeBackfill,
  decode: decodeBackfill,
  fixed: ({ plan, createdAt }) => ({ dag_id: plan.dagId, created_at: createdAt }),
};
const NEWEST = "ORDER BY created_at DESC, backfill_id DESC LIMIT ?";

/** Backfills in the state file. Rejects as the store of runs does. */
export function createBackfillStore(database: Database, writer: Writer): BackfillStore {
  const backfills = createRecordStore(database, writer, BACKFILLS);
  return {
    ...backfills,
    list: ({ dagId, limit }) =>
      dagId === undefined ? backfills.list(NEWEST, limit) : backfills.list(`WHERE dag_id = ? ${NEWEST}`, dagId, limit),
  };
}
