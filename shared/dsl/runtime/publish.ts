/**
 * Publishing: one atomic act. An object store replaces no two objects together, so files go to keys of their own and then one
 * small object, the pointer, is replaced under a condition. Readers who follow it see all of the old or all of the new.
 */
import { FreshetError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/json.ts";
import type { ObjectStore } from "../../core/task-host.ts";
import { isRecord } from "../definition.ts";
import { bytesOf } from "./content.ts";
import type { StagedFile } from "./staging.ts";

/** Under a published prefix: the object that readers follow. */
const POINTER = "_CURRENT";
/** Moves of the pointer that others got ahead of. */
export const PUBLISH_TRIES_MAX = 5;
/** Hex digits of the content's hash in a published key. */
const HASH_DIGITS = 16;

export type PublishedFile = {
  readonly name: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
};

/** What readers of a prefix see, by name. */
export type Published = { readonly files: readonly PublishedFile[] };

export type PublishResult = Published & {
  /** False: the same was published already. */
  readonly changed: boolean;
};

export interface PublisherDeps {
  readonly objects: ObjectStore;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface Publisher {
  publish(prefix: string, files: readonly StagedFile[]): Promise<PublishResult>;
  current(prefix: string): Promise<Published | undefined>;
}

export function createPublisher(deps: PublisherDeps, bucket: string): Publisher {
  const { objects, signal } = deps;

  /** True once the pointer says `body`; false if somebody else moved it in between. */
  async function movePointer(pointer: string, body: Uint8Array): Promise<"moved" | "same" | "raced"> {
    const before = await objects.get(bucket, pointer);
    if (before !== undefined && sameBytes(before.body, body)) return "same";
    const condition = before === undefined ? ({ ifNoneMatch: "*" } as const) : { ifMatch: before.info.etag };
    // A closed attempt must not move the pointer under its successor's feet.
    signal.throwIfAborted();
    return (await objects.put(bucket, pointer, body, condition)) === "changed" ? "raced" : "moved";
  }

  return {
    publish: async (prefix, files) => {
      checkPublication(prefix, files);
      const published = await Promise.all(files.map((file) => copyIn(deps, bucket, prefix, file)));
      const content: Published = { files: published.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
      const body = bytesOf(canonicalJson({ v: 1, ...content }));
      for (let tries = 1; tries <= PUBLISH_TRIES_MAX; tries++) {
        const result = await movePointer(prefix + POINTER, body);
        if (result !== "raced") return { ...content, changed: result === "moved" };
      }
      throw new FreshetError(
        "OBJECT_CHANGED",
        `'${prefix}' in bucket '${bucket}' was published by others ${PUBLISH_TRIES_MAX} times meanwhile: let one run at a time publish there`,
      );
    },
    current: async (prefix) => {
      checkPrefix(prefix);
      const pointer = await objects.get(bucket, prefix + POINTER);
      return pointer === undefined ? undefined : readPointer(bucket, prefix, pointer.body);
    },
  };
}

function checkPrefix(prefix: string): void {
  if (prefix.endsWith("/") && !prefix.startsWith("/")) return;
  throw new FreshetError("INVALID_KEY", `publish: prefix ${JSON.stringify(prefix)} must look like "published/orders/"`);
}

function checkPublication(prefix: string, files: readonly StagedFile[]): void {
  checkPrefix(prefix);
  if (files.length === 0) {
    throw new FreshetError("USAGE", `publish '${prefix}': there is no file; to publish nothing, end with skip("why")`);
  }
  const names = new Set<string>();
  for (const { name } of files) {
    if (names.has(name)) throw new FreshetError("USAGE", `publish '${prefix}': two of the files are named '${name}'`);
    names.add(name);
  }
}

/** The key tells the content, so a copy that is there already, of a try that died, is the right one. */
async function copyIn(deps: PublisherDeps, bucket: string, prefix: string, file: StagedFile): Promise<PublishedFile> {
  const { objects } = deps;
  const { name, size, sha256 } = file;
  const key = `${prefix}data/${sha256.slice(0, HASH_DIGITS)}/${name}`;
  const published = { name, key, size, sha256 };
  if ((await objects.head(bucket, key))?.size === size) return published;
  if (file.bucket === bucket) {
    if ((await objects.copy(bucket, file.key, key)) === "missing") gone(file);
    return published;
  }
  const local = await objects.download(file.bucket, file.key, deps.scratch);
  await objects.upload(bucket, key, local ?? gone(file));
  return published;
}

function gone({ name, bucket, key }: StagedFile): never {
  throw new FreshetError(
    "OBJECT_NOT_FOUND",
    `staged file '${name}' is no longer at ${JSON.stringify(key)} in bucket '${bucket}': run the task that staged it again`,
  );
}

function readPointer(bucket: string, prefix: string, body: Uint8Array): Published {
  const damaged = (): never => {
    throw new FreshetError(
      "RECORD_DAMAGED",
      `'${prefix}${POINTER}' in bucket '${bucket}' is not what publish() writes: publish there again`,
    );
  };
  let pointer: unknown;
  try {
    pointer = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return damaged();
  }
  if (!isRecord(pointer) || pointer["v"] !== 1 || !Array.isArray(pointer["files"])) return damaged();
  return { files: pointer["files"] as readonly PublishedFile[] };
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
