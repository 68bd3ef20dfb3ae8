import { lstatSync, mkdirSync, realpathSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { FreshetError } from "../core/errors.ts";
import { errorCode, isAbsent } from "./file-faults.ts";
import { folderOfPrefix, keyFault, keyOfPath, pathOfKey } from "./key-paths.ts";
import type { WriteLock } from "./write-lock.ts";

/** How often a step is taken again because somebody who holds no lock changed the folders under it. */
const TRIES_MAX = 5;

/** The files of a folder, by key. Symbolic links are no files, and no way to any. */
export interface KeyFiles {
  /** Where the key's file is; undefined if there is none. Another process may move or remove it at any time. */
  find(key: string): string | undefined;
  /**
   * Moves a file into the key's place, all at once, if `allowed` says so of the file that is there; returns whether it did.
   * The file is on disk, and so is its name, once this has resolved.
   */
  place(key: string, file: string, allowed?: (present: string | undefined) => boolean): Promise<boolean>;
  /** Removes the key's file, and the folders that are empty then. */
  remove(key: string): Promise<void>;
  /** Keys that begin with the prefix, in no order. */
  keys(prefix: string): Promise<ReadonlySet<string>>;
}

/**
 * `folder` is a real path, made when something is first put into it; `described` names a key in a message.
 */
export function createKeyFiles(folder: string, lock: WriteLock, described: (key: string) => string): KeyFiles {
  const pathsOf = (key: string): { readonly own: string; readonly beside: string } => {
    const fault = keyFault(key);
    if (fault !== undefined) throw new FreshetError("INVALID_KEY", `${described(key)}: the key ${fault}`);
    const { own, beside } = pathOfKey(key);
    return { own: join(folder, ...own), beside: join(folder, ...beside) };
  };

  function find(key: string): string | undefined {
    const { own, beside } = pathsOf(key);
    // In this order: a file moves from its own path to the one beside it, never back.
    return [own, beside].find((path) => kindAt(path, key) === "file");
  }

  /** What is at a path; refuses one that leads through a symbolic link. */
  function kindAt(path: string, key: string): "file" | "folder" | "none" {
    const stats = statsAt(path);
    const real = stats === undefined ? undefined : realPathOf(path);
    if (stats === undefined || real === undefined) return "none";
    if (stats.isSymbolicLink() || (real !== path && !sameLetters(real, path))) throw linked(key, path);
    // A file system without upper and lower case shows a file of another name.
    if (real !== path) return "none";
    if (stats.isDirectory()) return "folder";
    return stats.isFile() ? "file" : "none";
  }

  const linked = (key: string, path: string): FreshetError =>
    new FreshetError(
      "INVALID_KEY",
      `${described(key)} leads through a symbolic link ('${path}'), which is not followed: put the file itself there`,
    );

  /** Makes the folders of a path; a file in their way moves beside. Returns the folders that hold new names. */
  function makeFolders(path: string, key: string): Set<string> {
    const changed = new Set<string>();
    const missing: string[] = [];
    for (let at = dirname(path); at.length >= folder.length; at = dirname(at)) missing.unshift(at);
    for (const at of missing) {
      const stats = statsAt(at);
      if (stats?.isDirectory() === true) continue;
      if (stats?.isSymbolicLink() === true) throw linked(key, at);
      if (stats !== undefined) moveBeside(at, key);
      mkdirSync(at, { recursive: at === folder });
      changed.add(dirname(at));
    }
    return changed;
  }

  /** A file that stands where a folder is needed is an object of its own, and goes on to be that. */
  function moveBeside(path: string, key: string): void {
    const names = path.slice(folder.length + 1).split(sep);
    const other = keyOfPath(names);
    if (other === undefined || !lstatSync(path).isFile()) {
      throw new FreshetError(
        "INVALID_KEY",
        `${described(key)} needs the folder '${path}', where something else is; remove it`,
      );
    }
    const { beside } = pathsOf(other);
    makeFolders(beside, key);
    renameSync(path, beside);
  }

  function placeNow(
    key: string,
    file: string,
    allowed: (present: string | undefined) => boolean,
  ): Set<string> | undefined {
    const { own, beside } = pathsOf(key);
    const present = find(key);
    if (!allowed(present)) return undefined;
    const target = present ?? (kindAt(own, key) === "folder" ? beside : own);
    const changed = makeFolders(target, key);
    const there = statsAt(target);
    if (realPathOf(dirname(target)) !== dirname(target) || (there !== undefined && present === undefined)) {
      throw new FreshetError(
        "INVALID_KEY",
        `${described(key)} cannot be kept as '${target}': something else is there, or a name that differs in upper and lower case only`,
      );
    }
    renameSync(file, target);
    return changed.add(dirname(target));
  }

  function removeNow(key: string): string | undefined {
    const { own, beside } = pathsOf(key);
    const present = [beside, own].filter((path) => kindAt(path, key) === "file");
    let left: string | undefined;
    // The one beside goes first: it may be an older one, which must not come to light.
    for (const path of present) {
      unlinkSync(path);
      left = pruned(dirname(path), folder);
    }
    return left;
  }

  return {
    find,
    place: async (key, file, allowed = () => true) => {
      pathsOf(key);
      const changed = await lock.hold(() => patiently(() => placeNow(key, file, allowed)));
      for (const at of changed ?? []) await syncFolder(at);
      return changed !== undefined;
    },
    remove: async (key) => {
      pathsOf(key);
      const left = await lock.hold(() => patiently(() => removeNow(key)));
      if (left !== undefined) await syncFolder(left);
    },
    keys: async (prefix) => {
      if (prefix !== "" && keyFault(prefix) !== undefined) return new Set();
      const names = folderOfPrefix(prefix);
      const start = join(folder, ...names);
      return realPathOf(start) === start ? keysUnder(folder, names, prefix) : new Set();
    },
  };
}

/** Folders that people change by hand may change between two steps: then both are taken again. */
function patiently<T>(work: () => T): T {
  for (let tries = 1; ; tries++) {
    try {
      return work();
    } catch (error) {
      if (
        tries === TRIES_MAX ||
        !["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY"].includes(errorCode(error) ?? "")
      )
        throw error;
    }
  }
}

function statsAt(path: string): ReturnType<typeof lstatSync> | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const sameLetters = (a: string, b: string): boolean => folded(a) === folded(b);
const folded = (path: string): string => path.normalize("NFC").toLowerCase();

/** Removes the folder and those around it while they are empty; returns the first that is not. */
function pruned(from: string, root: string): string {
  for (let at = from; at.length > root.length; at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch (error) {
      if (!isAbsent(error)) return at;
    }
  }
  return root;
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

async function entriesOf(folder: string): Promise<Awaited<ReturnType<typeof readEntries>>> {
  try {
    return await readEntries(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
const readEntries = (folder: string) => readdir(folder, { withFileTypes: true });

/** Makes the names in a folder last. Where a folder cannot be opened, the file system sees to that by itself. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!isAbsent(error) && !["EPERM", "EISDIR", "EINVAL"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await handle?.close();
  }
}
