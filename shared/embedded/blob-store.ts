import { mkdirSync, realpathSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BlobStore } from "../ports/blob-store.ts";
import { fileFault, isAbsent } from "./file-faults.ts";
import { type KeyFiles, createKeyFiles } from "./key-files.ts";
import { openWorkFolder } from "./work-folder.ts";

/** Blobs are never replaced by other content, so one that vanishes while it is opened was moved beside a folder. */
const OPEN_TRIES_MAX = 10;

export interface FolderBlobStore extends BlobStore {
  /** The path of a blob, for what wants to import it; undefined if there is none. */
  path(key: string): string | undefined;
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
    mkdirSync(root, { recursive: true });
    opened = createKeyFiles(join(realpathSync.native(root), "data"), work.lock, (key) => `blob ${JSON.stringify(key)}`);
    return opened;
  }

  /** Bytes `start` to `end` of the blob, or all of them. */
  async function read(key: string, range?: readonly [start: number, end: number]): Promise<Uint8Array | undefined> {
    for (let tries = 1; ; tries++) {
      const path = files().find(key);
      if (path === undefined) return undefined;
      try {
        return await readFileRange(path, range);
      } catch (error) {
        if (!isAbsent(error) || tries === OPEN_TRIES_MAX) throw error;
      }
    }
  }

  async function put(key: string, body: Uint8Array): Promise<void> {
    files().find(key); // Refuses what cannot be a key before anything is written.
    const temporary = work.temporary();
    try {
      const file = await open(temporary, "wx");
      try {
        await file.writeFile(body);
        await file.sync();
      } finally {
        await file.close();
      }
      await files().place(key, temporary);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  const guarded = async <T>(key: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw fileFault(error, `blob ${JSON.stringify(key)}`);
    }
  };

  return {
    put: (key, body) => guarded(key, () => put(key, body)),
    get: (key) => guarded(key, () => read(key)),
    range: (key, start, end) => guarded(key, () => read(key, [start, end])),
    path: (key) => files().find(key),
    close: work.lock.close,
  };
}

async function readFileRange(path: string, range: readonly [number, number] | undefined): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    if (range === undefined) return await file.readFile();
    const [start, end] = range;
    const length = Math.max(0, Math.min(end, (await file.stat()).size) - start);
    const body = Buffer.alloc(length);
    const { bytesRead } = length === 0 ? { bytesRead: 0 } : await file.read(body, 0, length, start);
    return body.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
