import { decodeDag, encodeDag } from "../../core/dag/codec.ts";
import type { DagRecord } from "../../core/dag/record.ts";
import type { DagId, VersionHash } from "../../core/ids.ts";
import type { Manifest } from "../../core/manifest.ts";
import type { DagStore } from "../../ports/dag-store.ts";
import type { Database } from "./database.ts";
import { createRecordStore, type RecordForm } from "./records.ts";
import type { Writer } from "./writer.ts";

const DAGS: RecordForm<DagRecord, DagId> = {
  kind: "dag",
  idOf: (dag) => dag.dagId,
  encode: encodeDag,
  decode: decodeDag,
};
const PUT_VERSION = `
  INSERT INTO dag_versions (version, bundle, manifest) VALUES (?, ?, ?) ON CONFLICT (version) DO NOTHING`;
const LOAD_VERSION = "SELECT bundle, manifest FROM dag_versions WHERE version = ?";

/** DAGs and their versions in the state file. Rejects as the store of runs does. */
export function createDagStore(database: Database, writer: Writer): DagStore {
  const dags = createRecordStore(database, writer, DAGS);
  return {
    ...dags,
    list: () => dags.list("ORDER BY dag_id"),
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
