/** Keys of items, and how records are spread over partitions. */
import {
  UNMAPPED,
  backfillId,
  dagId,
  poolId,
  runId,
  type AttemptKey,
  type BackfillId,
  type DagId,
  type PoolId,
  type RunId,
  type TaskId,
  type VersionHash,
} from "../../core/ids.ts";
import type { AuditSubject } from "../../core/operation.ts";
import type { Instant } from "../../core/time.ts";
import type { DueRecord } from "../../ports/due-index.ts";
import { ATTEMPT_SHARDS } from "./tables.ts";

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

const RUN = "RUN";
const DAG = "DAG";
const POOL = "POOL";
const BACKFILL = "BACKFILL";
const VERSION = "VERSION";

export const runKey = (id: RunId): ItemKey => ({ pk: `${RUN}#${id}`, sk: RUN });
export const dagKey = (id: DagId): ItemKey => ({ pk: `${DAG}#${id}`, sk: DAG });
export const poolKey = (id: PoolId): ItemKey => ({ pk: `${POOL}#${id}`, sk: POOL });
export const backfillKey = (id: BackfillId): ItemKey => ({ pk: `${BACKFILL}#${id}`, sk: BACKFILL });
export const versionKey = (version: VersionHash): ItemKey => ({ pk: `${VERSION}#${version}`, sk: VERSION });

/** Beside the record that it is about, in the order of its versions. */
export const AUDIT_PREFIX = "AUDIT#";
const AUDIT_VERSION_DIGITS = 12;
export const auditKey = (record: ItemKey, version: number): ItemKey => ({
  pk: record.pk,
  sk: `${AUDIT_PREFIX}${String(version).padStart(AUDIT_VERSION_DIGITS, "0")}`,
});

/** The partition of a record, by what it is. */
export const partitionOf = ({ kind, id }: AuditSubject): string => `${kind.toUpperCase()}#${id}`;

/** What the engine knows of itself: one item each. */
export const TOKEN_KEY: ItemKey = { pk: "ENGINE#token-key", sk: "ENGINE" };
export const ENGINE_SCHEMA_KEY: ItemKey = { pk: "ENGINE#schema", sk: "ENGINE" };

/** The id in the partition key of a record. */
const idOf = (pk: string): string => pk.slice(pk.indexOf("#") + 1);
export const runIdOf = (pk: string): RunId => runId(idOf(pk));
export const dagIdOf = (pk: string): DagId => dagId(idOf(pk));
export const poolIdOf = (pk: string): PoolId => poolId(idOf(pk));
export const backfillIdOf = (pk: string): BackfillId => backfillId(idOf(pk));

export function dueRecord(pk: string, due: Instant): DueRecord {
  if (pk.startsWith(`${RUN}#`)) return { kind: "run", id: runIdOf(pk), due };
  if (pk.startsWith(`${BACKFILL}#`)) return { kind: "backfill", id: backfillIdOf(pk), due };
  return pk.startsWith(`${POOL}#`) ? { kind: "pool", id: poolIdOf(pk), due } : { kind: "dag", id: dagIdOf(pk), due };
}

/**
 * Where an attempt lies: a run's attempts are spread over `ATTEMPT_SHARDS` partitions by the hash of their task instance,
 * so that a wide map writes to all of them, and the attempts of a run are found without knowing its tasks.
 */
export function attemptItemKey({ runId: run, taskId: task, mapIndex, attempt }: AttemptKey): ItemKey {
  const instance = `${task}#${mapIndex === UNMAPPED ? "-" : mapIndex}`;
  return { pk: attemptPartition(run, shardOf(instance, ATTEMPT_SHARDS)), sk: `${instance}#${attempt}` };
}

export const attemptPartition = (run: RunId, shard: number): string => `${run}#${shard.toString(ATTEMPT_SHARDS)}`;

export function attemptKeyOf(run: RunId, sk: string): AttemptKey {
  const [task = "", mapIndex = "", attempt = ""] = sk.split("#");
  return {
    runId: run,
    taskId: task as TaskId, // Hooks too stand under an id, which is none that an author could choose.
    mapIndex: mapIndex === "-" ? UNMAPPED : Number(mapIndex),
    attempt: Number(attempt),
  };
}

/** In [0, shards): the FNV-1a hash of the text's code units. Stored keys hang on it: it stays as it is for ever. */
export function shardOf(text: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  // The low bits of FNV mix least: fold the high half in.
  return ((hash ^ (hash >>> 16)) >>> 0) % shards;
}

/** Sorts by time, then by id: the time always has 24 characters. */
export const timeOrder = (at: Instant, id: string): string => `${new Date(at).toISOString()}#${id}`;

/** Epoch seconds for DynamoDB's TTL. */
export const expiresAt = (at: Instant, retentionMs: number): number => Math.ceil((at + retentionMs) / 1000);
