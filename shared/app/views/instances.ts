/** Reads instances of mapped tasks for people: the record that has the row, wherever it lies, and what they are called. */
import type { AttemptItem, InstanceAttempts, StoredAttempt } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import type { RunId, TaskId } from "../../core/ids.ts";
import type { Manifest } from "../../core/manifest.ts";
import { manifestOf, planOf } from "../../core/plan.ts";
import type { Expansion, Run } from "../../core/run.ts";
import { chunkRunId } from "../../core/run-id.ts";
import { expansionOf, stateOf } from "../../core/run/draft.ts";
import { shownState } from "../../core/run/explain.ts";
import { attemptPairs, countInstances, type InstanceCounts } from "../../core/run/instances.ts";
import type { TaskState } from "../../core/states.ts";
import { iso } from "../../core/time.ts";
import type { TaskView } from "../../contract/views.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import type { Engine } from "../engine.ts";
import { keysKey } from "../attempt/list-output.ts";

type Reading = Pick<Engine, "runs" | "attempts">;

/** A run that was read, with its chunks. */
interface RunRead {
  readonly run: Run;
  readonly version: DagVersion;
  readonly attempts: readonly StoredAttempt[];
  readonly chunks?: ReadonlyMap<RunId, Run>;
}

/** A record that holds rows of a mapped task, and its attempts. */
export interface InstanceRecord {
  readonly run: Run;
  readonly manifest: Manifest;
  readonly expansion: Expansion;
  readonly attempts: readonly StoredAttempt[];
}

/** Chunks of one run that are read for people. */
const CHUNKS_READ_MAX = 200;

/** The chunks of a run, as far as they have come into being. */
export async function readChunks({ runs }: Pick<Reading, "runs">, run: Run): Promise<ReadonlyMap<RunId, Run>> {
  const ids = run.tasks.expansions.flatMap(({ number, chunks = [] }) =>
    chunks.map((_, index) => chunkRunId(run.runId, number, index)),
  );
  const stored = await Promise.all(ids.slice(0, CHUNKS_READ_MAX).map((id) => runs.load(id)));
  return new Map(stored.flatMap((chunk) => (chunk === undefined ? [] : [[chunk.value.runId, chunk.value] as const])));
}

/** How the instances of a mapped task stand now: those of chunks by their own records. undefined: it has none. */
export function instanceCounts({ run, chunks }: RunRead, slot: number): InstanceCounts | undefined {
  const expansion = expansionOf(run.tasks, slot);
  if (expansion === undefined) return undefined;
  if (expansion.chunks === undefined) return countInstances(run.tasks, expansion);
  const sum = { success: 0, skipped: 0, failed: 0, atWork: 0, waiting: 0 };
  for (const [index, { open }] of expansion.chunks.entries()) {
    const own = chunks?.get(chunkRunId(run.runId, expansion.number, index))?.tasks;
    const rows = own?.expansions[0];
    if (own === undefined || rows === undefined) sum.waiting += open;
    else {
      const counts = countInstances(own, rows);
      for (const name of Object.keys(sum) as (keyof InstanceCounts)[]) sum[name] += counts[name];
    }
  }
  return sum;
}

/** The attempts by which instances of the mapped task have succeeded, in their order. undefined: it has none. */
export function succeededInstances({ run, chunks }: RunRead, slot: number): readonly InstanceAttempts[] | undefined {
  const expansion = expansionOf(run.tasks, slot);
  if (expansion === undefined) return undefined;
  const { runId } = run;
  const { first, length, number } = expansion;
  if (expansion.chunks === undefined) return [{ runId, first, length, attempts: attemptPairs(run.tasks, expansion) }];
  return expansion.chunks.flatMap((_, index) => {
    const chunk = chunks?.get(chunkRunId(runId, number, index));
    const rows = chunk?.tasks.expansions[0];
    if (chunk === undefined || rows === undefined) return [];
    return [{ runId: chunk.runId, first: rows.first, length: rows.rows, attempts: attemptPairs(chunk.tasks, rows) }];
  });
}

/** What needs a look comes first. */
const LOOKED_AT: readonly TaskState[] = ["failed", "up_for_retry", "restarting", "upstream_failed"];

/** The map index of the first instance that failed, else of the first that waits for its next try; null: there is none. */
export function instanceToSee({ run, chunks }: RunRead, slot: number): number | null {
  const expansion = expansionOf(run.tasks, slot);
  if (expansion === undefined) return null;
  const ids = (expansion.chunks ?? []).map((_, index) => chunkRunId(run.runId, expansion.number, index));
  const tables = expansion.chunks === undefined ? [run.tasks] : ids.flatMap((id) => chunks?.get(id)?.tasks ?? []);
  for (const state of LOOKED_AT) {
    for (const tasks of tables) {
      const rows = expansion.chunks === undefined ? expansion : tasks.expansions[0];
      for (let row = 0; row < (rows?.rows ?? 0); row++) {
        if (rows !== undefined && stateOf(tasks, rows.base + row) === state) return rows.first + row;
      }
    }
  }
  return null;
}

/** The records with rows of the mapped task, in the order of their instances; with `mapIndex`, the one that has it. */
async function recordsOf(
  reading: Reading,
  { run, version, attempts, chunks }: RunRead,
  taskId: string,
  mapIndex?: number,
): Promise<readonly InstanceRecord[]> {
  const slot = planOf(version.manifest).slotOf.get(taskId) ?? -1;
  const expansion = expansionOf(run.tasks, slot);
  if (expansion === undefined) return [];
  if (expansion.chunks === undefined) return [{ run, manifest: version.manifest, expansion, attempts }];
  const own = expansion.chunks
    .flatMap((_, index) => chunks?.get(chunkRunId(run.runId, expansion.number, index)) ?? [])
    .flatMap((chunk) => (chunk.tasks.expansions[0] === undefined ? [] : [{ chunk, rows: chunk.tasks.expansions[0] }]))
    .filter(({ rows }) => mapIndex === undefined || (mapIndex >= rows.first && mapIndex < rows.first + rows.rows));
  return Promise.all(
    own.map(async ({ chunk, rows }) => ({
      run: chunk,
      manifest: manifestOf(chunk, version.manifest),
      expansion: rows,
      attempts: await reading.attempts.list(chunk.runId),
    })),
  );
}

export interface FoundInstance extends InstanceRecord {
  readonly slot: number;
  readonly attempt: number;
  readonly item: AttemptItem | null;
}

/** The instance, in the record that holds it. Throws TASK_NOT_FOUND with what there is. */
export async function findInstance(
  reading: Reading,
  read: RunRead,
  taskId: string,
  mapIndex: number,
): Promise<FoundInstance> {
  const slot = planOf(read.version.manifest).slotOf.get(taskId) ?? -1;
  const spec = planOf(read.version.manifest).tasks[slot]?.spec;
  const length = expansionOf(read.run.tasks, slot)?.length;
  if (spec?.map === null) throw none(`task '${taskId}' is not mapped: leave out [${mapIndex}]`);
  if (length === undefined)
    throw none(`task '${taskId}' has no instances in this run; \`freshet why ${read.run.runId} ${taskId}\` says why`);
  if (mapIndex >= length)
    throw none(`task '${taskId}' has no instance ${mapIndex}; it has ${length}, from 0 to ${length - 1}`);
  const [record] = await recordsOf(reading, read, taskId, mapIndex);
  if (record === undefined) throw none(`instance ${mapIndex} of task '${taskId}' has not come into being yet`);
  const row = record.expansion.base + mapIndex - record.expansion.first;
  const attempt = record.run.tasks.attempts[row] ?? 0;
  const stored = record.attempts.find(
    ({ key }) => key.taskId === taskId && key.mapIndex === mapIndex && key.attempt === attempt,
  );
  return { ...record, slot: row, attempt, item: stored?.item ?? null };
}

const none = (message: string): FreshetError => new FreshetError("TASK_NOT_FOUND", message);

/** The instances of a mapped task, in their order, with their names where it gives any. */
export async function instanceViews(
  reading: Reading & { readonly blobs: BlobStore },
  read: RunRead,
  taskId: string,
): Promise<readonly TaskView[]> {
  const [records, keys] = await Promise.all([recordsOf(reading, read, taskId), keysOf(reading.blobs, read, taskId)]);
  return records.flatMap((record) => viewsOf(record, taskId, keys));
}

function viewsOf({ run, expansion, attempts }: InstanceRecord, taskId: string, keys: readonly string[]): TaskView[] {
  const items = new Map(
    attempts.flatMap(({ key, item }) =>
      key.taskId === taskId ? [[`${key.mapIndex}#${key.attempt}`, item] as const] : [],
    ),
  );
  return Array.from({ length: expansion.rows }, (_, row) => {
    const slot = expansion.base + row;
    const mapIndex = expansion.first + row;
    const attempt = run.tasks.attempts[slot] ?? 0;
    const item = items.get(`${mapIndex}#${attempt}`) ?? null;
    return {
      taskId,
      mapIndex,
      mapKey: keys[mapIndex] ?? null,
      state: shownState(run, slot, item),
      attempt,
      startedAt: item !== null && "startedAt" in item ? iso(item.startedAt) : null,
      endedAt: item !== null && "endedAt" in item ? iso(item.endedAt) : null,
      cause: run.tasks.details[slot]?.cause?.text ?? null,
      childRunId: null,
      instances: null,
    };
  });
}

async function keysOf(blobs: BlobStore, { run, version }: RunRead, taskId: string): Promise<readonly string[]> {
  const plan = planOf(version.manifest);
  const slot = plan.slotOf.get(taskId) ?? -1;
  const { map } = plan.tasks[slot]?.spec ?? {};
  const expansion = expansionOf(run.tasks, slot);
  if (map === null || map === undefined || !map.keyed || expansion === undefined) return [];
  const body = await blobs.get(keysKey(run.runId, map.over, expansion.list, taskId as TaskId));
  return body === undefined ? [] : (JSON.parse(new TextDecoder().decode(body)) as readonly string[]);
}
