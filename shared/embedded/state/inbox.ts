import type { Arrival } from "../../core/dag/record.ts";
import { type Instant, instant } from "../../core/time.ts";
import type { Inbox } from "../../ports/inbox.ts";
import type { Database } from "./database.ts";
import type { Writer } from "./writer.ts";

const PUT = `
  INSERT INTO arrivals (dag_id, trigger_id, bucket, key, version, size, etag, arrived_at, at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const WAITING = `
  SELECT * FROM arrivals WHERE dag_id = ? AND trigger_id = ? AND taken_by IS NULL
  ORDER BY at, bucket, key, version LIMIT ?`;
const SUMMARY = `
  SELECT count(*) AS count, max(at) AS newest FROM arrivals
  WHERE dag_id = ? AND trigger_id = ? AND taken_by IS NULL`;
const TAKE = `
  UPDATE arrivals SET taken_by = ?
  WHERE dag_id = ? AND trigger_id = ? AND bucket = ? AND key = ? AND version = ? AND taken_by IS NULL`;

interface Row {
  readonly dag_id: Arrival["dagId"];
  readonly trigger_id: Arrival["triggerId"];
  readonly bucket: string;
  readonly key: string;
  readonly version: string;
  readonly size: number;
  readonly etag: string;
  readonly arrived_at: string;
  readonly at: Instant;
}

/** Arrivals in the state file, until retention.ts forgets them. Rejects with the faults of the writer. */
export function createInbox(database: Database, writer: Writer): Inbox {
  return {
    put: (arrival) =>
      writer.write((db) => {
        const { size, etag, arrivedAt } = arrival.object;
        const { changes } = db.statement(PUT).run(...keyOf(arrival), size, etag, arrivedAt, arrival.at);
        return changes === 0 ? "known" : "new";
      }),
    waiting: async ({ dagId, triggerId }, limit) =>
      (database.read((db) => db.statement(WAITING).all(dagId, triggerId, limit)) as unknown as Row[]).map(arrivalOf),
    summary: async ({ dagId, triggerId }) => {
      const row = database.read((db) => db.statement(SUMMARY).get(dagId, triggerId));
      const newest = row?.["newest"];
      return { count: Number(row?.["count"]), newestAt: typeof newest === "number" ? instant(newest) : null };
    },
    take: (arrivals, runId) =>
      writer.write((db) => {
        for (const arrival of arrivals) db.statement(TAKE).run(runId, ...keyOf(arrival));
      }),
  };
}

const keyOf = ({ dagId, triggerId, object }: Arrival): [string, string, string, string, string] => [
  dagId,
  triggerId,
  object.bucket,
  object.key,
  object.version,
];

const arrivalOf = (row: Row): Arrival => ({
  dagId: row.dag_id,
  triggerId: row.trigger_id,
  object: {
    bucket: row.bucket,
    key: row.key,
    size: row.size,
    etag: row.etag,
    version: row.version,
    arrivedAt: row.arrived_at,
  },
  at: row.at,
});
