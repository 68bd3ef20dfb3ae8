import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { BlobStore } from "../../ports/blob-store.ts";
import { fileFault } from "./file-faults.ts";
import { type KeyFiles, createKeyFiles } from "./key-files.ts";
import { readRange, readWhole, writeWhole } from "./whole-files.ts";
import { openWorkFolder } from "./work-folder.ts";
import { makeFolder } from "../make-folder.ts";

export interface FolderBlobStore extends BlobStore {
  /** The path of a blob, for what wants to import it; undefined if there is none. */
  path(key: string): Promise<string | undefined>;
  /** Lets go of the lock that is shared with other processes. */
  close(): void;
}

/**
 * Blobs as files: `<root>/data/<key>` (see key-paths.ts). A put is whole or not at all, and on disk once it has resolved.
 * Rejects with INVALID_KEY, DISK_FULL, HOME_UNUSABLE, CONTENTION or UNAVAILABLE.
 */
export function createBlobStore({ root }: { readonly root: string }): FolderBlobStore {
  const work = openWorkFolder(join(root, "work"));
  let opened: KeyFiles | undefined;

  function files(): KeyFiles {
    if (opened !== undefined) return opened;
    makeFolder(root);
    const folder = { path: join(realpathSync.native(root), "data"), described: named };
    opened = createKeyFiles(folder, work);
    return opened;
  }

  async function called<T>(key: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw fileFault(error, named(key));
    }
  }

  return {
    put: (key, body) =>
      called(key, async () => void (await files().place(key, (temporary) => writeWhole(temporary, body)))),
    get: (key) => called(key, () => files().using(key, async (path) => (await readWhole(path)).body)),
    range: (key, start, end) => called(key, () => files().using(key, (path) => readRange(path, start, end))),
    path: (key) => called(key, () => files().using(key, async (path) => path)),
    close: () => work.lock.close(),
  };
}

const named = (key: string): string => `blob ${JSON.stringify(key)}`;
