import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FreshetError } from "../../core/errors.ts";
import { errorCode, isAbsent } from "./file-faults.ts";
import { folderOfPrefix, keyFault, keyOfPath } from "./key-paths.ts";
import { type KeyFolder, checkKey, findKey, placeKey, realPathOf, removeKey } from "./key-places.ts";
import { syncPath } from "./whole-files.ts";
import type { WorkFolder } from "./work-folder.ts";

/** How often a step is taken again because somebody who holds no lock changed the folders under it. */
const STEP_TRIES_MAX = 5;
/** How often a file that is moved or replaced between finding and opening it is looked for again. */
const OPEN_TRIES_MAX = 10;

/** The files of a folder, by key. Symbolic links are no files, and no way to any. Everything rejects with INVALID_KEY. */
export interface KeyFiles {
  /** What `use` makes of the key's file; undefined if there is none. Rejects with CONTENTION. */
  using<T>(key: string, use: (path: string) => Promise<T>): Promise<T | undefined>;
  /**
   * Makes a file at a temporary path, then moves it into the key's place, all at once, if `allowed` says so of the file
   * that is there; whether it did. The file is on disk, and so is its name, once this has resolved.
   */
  place(
    key: string,
    make: (temporary: string) => Promise<void>,
    allowed?: (present: string | undefined) => boolean,
  ): Promise<boolean>;
  /** Removes the key's file, and the folders that are empty then. */
  remove(key: string): Promise<void>;
  /** Keys that begin with the prefix, in no order. */
  keys(prefix: string): Promise<ReadonlySet<string>>;
}

export function createKeyFiles(folder: KeyFolder, work: WorkFolder): KeyFiles {
  return {
    using: async (key, use) => {
      for (let tries = 1; tries <= OPEN_TRIES_MAX; tries++) {
        const path = findKey(folder, key);
        if (path === undefined) return undefined;
        try {
          return await use(path);
        } catch (error) {
          if (!isAbsent(error)) throw error;
        }
      }
      throw new FreshetError("CONTENTION", `${folder.described(key)} keeps changing; try again`);
    },
    place: async (key, make, allowed = () => true) => {
      checkKey(folder, key); // Before anything is written.
      return work.withTemporary(async (temporary) => {
        await make(temporary);
        const changed = await work.lock.hold(() => patiently(() => placeKey(folder, key, temporary, allowed)));
        for (const at of changed ?? []) await syncPath(at);
        return changed !== undefined;
      });
    },
    remove: async (key) => {
      checkKey(folder, key);
      const left = await work.lock.hold(() => patiently(() => removeKey(folder, key)));
      if (left !== undefined) await syncPath(left);
    },
    keys: async (prefix) => {
      if (prefix !== "" && keyFault(prefix) !== undefined) return new Set();
      const names = folderOfPrefix(prefix);
      const start = join(folder.path, ...names);
      return realPathOf(start) === start ? keysUnder(folder.path, names, prefix) : new Set();
    },
  };
}

/** Folders that people change by hand may change between two steps: then both are taken again. */
function patiently<T>(work: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return work();
    } catch (error) {
      const changed = ["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY"].includes(errorCode(error) ?? "");
      if (!changed || tries === STEP_TRIES_MAX) throw error;
    }
  }
}

async function keysUnder(root: string, start: readonly string[], prefix: string): Promise<Set<string>> {
  const keys = new Set<string>();
  const folders: (readonly string[])[] = [start];
  for (let names = folders.pop(); names !== undefined; names = folders.pop()) {
    for (const entry of await entriesOf(join(root, ...names))) {
      const inside = [...names, entry.name];
      if (entry.isDirectory()) folders.push(inside);
      const key = entry.isFile() ? keyOfPath(inside) : undefined;
      if (key?.startsWith(prefix) === true) keys.add(key);
    }
  }
  return keys;
}

async function entriesOf(folder: string): ReturnType<typeof readEntries> {
  try {
    return await readEntries(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

const readEntries = (folder: string) => readdir(folder, { withFileTypes: true });
