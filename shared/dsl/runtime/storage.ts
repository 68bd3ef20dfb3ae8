/** The user's buckets, as a task reaches them. */
import { FreshetError } from "../../core/errors.ts";
import type { ObjectInfo, ObjectStore, PutCondition } from "../../core/task-host.ts";
import { bytesOf, type Content } from "./content.ts";
import { createPublisher, type Published, type PublishResult } from "./publish.ts";
import type { StagedFile } from "./staging.ts";

export interface Storage {
  bucket(name: string): Bucket;
}

/** Reading an object that is not there throws OBJECT_NOT_FOUND. */
export interface Bucket {
  readonly name: string;
  get(key: string): Promise<Uint8Array>;
  getText(key: string): Promise<string>;
  /** What it holds is for the caller to check. */
  getJson(key: string): Promise<unknown>;
  /** undefined if there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** All objects whose keys begin with `prefix`, in the order of their keys. */
  list(prefix?: string): Promise<readonly ObjectInfo[]>;
  /**
   * Stores the whole object or nothing. With a condition that does not hold, nothing is written and it throws: OBJECT_EXISTS
   * for `ifNoneMatch`, OBJECT_CHANGED for `ifMatch`.
   */
  put(key: string, content: Content, condition?: PutCondition): Promise<{ readonly etag: string }>;
  copy(from: string, to: string): Promise<void>;
  /** Nothing happens if there is none. */
  delete(key: string): Promise<void>;
  /** The path of a local, read-only file with the object's content. */
  download(key: string): Promise<string>;
  /** Stores the content of a local file. */
  upload(key: string, path: string): Promise<{ readonly etag: string }>;
  /**
   * Makes these staged files what readers of `prefix` see, all of them at once: copies them to keys named by their content,
   * then moves the pointer `<prefix>_CURRENT`. Publishing the same content again changes nothing.
   * Throws OBJECT_CHANGED if others keep publishing there at the same time.
   */
  publish(prefix: string, files: readonly StagedFile[]): Promise<PublishResult>;
  /** What is published under `prefix`; undefined if nothing has been. */
  current(prefix: string): Promise<Published | undefined>;
}

export interface StorageDeps {
  readonly objects: ObjectStore;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export const createStorage = (deps: StorageDeps): Storage => ({ bucket: (name) => createBucket(deps, name) });

function createBucket(deps: StorageDeps, bucket: string): Bucket {
  const { objects } = deps;
  const get = async (key: string): Promise<Uint8Array> =>
    (await objects.get(bucket, key))?.body ?? missing(bucket, key);
  const getText = async (key: string): Promise<string> => new TextDecoder().decode(await get(key));
  return {
    name: bucket,
    get,
    getText,
    getJson: async (key) => parseJson(bucket, key, await getText(key)),
    head: (key) => objects.head(bucket, key),
    list: (prefix = "") => objects.list(bucket, prefix),
    put: async (key, content, condition) => {
      const result = await objects.put(bucket, key, bytesOf(content), condition);
      return result === "changed" ? refused(bucket, key, condition) : result;
    },
    copy: async (from, to) => {
      if ((await objects.copy(bucket, from, to)) === "missing") missing(bucket, from);
    },
    delete: (key) => objects.delete(bucket, key),
    download: async (key) => (await objects.download(bucket, key, deps.scratch)) ?? missing(bucket, key),
    upload: (key, path) => objects.upload(bucket, key, path),
    ...createPublisher(deps, bucket),
  };
}

function missing(bucket: string, key: string): never {
  throw new FreshetError("OBJECT_NOT_FOUND", `there is no object ${JSON.stringify(key)} in bucket '${bucket}'`);
}

function refused(bucket: string, key: string, condition: PutCondition | undefined): never {
  const object = `object ${JSON.stringify(key)} in bucket '${bucket}'`;
  if (condition !== undefined && "ifNoneMatch" in condition) {
    throw new FreshetError("OBJECT_EXISTS", `${object} exists already, and was not to be replaced`);
  }
  throw new FreshetError("OBJECT_CHANGED", `${object} is no longer the one that was read: read it again`);
}

function parseJson(bucket: string, key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(`object ${JSON.stringify(key)} in bucket '${bucket}' is not JSON: ${fault}`, {
      cause: error,
    });
  }
}
