/** What an attempt's code is given: outputs of the tasks above, of all instances of a mapped one, and its own item. */
import {
  MAP_RESULTS_BYTES_MAX,
  type AttemptItem,
  type Dispatch,
  type InstanceAttempts,
  type OutputRef,
} from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import { UNMAPPED, type AttemptKey, type TaskId } from "../../core/ids.ts";
import type { JsonValue } from "../../core/json.ts";
import { ATTEMPT_READ_MAX, type AttemptStore } from "../../ports/attempt-store.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import { readItem } from "./list-output.ts";

interface Reading {
  readonly attempts: AttemptStore;
  readonly blobs: BlobStore;
}

export interface AttemptInputs {
  readonly outputs: { readonly [taskId: string]: JsonValue };
  readonly item?: { readonly value: JsonValue };
}

/** Throws RECORD_DAMAGED if something of it is gone, OUTPUT_TOO_LARGE for results that are too much for one task. */
export async function gatherInputs(reading: Reading, dispatch: Dispatch): Promise<AttemptInputs> {
  const outputs = await gatherOutputs(reading, dispatch);
  for (const { taskId, instances } of dispatch.upstream) {
    if (instances !== undefined) outputs[taskId] = await readResults(reading, taskId, instances);
  }
  const item = await gatherItem(reading, dispatch);
  return item === undefined ? { outputs } : { outputs, item };
}

async function gatherOutputs(
  { attempts, blobs }: Reading,
  { run, carried, upstream }: Dispatch,
): Promise<{ [taskId: string]: JsonValue }> {
  const refs = new Map<string, OutputRef>(Object.entries(carried));
  const missing = upstream.filter(({ taskId, attempt }) => attempt > 0 && !refs.has(taskId));
  const keys = missing.map(({ taskId, attempt }) => ({ runId: run.runId, taskId, mapIndex: UNMAPPED, attempt }));
  const items = await readThere(attempts, keys);
  for (const [index, { taskId }] of missing.entries()) {
    const output = outputOf(items[index]);
    if (output !== undefined) refs.set(taskId, output);
  }
  const outputs: { [taskId: string]: JsonValue } = {};
  for (const [taskId, ref] of refs) {
    if (ref.kind !== "none") outputs[taskId] = await valueOf(blobs, ref);
  }
  return outputs;
}

/** A run knows that they were made. Without one, as after a restore, its task must not go on as if nothing had been given. */
async function readThere(attempts: AttemptStore, keys: readonly AttemptKey[]): Promise<AttemptItem[]> {
  const items: AttemptItem[] = [];
  for (let first = 0; first < keys.length; first += ATTEMPT_READ_MAX) {
    const page = keys.slice(first, first + ATTEMPT_READ_MAX);
    for (const [index, item] of (await attempts.read(page)).entries()) {
      const key = page[index];
      if (item === null) throw new FreshetError("RECORD_DAMAGED", goneText(key?.taskId, key?.attempt));
      items.push(item);
    }
  }
  return items;
}

const goneText = (taskId = "?", attempt = 0): string =>
  `what attempt ${attempt} of '${taskId}' gave is not there any more: clear '${taskId}' with --downstream`;

const outputOf = (item: AttemptItem | null | undefined): OutputRef | undefined =>
  item?.status === "finished" && item.outcome.kind === "success" ? item.outcome.output : undefined;

const valueOf = async (blobs: BlobStore, ref: Exclude<OutputRef, { kind: "none" }>): Promise<JsonValue> =>
  ref.kind === "inline" ? ref.value : readOutput(blobs, ref.key);

/** Throws RECORD_DAMAGED if the blob is gone. */
export async function readOutput(blobs: BlobStore, key: string): Promise<JsonValue> {
  const body = await blobs.get(key);
  if (body === undefined)
    throw new FreshetError("RECORD_DAMAGED", `the output '${key}' is missing from the blob store`);
  return JSON.parse(new TextDecoder().decode(body)) as JsonValue;
}

/**
 * The results of a mapped task's instances, in their order; those that failed, were skipped or gave nothing are left out.
 * Throws RECORD_DAMAGED if one is gone, OUTPUT_TOO_LARGE if they are too much for one task.
 */
export async function readResults(
  { attempts, blobs }: Reading,
  taskId: TaskId,
  instances: readonly InstanceAttempts[],
): Promise<readonly JsonValue[]> {
  const keys = instances.flatMap((part) => [...attemptsOf(taskId, part)]);
  const refs = (await readThere(attempts, keys)).map((item) => outputOf(item) ?? ({ kind: "none" } as const));
  const bytes = refs.reduce((sum, ref) => sum + (ref.kind === "blob" || ref.kind === "list" ? ref.bytes : 0), 0);
  if (bytes > MAP_RESULTS_BYTES_MAX) {
    const text = `the results of '${taskId}' have ${bytes} bytes; one task can take ${MAP_RESULTS_BYTES_MAX}: let the instances write to storage, and return keys`;
    throw new FreshetError("OUTPUT_TOO_LARGE", text);
  }
  const results: JsonValue[] = [];
  for (let first = 0; first < refs.length; first += BLOBS_AT_ONCE) {
    const page = refs.slice(first, first + BLOBS_AT_ONCE).filter((ref) => ref.kind !== "none");
    results.push(...(await Promise.all(page.map(async (ref) => valueOf(blobs, ref)))));
  }
  return results.filter((result) => result !== null);
}

/** Results too large for their attempt items are read so many at a time. */
const BLOBS_AT_ONCE = 64;

function* attemptsOf(taskId: TaskId, { runId, first, attempts }: InstanceAttempts): Generator<AttemptKey> {
  let mapIndex = first;
  for (let pair = 0; pair < attempts.length; pair += 2) {
    const [count = 0, attempt = 0] = [attempts[pair], attempts[pair + 1]];
    for (const end = mapIndex + count; mapIndex < end; mapIndex++) {
      if (attempt > 0) yield { runId, taskId, mapIndex, attempt };
    }
  }
}

/** The item of an instance: read alone, whatever the size of the list. */
async function gatherItem(
  { attempts, blobs }: Reading,
  { run, key: { mapIndex }, item }: Dispatch,
): Promise<AttemptInputs["item"]> {
  if (item === undefined) return undefined;
  if (item.value !== undefined) return { value: item.value };
  const { over, attempt } = item;
  const list =
    item.list ?? outputOf((await attempts.read([{ runId: run.runId, taskId: over, mapIndex: UNMAPPED, attempt }]))[0]);
  if (list?.kind === "list") return { value: await readItem(blobs, list.key, mapIndex) };
  const value = list?.kind === "inline" && Array.isArray(list.value) ? itemAt(list.value, mapIndex) : undefined;
  if (value !== undefined) return { value };
  throw new FreshetError("RECORD_DAMAGED", `item ${mapIndex} of what '${over}' gave is not there any more`);
}

const itemAt = (list: readonly JsonValue[], index: number): JsonValue | undefined =>
  list.filter((item) => item !== null)[index];
