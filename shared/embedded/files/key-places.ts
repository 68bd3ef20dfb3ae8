/**
 * Finds, fills and empties the place of a key in a folder, step by step and at once: whoever changes something holds the
 * lock. Files that people move by hand know no lock, so that every step looks before it acts.
 */
import { type Stats, lstatSync, mkdirSync, realpathSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { FreshetError } from "../../core/errors.ts";
import { isAbsent } from "./file-faults.ts";
import { keyFault, keyOfPath, pathOfKey } from "./key-paths.ts";

export interface KeyFolder {
  /** A real path; the folder is made when something is first put into it. */
  readonly path: string;
  /** How messages name a key. */
  readonly described: (key: string) => string;
}

interface Paths {
  readonly own: string;
  readonly beside: string;
}

/** Throws INVALID_KEY for what cannot be a key. */
export function checkKey({ described }: KeyFolder, key: string): void {
  const fault = keyFault(key);
  if (fault !== undefined) throw new FreshetError("INVALID_KEY", `${described(key)}: the key ${fault}`);
}

function pathsOf(folder: KeyFolder, key: string): Paths {
  checkKey(folder, key);
  const { own, beside } = pathOfKey(key);
  return { own: join(folder.path, ...own), beside: join(folder.path, ...beside) };
}

/** Where the key's file is; undefined if there is none. */
export function findKey(folder: KeyFolder, key: string): string | undefined {
  const { own, beside } = pathsOf(folder, key);
  // In this order: a file moves from its own path to the one beside it, never back.
  return [own, beside].find((path) => kindAt(folder, path, key) === "file");
}

/** Moves a file into the key's place if `allowed`; returns the folders that hold new names, undefined if it did not. */
export function placeKey(
  folder: KeyFolder,
  key: string,
  file: string,
  allowed: (present: string | undefined) => boolean,
): ReadonlySet<string> | undefined {
  const { own, beside } = pathsOf(folder, key);
  const present = findKey(folder, key);
  if (!allowed(present)) return undefined;
  const target = present ?? (kindAt(folder, own, key) === "folder" ? beside : own);
  const changed = makeFolders(folder, target, key);
  const taken = present === undefined && statsAt(target) !== undefined;
  if (taken || realPathOf(dirname(target)) !== dirname(target)) {
    throw new FreshetError(
      "INVALID_KEY",
      `${folder.described(key)} cannot be kept as '${target}': something else is there, or a name that differs from it ` +
        "in upper and lower case only; use another key",
    );
  }
  renameSync(file, target);
  return changed.add(dirname(target));
}

/** Removes the key's file and the folders that are empty then; returns the one that is left. */
export function removeKey(folder: KeyFolder, key: string): string | undefined {
  const { own, beside } = pathsOf(folder, key);
  let left: string | undefined;
  // The one beside goes first: it may be an older one, which must not come to light.
  for (const path of [beside, own].filter((at) => kindAt(folder, at, key) === "file")) {
    unlinkSync(path);
    left = pruned(dirname(path), folder.path);
  }
  return left;
}

/** What is at a path; refuses one that leads through a symbolic link. */
function kindAt(folder: KeyFolder, path: string, key: string): "file" | "folder" | "none" {
  const stats = statsAt(path);
  const real = stats === undefined ? undefined : realPathOf(path);
  if (stats === undefined || real === undefined) return "none";
  if (stats.isSymbolicLink() || (real !== path && !sameLetters(real, path))) throw linked(folder, path, key);
  // A file system without upper and lower case shows a file of another name.
  if (real !== path) return "none";
  if (stats.isDirectory()) return "folder";
  return stats.isFile() ? "file" : "none";
}

const linked = ({ described }: KeyFolder, path: string, key: string): FreshetError =>
  new FreshetError(
    "INVALID_KEY",
    `${described(key)} leads through a symbolic link ('${path}'), which is not followed: put the file itself there`,
  );

/** Makes the folders of a path; a file in their way moves beside. Returns the folders that hold new names. */
function makeFolders(folder: KeyFolder, path: string, key: string): Set<string> {
  const changed = new Set<string>();
  const needed: string[] = [];
  for (let at = dirname(path); at.length >= folder.path.length; at = dirname(at)) needed.unshift(at);
  for (const at of needed) {
    const stats = statsAt(at);
    if (stats?.isDirectory() === true) continue;
    if (stats?.isSymbolicLink() === true) throw linked(folder, at, key);
    if (stats !== undefined) moveBeside(folder, at, key);
    mkdirSync(at, { recursive: at === folder.path });
    changed.add(dirname(at));
  }
  return changed;
}

/** A file that stands where a folder is needed is an object of its own, and goes on to be that. */
function moveBeside(folder: KeyFolder, path: string, key: string): void {
  const other = keyOfPath(path.slice(folder.path.length + 1).split(sep));
  if (other === undefined || statsAt(path)?.isFile() !== true) {
    throw new FreshetError(
      "INVALID_KEY",
      `${folder.described(key)} needs the folder '${path}', where something else is; remove that`,
    );
  }
  const { beside } = pathsOf(folder, other);
  makeFolders(folder, beside, key);
  renameSync(path, beside);
}

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

function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The path without symbolic links, and in the letters that the file system has; undefined if nothing is there. */
export function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const sameLetters = (a: string, b: string): boolean => folded(a) === folded(b);
const folded = (path: string): string => path.normalize("NFC").toLowerCase();
