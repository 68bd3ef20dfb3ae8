import type { DagRecord } from "../core/dag/record.ts";
import type { CommitId, DagId, VersionHash } from "../core/ids.ts";
import type { Manifest } from "../core/manifest.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { CommitResult, Stored } from "./stored.ts";

/** An immutable version of a DAG: its manifest, and the bundle that holds its code. */
export interface DagVersion {
  readonly version: VersionHash;
  readonly manifest: Manifest;
  /** SHA-256 of the code bundle, in hex; the bundle lies in the blob store as `bundles/<hash>.mjs`. */
  readonly bundle: string;
}

/** The records of DAGs, and their versions. */
export interface DagStore {
  load(id: DagId): Promise<Stored<DagRecord> | undefined>;
  create(dag: DagRecord, commitId: CommitId): Promise<"created" | Stored<DagRecord>>;
  /** As of a run. */
  commit(read: Stored<DagRecord>, next: DagRecord, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult>;
  /** Every DAG ever registered, by id. May miss what was written a moment ago. */
  list(): Promise<readonly DagRecord[]>;
  /** Idempotent: a version is named by its content. */
  putVersion(version: DagVersion): Promise<void>;
  /** What was put is always found; callers may keep it for ever. */
  loadVersion(version: VersionHash): Promise<DagVersion | undefined>;
}
