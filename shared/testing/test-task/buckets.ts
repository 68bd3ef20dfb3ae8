/** Buckets in memory, with the guarantees of the real ones. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ArrivedObject } from "../../core/attempt.ts";
import { FreshetError } from "../../core/errors.ts";
import type { ObjectInfo, ObjectStore, PutCondition } from "../../core/task-host.ts";

export interface MemoryBuckets extends ObjectStore {
  /** The object as a run gets it that it started; undefined if there is none. */
  readonly arrived: (bucket: string, key: string) => ArrivedObject | undefined;
  /** What lies under a prefix, by the rest of the key. */
  below(bucket: string, prefix: string): ReadonlyMap<string, Uint8Array>;
  /** What lies anywhere else, by key. */
  without(bucket: string, prefix: string): ReadonlyMap<string, Uint8Array>;
}

/** Nothing in a test depends on when it is. */
const MODIFIED_AT = "2026-01-01T00:00:00Z";

const etagOf = (body: Uint8Array): string => createHash("md5").update(body).digest("hex");
const infoOf = (key: string, body: Uint8Array): ObjectInfo => ({
  key,
  size: body.length,
  etag: etagOf(body),
  modifiedAt: MODIFIED_AT,
});

export function memoryBuckets(contents: {
  readonly [bucket: string]: { readonly [key: string]: string | Uint8Array };
}): MemoryBuckets {
  const buckets = new Map<string, Map<string, Uint8Array>>();
  const bucketOf = (name: string): Map<string, Uint8Array> => {
    const known = buckets.get(name) ?? new Map<string, Uint8Array>();
    buckets.set(name, known);
    return known;
  };
  for (const [bucket, objects] of Object.entries(contents)) {
    for (const [key, content] of Object.entries(objects))
      bucketOf(bucket).set(key, typeof content === "string" ? new TextEncoder().encode(content) : content.slice());
  }
  const put = (bucket: string, key: string, body: Uint8Array): { readonly etag: string } => {
    bucketOf(bucket).set(checkedKey(key), body.slice());
    return { etag: etagOf(body) };
  };
  return {
    get: async (bucket, key) => {
      const body = bucketOf(bucket).get(key);
      return body === undefined ? undefined : { body: body.slice(), info: infoOf(key, body) };
    },
    head: async (bucket, key) => {
      const body = bucketOf(bucket).get(key);
      return body === undefined ? undefined : infoOf(key, body);
    },
    put: async (bucket, key, body, condition) =>
      holds(bucketOf(bucket).get(key), condition) ? put(bucket, key, body) : "changed",
    list: async (bucket, prefix) =>
      [...bucketOf(bucket)]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, body]) => infoOf(key, body))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    copy: async (bucket, from, to) => {
      const body = bucketOf(bucket).get(from);
      if (body === undefined) return "missing";
      put(bucket, to, body);
      return "copied";
    },
    delete: async (bucket, key) => void bucketOf(bucket).delete(key),
    download: async (bucket, key, scratch) => {
      const body = bucketOf(bucket).get(key);
      return body === undefined ? undefined : keepLocally(scratch, `${bucket}/${key}`, body);
    },
    upload: async (bucket, key, path) => put(bucket, key, await readFile(path)),
    arrived: (bucket, key) => {
      const body = bucketOf(bucket).get(key);
      if (body === undefined) return undefined;
      const etag = etagOf(body);
      return { bucket, key, size: body.length, etag, version: etag, arrivedAt: MODIFIED_AT };
    },
    below: (bucket, prefix) =>
      new Map(
        [...bucketOf(bucket)].flatMap(([key, body]) =>
          key.startsWith(prefix) ? [[key.slice(prefix.length), body]] : [],
        ),
      ),
    without: (bucket, prefix) => new Map([...bucketOf(bucket)].filter(([key]) => !key.startsWith(prefix))),
  };
}

/** As S3 has it. */
const KEY_BYTES_MAX = 1024;

function checkedKey(key: string): string {
  if (key !== "" && key.isWellFormed() && Buffer.byteLength(key) <= KEY_BYTES_MAX) return key;
  const shown = JSON.stringify(key.slice(0, 100));
  throw new FreshetError("INVALID_KEY", `${shown} is no key; a key is text of 1 to ${KEY_BYTES_MAX} bytes of UTF-8`);
}

function holds(there: Uint8Array | undefined, condition: PutCondition | undefined): boolean {
  if (condition === undefined) return true;
  return "ifMatch" in condition ? there !== undefined && etagOf(there) === condition.ifMatch : there === undefined;
}

/** A key may hold what file names cannot, and two downloads of a key that changed are two files; tools go by the ending. */
async function keepLocally(scratch: string, name: string, body: Uint8Array): Promise<string> {
  const path = join(
    scratch,
    "downloads",
    createHash("sha256").update(name).update(body).digest("hex").slice(0, 16),
    fileName(name),
  );
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, body);
  return path;
}

const NAME_LENGTH_MAX = 80;
const fileName = (key: string): string =>
  (key.split("/").at(-1) ?? "").replaceAll(/[^\w.-]+/g, "-").slice(-NAME_LENGTH_MAX) || "object";
