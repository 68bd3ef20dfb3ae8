import { DAG_SCHEMA, type DagRecord } from "../core/dag-record.ts";
import { FreshetError } from "../core/errors.ts";
import type { CommitId, DagId, VersionHash } from "../core/ids.ts";
import type { Manifest } from "../core/manifest.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { DagStore } from "../ports/dag-store.ts";
import type { CommitResult, Stored } from "../ports/stored.ts";
import { putAudit } from "./audit-log.ts";
import type { Database } from "./database.ts";
import { checkRecordSize } from "../ports/record-size.ts";
import type { Writer } from "./writer.ts";

const LOAD = "SELECT version, commit_id, record FROM dags WHERE dag_id = ?";
const INSERT = `
  INSERT INTO dags (dag_id, version, commit_id, due, record) VALUES (?, 1, ?, ?, ?) ON CONFLICT (dag_id) DO NOTHING`;
const UPDATE = `
  UPDATE dags SET version = version + 1, commit_id = ?, due = ?, record = ? WHERE dag_id = ? AND version = ?`;
const LIST = "SELECT dag_id, record FROM dags ORDER BY dag_id";
const PUT_VERSION = `
  INSERT INTO dag_versions (version, bundle, manifest) VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING`;
const LOAD_VERSION = "SELECT bundle, manifest FROM dag_versions WHERE version = ?";

interface Row {
  readonly version: number;
  readonly commit_id: string;
  readonly record: string;
}

/** DAGs and their versions in the state file. Rejects as the store of runs does. */
export function createDagStore(database: Database, writer: Writer): DagStore {
  const storedOf = (id: DagId, row: Row): Stored<DagRecord> => ({
    value: decode(id, row.record),
    version: row.version,
  });

  async function create(dag: DagRecord, commitId: CommitId): Promise<"created" | Stored<DagRecord>> {
    const record = encodeChecked(dag);
    return writer.write((db) => {
      if (db.statement(INSERT).run(dag.dagId, commitId, dag.due, record).changes !== 0) return "created";
      const row = db.statement(LOAD).get(dag.dagId) as unknown as Row;
      return row.commit_id === commitId ? "created" : storedOf(dag.dagId, row);
    });
  }

  async function commit(
    read: Stored<DagRecord>,
    next: DagRecord,
    commitId: CommitId,
    audit?: AuditEntry,
  ): Promise<CommitResult> {
    const record = encodeChecked(next);
    return writer.write((db) => {
      const { changes } = db.statement(UPDATE).run(commitId, next.due, record, next.dagId, read.version);
      if (changes !== 0) {
        putAudit(db, audit, read.version + 1);
        return "committed";
      }
      const row = db.statement(LOAD).get(next.dagId);
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
      const rows = database.read((db) => db.statement(LIST).all()) as unknown as { dag_id: DagId; record: string }[];
      return rows.map(({ dag_id: id, record }) => decode(id, record));
    },
    putVersion: async ({ version, bundle, manifest }) => {
      const text = JSON.stringify(manifest);
      await writer.write((db) => void db.statement(PUT_VERSION).run(version, bundle, text));
    },
    loadVersion: async (version: VersionHash) => {
      const row = database.read((db) => db.statement(LOAD_VERSION).get(version));
      if (row === undefined) return undefined;
      return { version, bundle: row["bundle"] as string, manifest: JSON.parse(row["manifest"] as string) as Manifest };
    },
  };
}

function encodeChecked(dag: DagRecord): string {
  const record = JSON.stringify(dag);
  checkRecordSize(`dag '${dag.dagId}'`, Buffer.byteLength(record));
  return record;
}

function decode(id: DagId, record: string): DagRecord {
  const dag = JSON.parse(record) as Omit<DagRecord, "schema"> & { readonly schema: number };
  if (dag.schema !== DAG_SCHEMA) {
    throw new FreshetError(
      "RECORD_NEWER",
      `dag '${id}' has schema ${dag.schema}; this Freshet knows schema ${DAG_SCHEMA}: upgrade it`,
    );
  }
  return { ...dag, schema: DAG_SCHEMA };
}
