import { decodeBackfill, encodeBackfill } from "../core/backfill/codec.ts";
import type { Backfill } from "../core/backfill/record.ts";
import { FreshetError } from "../core/errors.ts";
import type { BackfillId, CommitId } from "../core/ids.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { BackfillStore } from "../ports/backfill-store.ts";
import type { CommitResult, Stored } from "../ports/stored.ts";
import { putAudit } from "./audit-log.ts";
import type { Database } from "./database.ts";
import { checkRecordSize } from "../ports/record-size.ts";
import type { Writer } from "./writer.ts";

const LOAD = "SELECT version, commit_id, record FROM backfills WHERE backfill_id = ?";
const INSERT = `
  INSERT INTO backfills (backfill_id, dag_id, version, commit_id, created_at, due, record) VALUES (?, ?, 1, ?, ?, ?, ?)
  ON CONFLICT (backfill_id) DO NOTHING`;
const UPDATE = `
  UPDATE backfills SET version = version + 1, commit_id = ?, record = ?, due = ? WHERE backfill_id = ? AND version = ?`;
const LIST = "SELECT backfill_id, record FROM backfills ORDER BY created_at DESC, backfill_id DESC LIMIT ?";
const LIST_OF_DAG = `
  SELECT backfill_id, record FROM backfills WHERE dag_id = ? ORDER BY created_at DESC, backfill_id DESC LIMIT ?`;

interface Row {
  readonly version: number;
  readonly commit_id: string;
  readonly record: string;
}
interface Listed {
  readonly backfill_id: BackfillId;
  readonly record: string;
}

/** Backfills in the state file. Rejects as the store of runs does. */
export function createBackfillStore(database: Database, writer: Writer): BackfillStore {
  async function create(backfill: Backfill, commitId: CommitId): Promise<"created" | Stored<Backfill>> {
    const record = encodeChecked(backfill);
    const { backfillId, plan, createdAt, due } = backfill;
    return writer.write((db) => {
      const { changes } = db.statement(INSERT).run(backfillId, plan.dagId, commitId, createdAt, due, record);
      if (changes !== 0) return "created";
      const row = db.statement(LOAD).get(backfillId) as unknown as Row;
      return row.commit_id === commitId ? "created" : storedOf(backfillId, row);
    });
  }

  async function commit(
    read: Stored<Backfill>,
    next: Backfill,
    commitId: CommitId,
    audit?: AuditEntry,
  ): Promise<CommitResult> {
    const record = encodeChecked(next);
    return writer.write((db) => {
      const { changes } = db.statement(UPDATE).run(commitId, record, next.due, next.backfillId, read.version);
      if (changes !== 0) {
        putAudit(db, audit, read.version + 1);
        return "committed";
      }
      const row = db.statement(LOAD).get(next.backfillId);
      if (row === undefined) return "missing";
      return row["commit_id"] === commitId ? "committed" : "stale";
    });
  }

  return {
    load: async (id) => {
      const row = database.read((db) => db.statement(LOAD).get(id)) as unknown as Row | undefined;
      return row === undefined ? undefined : storedOf(id, row);
    },
    create,
    commit,
    list: async ({ dagId, limit }) => {
      const rows = database.read((db) =>
        dagId === undefined ? db.statement(LIST).all(limit) : db.statement(LIST_OF_DAG).all(dagId, limit),
      ) as unknown as Listed[];
      return rows.map(({ backfill_id: id, record }) => decode(id, record));
    },
  };
}

const storedOf = (id: BackfillId, row: Row): Stored<Backfill> => ({
  value: decode(id, row.record),
  version: row.version,
});

function encodeChecked(backfill: Backfill): string {
  const record = encodeBackfill(backfill);
  checkRecordSize(`backfill '${backfill.backfillId}'`, Buffer.byteLength(record));
  return record;
}

function decode(id: BackfillId, record: string): Backfill {
  try {
    return decodeBackfill(record);
  } catch (cause) {
    if (cause instanceof FreshetError) throw cause;
    throw new FreshetError(
      "RECORD_DAMAGED",
      `the record of backfill '${id}' cannot be read: put back a copy of the state file`,
      { cause },
    );
  }
}
