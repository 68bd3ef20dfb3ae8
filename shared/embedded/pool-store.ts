import { FreshetError } from "../core/errors.ts";
import type { CommitId, PoolId } from "../core/ids.ts";
import { decodePool, encodePool } from "../core/pool/codec.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { Pool } from "../core/pool/record.ts";
import type { PoolStore } from "../ports/pool-store.ts";
import type { CommitResult, Stored } from "../ports/stored.ts";
import { putAudit } from "./audit-log.ts";
import type { Database } from "./database.ts";
import { checkRecordSize } from "../ports/record-size.ts";
import type { Writer } from "./writer.ts";

const LOAD = "SELECT version, commit_id, record FROM pools WHERE pool_id = ?";
const INSERT = `
  INSERT INTO pools (pool_id, version, commit_id, due, record) VALUES (?, 1, ?, ?, ?) ON CONFLICT (pool_id) DO NOTHING`;
/** Most commits leave `due` as it is: then its index is not touched. */
const UPDATE_IN_PLACE = `
  UPDATE pools SET version = version + 1, commit_id = ?, record = ? WHERE pool_id = ? AND version = ? AND due IS ?`;
const UPDATE = `
  UPDATE pools SET version = version + 1, commit_id = ?, record = ?, due = ? WHERE pool_id = ? AND version = ?`;
const LIST = "SELECT pool_id, record FROM pools ORDER BY pool_id";

interface Row {
  readonly version: number;
  readonly commit_id: string;
  readonly record: string;
}

/** Pools in the state file. Rejects as the store of runs does. */
export function createPoolStore(database: Database, writer: Writer): PoolStore {
  async function create(pool: Pool, commitId: CommitId): Promise<"created" | Stored<Pool>> {
    const record = encodeChecked(pool);
    return writer.write((db) => {
      if (db.statement(INSERT).run(pool.poolId, commitId, pool.due, record).changes !== 0) return "created";
      const row = db.statement(LOAD).get(pool.poolId) as unknown as Row;
      return row.commit_id === commitId ? "created" : storedOf(pool.poolId, row);
    });
  }

  async function commit(read: Stored<Pool>, next: Pool, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult> {
    const record = encodeChecked(next);
    const { poolId, due } = next;
    return writer.write((db) => {
      if (
        db.statement(UPDATE_IN_PLACE).run(commitId, record, poolId, read.version, due).changes !== 0 ||
        db.statement(UPDATE).run(commitId, record, due, poolId, read.version).changes !== 0
      ) {
        putAudit(db, audit, read.version + 1);
        return "committed";
      }
      const row = db.statement(LOAD).get(poolId);
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
    list: async () => {
      const rows = database.read((db) => db.statement(LIST).all()) as unknown as { pool_id: PoolId; record: string }[];
      return rows.map(({ pool_id: id, record }) => decode(id, record));
    },
  };
}

const storedOf = (id: PoolId, row: Row): Stored<Pool> => ({ value: decode(id, row.record), version: row.version });

function encodeChecked(pool: Pool): string {
  const record = encodePool(pool);
  checkRecordSize(`pool '${pool.poolId}'`, Buffer.byteLength(record));
  return record;
}

function decode(id: PoolId, record: string): Pool {
  try {
    return decodePool(record);
  } catch (cause) {
    if (cause instanceof FreshetError) throw cause;
    throw new FreshetError(
      "RECORD_DAMAGED",
      `the record of pool '${id}' cannot be read: put back a copy of the state file`,
      { cause },
    );
  }
}
