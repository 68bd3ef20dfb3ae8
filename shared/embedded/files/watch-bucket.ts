/**
 * The local buckets, as a source of events: a file that is created, overwritten or moved into place is an object that
 * arrived. What came while nobody watched is found by looking at everything, at the start and now and then.
 */
import { existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { watch, type FSWatcher } from "chokidar";
import type { ArrivedObject } from "../../core/attempt.ts";
import type { ObjectStore } from "../../core/task-host.ts";
import { instant, iso } from "../../core/time.ts";
import { bucketScope, type BucketInterest, type BucketScope } from "./bucket-scope.ts";
import { findKey } from "./key-places.ts";
import { createSettling, versionOfStamp, type FileStamp, type Settling } from "./settling.ts";

export type { BucketInterest } from "./bucket-scope.ts";

/** How often everything is looked at, in case the system forgot to tell of a file; less often if that takes long. */
const SCAN_EVERY_MS = 60_000;
/** The share of the time that looking at everything may take. */
const SCAN_SHARE_MAX = 0.005;
/** Objects that are handed over at the same time. */
const HANDING_MAX = 16;
/** Before an object that could not be handed over is tried again. */
const AGAIN_MS = 2_000;

export interface BucketWatchOptions {
  /** The folder of the buckets; made if need be. */
  readonly root: string;
  readonly objects: Pick<ObjectStore, "head">;
  readonly interests: readonly BucketInterest[];
  /** Each version of each object, once, in no order. If it rejects, the object comes again later. */
  onObject(object: ArrivedObject): Promise<void>;
  /** Something went wrong that does not end the watch. */
  onFault(error: unknown): void;
  readonly stableMs?: number;
}

export interface BucketWatch {
  /** From now on these objects are waited for; what is there of them already, arrives. */
  setInterests(interests: readonly BucketInterest[]): Promise<void>;
  /** Resolves once everything has been looked at, and all that was complete has been handed over. */
  idle(): Promise<void>;
  /** Resolves when nothing is being handed over any more. */
  close(): Promise<void>;
}

interface Watch {
  readonly options: BucketWatchOptions;
  readonly root: string;
  readonly settling: Settling;
  readonly handing: Set<Promise<void>>;
  readonly waiting: { readonly path: string; readonly stamp: FileStamp }[];
  /** As text. */
  interests: string;
  scope: BucketScope;
  watcher: FSWatcher | undefined;
  scanning: Promise<void>;
  scanTimer: NodeJS.Timeout | undefined;
  closed: boolean;
}

/** Resolves once files that come are noticed. Throws where the folder cannot be made. */
export async function watchBuckets(options: BucketWatchOptions): Promise<BucketWatch> {
  mkdirSync(options.root, { recursive: true });
  const root = realpathSync.native(options.root);
  const settling = createSettling({
    look: stampAt,
    now: () => Date.now(),
    onSettled: (path, stamp) => {
      own.waiting.push({ path, stamp });
      handOver(own);
    },
    ...(options.stableMs === undefined ? {} : { stableMs: options.stableMs }),
  });
  const own: Watch = {
    options,
    root,
    settling,
    handing: new Set(),
    waiting: [],
    interests: "",
    scope: bucketScope(root, []),
    watcher: undefined,
    scanning: Promise.resolve(),
    scanTimer: undefined,
    closed: false,
  };
  await setInterests(own, options.interests);
  return {
    setInterests: async (interests) => setInterests(own, interests),
    idle: async () => whenIdle(own),
    async close() {
      own.closed = true;
      clearTimeout(own.scanTimer);
      own.waiting.length = 0;
      settling.close();
      await own.watcher?.close();
      await own.scanning;
      await Promise.all(own.handing);
    },
  };
}

/** Symbolic links are no objects. */
/** The version of the object that lies in the bucket now, as its arrival named it; undefined: there is none. */
export function versionThere(root: string, bucket: string, key: string): string | undefined {
  if (!existsSync(root)) return undefined;
  const folder = { path: join(realpathSync.native(root), bucket), described: () => JSON.stringify(key) };
  const path = findKey(folder, key);
  const stamp = path === undefined ? undefined : stampAt(path);
  return stamp && versionOfStamp(stamp);
}

function stampAt(path: string): FileStamp | undefined {
  try {
    const stats = lstatSync(path, { bigint: true });
    return stats.isFile() ? stats : undefined;
  } catch {
    return undefined; // Gone, or out of reach.
  }
}

async function setInterests(own: Watch, interests: readonly BucketInterest[]): Promise<void> {
  const named = JSON.stringify(interests);
  if (own.interests === named) return;
  own.interests = named;
  own.scope = bucketScope(own.root, interests);
  // A person finds the place to put a file, and the system tells of its folder.
  for (const folder of own.scope.folders) mkdirSync(join(own.root, ...folder), { recursive: true });
  await own.watcher?.close();
  own.watcher = undefined;
  if (interests.length === 0) return;
  await startWatcher(own);
  scan(own);
}

async function startWatcher(own: Watch): Promise<void> {
  const { scope } = own;
  const watcher = watch(own.root, {
    ignoreInitial: true, // Found by `scan`, which asks no questions about when they came.
    followSymlinks: false,
    atomic: false, // Else it takes some names for those of editors' files.
    ignored: (path) => !scope.mayHold(path),
  });
  own.watcher = watcher;
  const noticed = (path: string): void => {
    if (own.scope.objectAt(path) !== undefined) own.settling.noticed(path);
  };
  watcher.on("add", noticed);
  watcher.on("change", noticed);
  watcher.on("unlink", (path) => own.settling.gone(path));
  watcher.on("error", (error) => {
    own.options.onFault(error);
    scan(own); // It may have missed something.
  });
  await new Promise<void>((ready) => watcher.once("ready", ready));
}

/** Looks at everything, one look after the other. */
function scan(own: Watch): void {
  clearTimeout(own.scanTimer);
  own.scanning = own.scanning.then(async () => {
    const began = performance.now();
    const folders = own.scope.folders.map((folder) => join(own.root, ...folder));
    await Promise.all(topmost(folders).map(async (folder) => scanFolder(own, folder)));
    if (own.closed) return;
    clearTimeout(own.scanTimer);
    const pauseMs = Math.max(SCAN_EVERY_MS, (performance.now() - began) / SCAN_SHARE_MAX);
    own.scanTimer = setTimeout(scan, pauseMs, own).unref();
  });
}

/** Without those that lie in others. */
const topmost = (folders: readonly string[]): readonly string[] =>
  [...new Set(folders)].filter(
    (folder) => !folders.some((other) => other !== folder && folder.startsWith(join(other, "/"))),
  );

async function scanFolder(own: Watch, start: string): Promise<void> {
  const folders = [start];
  for (let folder = folders.pop(); folder !== undefined && !own.closed; folder = folders.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // Gone meanwhile.
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() && own.scope.objectAt(path) !== undefined) own.settling.noticed(path);
    }
  }
}

function handOver(own: Watch): void {
  while (own.handing.size < HANDING_MAX && !own.closed) {
    const next = own.waiting.shift();
    if (next === undefined) return;
    const handing = handOne(own, next.path, next.stamp).finally(() => {
      own.handing.delete(handing);
      handOver(own);
    });
    own.handing.add(handing);
  }
}

async function handOne(own: Watch, path: string, stamp: FileStamp): Promise<void> {
  const name = own.scope.objectAt(path);
  if (name === undefined) return own.settling.forget(path); // Nobody waits for it any more.
  try {
    const info = await own.options.objects.head(name.bucket, name.key);
    const now = stampAt(path);
    if (info === undefined || now === undefined) return own.settling.forget(path);
    if (versionOfStamp(now) !== versionOfStamp(stamp)) return own.settling.noticed(path); // Changed while it was read.
    await own.options.onObject({
      ...name,
      size: info.size,
      etag: info.etag,
      version: versionOfStamp(stamp),
      arrivedAt: arrivedAt(stamp),
    });
  } catch (error) {
    own.options.onFault(error);
    own.settling.forget(path);
    if (!own.closed) setTimeout(() => own.closed || own.settling.noticed(path), AGAIN_MS).unref();
  }
}

/** When it came to where it is, as far as the file system knows. */
function arrivedAt({ ctimeNs }: FileStamp): string {
  return iso(instant(Math.min(Number(ctimeNs / 1_000_000n), Date.now())));
}

async function whenIdle(own: Watch): Promise<void> {
  await own.scanning;
  while (!own.closed && (own.settling.size() > 0 || own.waiting.length > 0 || own.handing.size > 0)) {
    await Promise.all(own.handing);
    await delay(10);
  }
}
