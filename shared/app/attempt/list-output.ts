/** Lists that tasks are mapped over: stored so that an instance reads its own item and not the list. */
import { MAP_ITEM_BYTES_MAX, OUTPUT_CARRIED_BYTES_MAX, type MappedFacts, type OutputRef } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import type { RunId, TaskId } from "../../core/ids.ts";
import type { JsonValue } from "../../core/json.ts";
import type { BlobStore } from "../../ports/blob-store.ts";

/** Of each item that is not null, where it begins and ends in the blob of the list: two numbers of four bytes. */
const PLACE_BYTES = 8;
const placesKey = (key: string): string => `${key}.places`;

/** Where the names of instances lie that a mapped task gives to the items of a list. */
export const keysKey = (runId: RunId, over: TaskId, attempt: number, mapped: TaskId): string =>
  `runs/${runId}/${over}.${attempt}.keys.${mapped}.json`;

type Keys = { readonly [taskId: string]: readonly string[] | string };

/** What the tasks that are mapped over an output need to know of it. */
export function mappedFacts(output: JsonValue | undefined, mappedBy: readonly TaskId[], keys: Keys): MappedFacts {
  if (!Array.isArray(output)) {
    const fault = `expected a list, it gave ${kindOf(output)}: let it return an array`;
    return { faults: Object.fromEntries(mappedBy.map((taskId) => [taskId, fault])) };
  }
  const items = (output as readonly JsonValue[]).filter((item) => item !== null);
  const large = largeItem(items);
  const faults: { [taskId: string]: string } = {};
  for (const taskId of mappedBy) {
    const fault = large ?? keysFault(keys[taskId], items.length);
    if (fault !== undefined) faults[taskId] = fault;
  }
  return { length: items.length, ...(Object.keys(faults).length === 0 ? {} : { faults }) };
}

const kindOf = (output: JsonValue | undefined): string =>
  output === undefined || output === null ? "nothing" : typeof output === "object" ? "an object" : `a ${typeof output}`;

function largeItem(items: readonly JsonValue[]): string | undefined {
  for (const [index, item] of items.entries()) {
    const bytes = byteLength(JSON.stringify(item));
    if (bytes <= MAP_ITEM_BYTES_MAX) continue;
    return `item ${index} has ${bytes} bytes; at most ${MAP_ITEM_BYTES_MAX} are allowed: write it to storage, and give its key`;
  }
  return undefined;
}

/** Most texts are short: their bytes are counted only if they could be too many. */
const byteLength = (text: string): number =>
  text.length * 3 <= MAP_ITEM_BYTES_MAX ? text.length : new TextEncoder().encode(text).length;

function keysFault(keys: readonly string[] | string | undefined, length: number): string | undefined {
  if (keys === undefined) return undefined;
  if (typeof keys === "string") return keys;
  if (keys.length !== length) return `its key function gave ${keys.length} keys for ${length} items`;
  const first = new Map<string, number>();
  for (const [index, key] of keys.entries()) {
    const known = first.get(key);
    if (known !== undefined)
      return `items ${known} and ${index} have the same key ${JSON.stringify(key.slice(0, 100))}`;
    first.set(key, index);
  }
  return undefined;
}

/** The list, with the places of its items beside it. */
export async function putList(
  blobs: BlobStore,
  key: string,
  list: readonly JsonValue[],
  digest: (text: string) => string,
): Promise<Extract<OutputRef, { kind: "list" }>> {
  const encoder = new TextEncoder();
  const texts = list.map((item) => JSON.stringify(item));
  const pieces = texts.map((text) => encoder.encode(text));
  const bytes = 1 + Math.max(1, pieces.length) + pieces.reduce((sum, piece) => sum + piece.length, 0);
  const body = new Uint8Array(bytes);
  const places: number[] = [];
  let at = 0;
  body[at++] = OPENING;
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) body[at++] = COMMA;
    body.set(piece, at);
    if (list[index] !== null) places.push(at, at + piece.length);
    at += piece.length;
  }
  body[at] = CLOSING;
  const table = new DataView(new ArrayBuffer(places.length * (PLACE_BYTES / 2)));
  for (const [index, place] of places.entries()) table.setUint32(index * (PLACE_BYTES / 2), place);
  await Promise.all([blobs.put(key, body), blobs.put(placesKey(key), new Uint8Array(table.buffer))]);
  return { kind: "list", key, bytes, sha256: digest(`[${texts.join(",")}]`), length: places.length / 2 };
}

const [OPENING, COMMA, CLOSING] = [0x5b, 0x2c, 0x5d] as const;

/** One item of a list that was put. Throws RECORD_DAMAGED if it is not there. */
export async function readItem(blobs: BlobStore, key: string, index: number): Promise<JsonValue> {
  const place = await blobs.range(placesKey(key), index * PLACE_BYTES, (index + 1) * PLACE_BYTES);
  if (place === undefined || place.length < PLACE_BYTES) throw missing(key, index);
  const table = new DataView(place.buffer, place.byteOffset, PLACE_BYTES);
  const body = await blobs.range(key, table.getUint32(0), table.getUint32(PLACE_BYTES / 2));
  if (body === undefined) throw missing(key, index);
  return JSON.parse(new TextDecoder().decode(body)) as JsonValue;
}

/** Bytes of a list that are read at once for items that are sent along. */
const ITEMS_AT_ONCE_BYTES_MAX = 256 * 1024;

/** Those of these items, from `first` to `last`, that are small enough to be sent along; none if they lie too far apart. */
export async function readSmallItems(
  blobs: BlobStore,
  key: string,
  first: number,
  last: number,
): Promise<ReadonlyMap<number, JsonValue>> {
  const items = new Map<number, JsonValue>();
  const places = await blobs.range(placesKey(key), first * PLACE_BYTES, (last + 1) * PLACE_BYTES);
  if (places === undefined || places.length < (last + 1 - first) * PLACE_BYTES) return items;
  const table = new DataView(places.buffer, places.byteOffset, places.length);
  const start = table.getUint32(0);
  const end = table.getUint32(places.length - PLACE_BYTES / 2);
  const body = end - start <= ITEMS_AT_ONCE_BYTES_MAX ? await blobs.range(key, start, end) : undefined;
  if (body === undefined) return items;
  const decoder = new TextDecoder();
  for (let index = first; index <= last; index++) {
    const at = (index - first) * PLACE_BYTES;
    const [from, to] = [table.getUint32(at) - start, table.getUint32(at + PLACE_BYTES / 2) - start];
    if (to - from > OUTPUT_CARRIED_BYTES_MAX) continue;
    items.set(index, JSON.parse(decoder.decode(body.subarray(from, to))) as JsonValue);
  }
  return items;
}

const missing = (key: string, index: number): FreshetError =>
  new FreshetError("RECORD_DAMAGED", `item ${index} of the list '${key}' is missing from the blob store`);
