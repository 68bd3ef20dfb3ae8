import { decodeDag, encodeDag } from "../../core/dag/codec.ts";
import type { DagRecord } from "../../core/dag/record.ts";
import { FreshetError } from "../../core/errors.ts";
import type { VersionHash } from "../../core/ids.ts";
import type { Manifest } from "../../core/manifest.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { DagStore, DagVersion } from "../../ports/dag-store.ts";
import { getItem, putIf, type Item, type Table } from "./dynamo.ts";
import { dueAttributes } from "./due-index.ts";
import { dagKey, versionKey } from "./keys.ts";
import { allRecords, createRecordStore, jsonOf, recordOf, textOf, type RecordForm } from "./records.ts";
import { LISTING } from "./tables.ts";

/** A manifest above this lies in the blob store. */
const MANIFEST_INLINE_BYTES_MAX = 350 * 1024;

/** Where all DAGs stand in the index that runs are listed by. */
const ALL_DAGS = "dags";

/** DAGs and their versions in the engine table; manifests too large for an item in the blob store. */
export function createDagStore(table: Table, blobs: BlobStore): DagStore {
  const records = createRecordStore(table, DAG_FORM);
  return {
    load: (id) => records.load(dagKey(id)),
    create: records.create,
    commit: records.commit,
    list: () => allRecords(table, ALL_DAGS, decodeItem),
    putVersion: (version) => putVersion(table, blobs, version),
    loadVersion: (version) => loadVersion(table, blobs, version),
  };
}

const decodeItem = (item: Item): DagRecord => recordOf(item, decodeDag);
const DAG_FORM: RecordForm<DagRecord> = {
  subject: (dag) => `DAG '${dag.dagId}'`,
  encode: (dag) => ({
    ...dagKey(dag.dagId),
    head: encodeDag(dag),
    [LISTING.partitionKey]: ALL_DAGS,
    [LISTING.sortKey]: dag.dagId,
    ...dueAttributes(dag.dagId, dag.due),
  }),
  decode: decodeItem,
};

async function putVersion(table: Table, blobs: BlobStore, { version, manifest, bundle }: DagVersion): Promise<void> {
  const text = JSON.stringify(manifest);
  const inline = Buffer.byteLength(text) <= MANIFEST_INLINE_BYTES_MAX;
  // The blob before the item that names it: what was put is always found.
  if (!inline) await blobs.put(manifestBlob(version), Buffer.from(text));
  await putIf(
    table,
    { ...versionKey(version), bundle, ...(inline ? { manifest: text } : { blob: manifestBlob(version) }) },
    `version '${version}'`,
    { condition: "attribute_not_exists(#pk)", names: { "#pk": "pk" } },
  );
}

const manifestBlob = (version: VersionHash): string => `manifests/${version}.json`;

async function loadVersion(table: Table, blobs: BlobStore, version: VersionHash): Promise<DagVersion | undefined> {
  const item = await getItem(table, versionKey(version));
  if (item === undefined) return undefined;
  return { version, manifest: await manifestOf(item, blobs), bundle: textOf(item, "bundle") };
}

async function manifestOf(item: Item, blobs: BlobStore): Promise<Manifest> {
  if (item["blob"] === undefined) return jsonOf(item, "manifest") as Manifest;
  const key = textOf(item, "blob");
  const body = await blobs.get(key);
  if (body !== undefined) return JSON.parse(Buffer.from(body).toString()) as Manifest;
  throw new FreshetError(
    "VERSION_NOT_FOUND",
    `the manifest of ${String(item["pk"])} should lie in the blob store as '${key}', and does not: deploy that version again`,
  );
}
