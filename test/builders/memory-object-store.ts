/** Buckets in memory, with the guarantees of the real ones. */
import { createHash } from "node:crypto";
import type { ObjectInfo, ObjectStore } from "../../shared/core/task-host.ts";

export interface MemoryObjectStore extends ObjectStore {
  /** Local files, for `download` and `upload`. */
  readonly localFiles: Map<string, Uint8Array>;
  /** Called before each conditional put: another writer's chance. */
  beforePut: (bucket: string, key: string) => void;
  /** Stores text at once. */
  seed(bucket: string, key: string, text: string): void;
  /** The object's text; undefined if there is none. */
  text(bucket: string, key: string): string | undefined;
  keys(bucket: string): readonly string[];
}

const MODIFIED = "2026-01-01T00:00:00Z";

export function memoryObjectStore(): MemoryObjectStore {
  const objects = new Map<string, Uint8Array>();
  const localFiles = new Map<string, Uint8Array>();
  const at = (bucket: string, key: string): string => `${bucket}\n${key}`;
  const etagOf = (body: Uint8Array): string => createHash("md5").update(body).digest("hex");
  const info = (key: string, body: Uint8Array): ObjectInfo => ({
    key,
    size: body.length,
    etag: etagOf(body),
    modifiedAt: MODIFIED,
  });
  const put = (bucket: string, key: string, body: Uint8Array): { readonly etag: string } => {
    objects.set(at(bucket, key), body.slice());
    return { etag: etagOf(body) };
  };
  const keys = (bucket: string): readonly string[] =>
    [...objects.keys()]
      .flatMap((name) => (name.startsWith(`${bucket}\n`) ? [name.slice(bucket.length + 1)] : []))
      .toSorted();

  const store: MemoryObjectStore = {
    localFiles,
    beforePut: () => undefined,
    seed: (bucket, key, text) => void put(bucket, key, new TextEncoder().encode(text)),
    text: (bucket, key) => {
      const body = objects.get(at(bucket, key));
      return body === undefined ? undefined : new TextDecoder().decode(body);
    },
    keys,
    get: async (bucket, key) => {
      const body = objects.get(at(bucket, key));
      return body === undefined ? undefined : { body: body.slice(), info: info(key, body) };
    },
    head: async (bucket, key) => {
      const body = objects.get(at(bucket, key));
      return body === undefined ? undefined : info(key, body);
    },
    put: async (bucket, key, body, condition) => {
      if (condition === undefined) return put(bucket, key, body);
      store.beforePut(bucket, key);
      const there = objects.get(at(bucket, key));
      const holds =
        "ifMatch" in condition ? there !== undefined && etagOf(there) === condition.ifMatch : there === undefined;
      return holds ? put(bucket, key, body) : "changed";
    },
    list: async (bucket, prefix) =>
      keys(bucket)
        .filter((key) => key.startsWith(prefix))
        .map((key) => info(key, objects.get(at(bucket, key)) ?? new Uint8Array())),
    copy: async (bucket, from, to) => {
      const body = objects.get(at(bucket, from));
      if (body === undefined) return "missing";
      put(bucket, to, body);
      return "copied";
    },
    delete: async (bucket, key) => void objects.delete(at(bucket, key)),
    download: async (bucket, key, scratch) => {
      const body = objects.get(at(bucket, key));
      if (body === undefined) return undefined;
      const path = `${scratch}/${encodeURIComponent(key)}`;
      localFiles.set(path, body.slice());
      return path;
    },
    upload: async (bucket, key, path) => put(bucket, key, localFiles.get(path) ?? new Uint8Array()),
  };
  return store;
}
