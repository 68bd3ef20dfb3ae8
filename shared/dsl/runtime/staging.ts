/** Where an attempt puts files before they are published. No other attempt writes there. */
import { FreshetError } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/task-host.ts";
import { bytesOf, sha256, type Content } from "./content.ts";

/** A file in an attempt's staging: JSON, so that a task can hand it on. */
export type StagedFile = {
  readonly bucket: string;
  readonly key: string;
  /** As it was staged: `orders.parquet`. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
};

export interface Staging {
  /** Stores text or bytes under a name that is the attempt's own; a second put of a name replaces the first. */
  put(name: string, content: Content): Promise<StagedFile>;
  /** Stores the content of a local file. */
  upload(name: string, path: string): Promise<StagedFile>;
}

export interface StagingDeps {
  readonly objects: ObjectStore;
  readonly staging: { readonly bucket: string; readonly prefix: string };
}

export function createStaging({ objects, staging }: StagingDeps): Staging {
  const { bucket, prefix } = staging;
  const staged = async (name: string, key: string, bytes: Uint8Array): Promise<StagedFile> => ({
    bucket,
    key,
    name,
    size: bytes.length,
    sha256: await sha256(bytes),
  });
  return {
    put: async (name, content) => {
      const key = prefix + checkedName(name);
      const bytes = bytesOf(content);
      await objects.put(bucket, key, bytes);
      return staged(name, key, bytes);
    },
    upload: async (name, path) => {
      const key = prefix + checkedName(name);
      await objects.upload(bucket, key, path);
      // What is published is named by its content: the hash is of what was stored, not of what the file is by now.
      const stored = await objects.get(bucket, key);
      if (stored !== undefined) return staged(name, key, stored.body);
      throw new FreshetError("OBJECT_NOT_FOUND", `staged file '${name}' was removed while it was being stored`);
    },
  };
}

/** A name becomes part of a key, and later of readers' paths. */
function checkedName(name: string): string {
  const parts = name.split("/");
  if (parts.every((part) => part !== "" && part !== "." && part !== "..")) return name;
  throw new FreshetError(
    "INVALID_KEY",
    `staging: ${JSON.stringify(name)} cannot be a file's name; expected one like "orders.csv" or "2010/orders.csv"`,
  );
}
