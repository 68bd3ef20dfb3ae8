import { constants, linkSync, mkdirSync, realpathSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, open, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { FreshetError } from "../core/errors.ts";
import type { ObjectInfo, ObjectStore, PutCondition } from "../core/task-host.ts";
import { checkBucketName } from "./bucket-names.ts";
import { createFileEtags, etagOfBytes } from "./file-etags.ts";
import { errorCode, fileFault, isAbsent } from "./file-faults.ts";
import { type KeyFiles, createKeyFiles } from "./key-files.ts";
import { openWorkFolder } from "./work-folder.ts";

/** Beside the buckets; begins with a dot, as no bucket may. Whoever watches the buckets leaves it out. */
export const OBJECT_WORK_FOLDER = ".freshet";
/** How often an object that moves or is replaced between finding and opening it is looked for again. */
const OPEN_TRIES_MAX = 10;
/** Objects of a listing that are looked at together. */
const LIST_CONCURRENCY = 16;

/** The user's buckets as folders: `<root>/<bucket>/<key>`, where files may come and go by hand (see key-paths.ts). */
export interface FolderObjectStore extends ObjectStore {
  /** Lets go of the lock that is shared with other processes. */
  close(): void;
}

/**
 * Objects in folders. A put is whole or not at all, on disk once it has resolved, and conditional ones exclude each other
 * among all processes. Rejects with INVALID_KEY, DISK_FULL, HOME_UNUSABLE, CONTENTION or UNAVAILABLE.
 */
export function createObjectStore({ root }: { readonly root: string }): FolderObjectStore {
  const work = openWorkFolder(join(root, OBJECT_WORK_FOLDER));
  const etags = createFileEtags(work.now);
  const buckets = new Map<string, KeyFiles>();
  let realRoot: string | undefined;

  function filesOf(bucket: string): KeyFiles {
    checkBucketName(bucket);
    const known = buckets.get(bucket);
    if (known !== undefined) return known;
    if (realRoot === undefined) mkdirSync(root, { recursive: true });
    realRoot ??= realpathSync.native(root);
    const folder = join(realRoot, bucket);
    const files = createKeyFiles(folder, work.lock, (key) => named(bucket, key));
    buckets.set(bucket, files);
    return files;
  }

  /** Uses the object's file; once more if it is moved or replaced in between. Undefined if there is no object. */
  async function using<T>(bucket: string, key: string, use: (path: string) => Promise<T>): Promise<T | undefined> {
    for (let tries = 1; ; tries++) {
      const path = filesOf(bucket).find(key);
      if (path === undefined) return undefined;
      try {
        return await use(path);
      } catch (error) {
        if (!isAbsent(error)) throw error;
        if (tries === OPEN_TRIES_MAX)
          throw new FreshetError("CONTENTION", `${named(bucket, key)} keeps changing; try again`);
      }
    }
  }

  const infoOf = (bucket: string, key: string): Promise<ObjectInfo | undefined> =>
    using(bucket, key, async (path) => {
      const { size, mtime } = await stat(path);
      return { key, size, etag: await etags.of(path), modifiedAt: mtime.toISOString() };
    });

  /** Makes the content in a temporary file, and moves that into place. */
  async function store(
    bucket: string,
    key: string,
    make: (temporary: string) => Promise<string>,
    condition?: PutCondition,
  ): Promise<{ readonly etag: string } | "changed"> {
    const files = filesOf(bucket);
    files.find(key); // Refuses what cannot be a key before anything is written.
    const temporary = work.temporary();
    try {
      const etag = await make(temporary);
      const placed = await files.place(key, temporary, (present) => holds(condition, present));
      return placed ? { etag } : "changed";
    } finally {
      await rm(temporary, { force: true });
    }
  }

  function holds(condition: PutCondition | undefined, present: string | undefined): boolean {
    if (condition === undefined) return true;
    if ("ifNoneMatch" in condition) return present === undefined;
    return present !== undefined && etags.ofNow(present) === condition.ifMatch;
  }

  /** Reads a large object that a condition will ask for, so that nobody has to wait for that. */
  async function warm(bucket: string, key: string, condition: PutCondition | undefined): Promise<void> {
    if (condition !== undefined && "ifMatch" in condition) await using(bucket, key, etags.of);
  }

  const guarded = async <T>(bucket: string, key: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw fileFault(error, named(bucket, key));
    }
  };

  return {
    get: (bucket, key) => guarded(bucket, key, () => using(bucket, key, (path) => readWhole(path, key))),
    head: (bucket, key) => guarded(bucket, key, () => infoOf(bucket, key)),
    put: (bucket, key, body, condition) =>
      guarded(bucket, key, async () => {
        await warm(bucket, key, condition);
        return store(bucket, key, (temporary) => writeWhole(temporary, body), condition);
      }),
    list: (bucket, prefix) =>
      guarded(bucket, prefix, async () => {
        const keys = [...(await filesOf(bucket).keys(prefix))].toSorted();
        const infos: ObjectInfo[] = [];
        for (let at = 0; at < keys.length; at += LIST_CONCURRENCY) {
          const some = await Promise.all(keys.slice(at, at + LIST_CONCURRENCY).map((key) => infoOf(bucket, key)));
          infos.push(...some.filter((info) => info !== undefined));
        }
        return infos;
      }),
    copy: (bucket, from, to) =>
      guarded(bucket, from, async () => {
        const copied = await using(bucket, from, (path) =>
          store(bucket, to, (temporary) => copyWhole(path, temporary)),
        );
        return copied === undefined ? "missing" : "copied";
      }),
    delete: (bucket, key) => guarded(bucket, key, () => filesOf(bucket).remove(key)),
    download: (bucket, key, scratch) =>
      guarded(bucket, key, () => using(bucket, key, (path) => snapshot(path, scratch))),
    upload: (bucket, key, path) =>
      guarded(bucket, key, async () => {
        if (!(await isFile(path))) {
          throw new FreshetError(
            "OBJECT_NOT_FOUND",
            `'${path}', to be uploaded as ${named(bucket, key)}, is not a file`,
          );
        }
        return (await store(bucket, key, (temporary) => copyWhole(path, temporary))) as { readonly etag: string };
      }),
    close: work.lock.close,
  };

  async function copyWhole(from: string, temporary: string): Promise<string> {
    await copyFile(from, temporary, constants.COPYFILE_FICLONE);
    await sync(temporary);
    return etags.of(temporary);
  }
}

const named = (bucket: string, key: string): string => `object ${JSON.stringify(key)} of bucket '${bucket}'`;

/** Through one open file, which nobody replaces: the body, its size and its etag belong together. */
async function readWhole(path: string, key: string): Promise<{ readonly body: Uint8Array; readonly info: ObjectInfo }> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { mtime } = await file.stat();
    const body = await file.readFile();
    return { body, info: { key, size: body.byteLength, etag: etagOfBytes(body), modifiedAt: mtime.toISOString() } };
  } finally {
    await file.close();
  }
}

async function writeWhole(temporary: string, body: Uint8Array): Promise<string> {
  const file = await open(temporary, "wx");
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
  return etagOfBytes(body);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** A second name for the file as it is now: puts replace the first name and leave this one. Its ending is the object's. */
async function snapshot(path: string, scratch: string): Promise<string> {
  await mkdir(scratch, { recursive: true });
  const target = join(await mkdtemp(join(scratch, "object-")), basename(path));
  try {
    linkSync(path, target);
  } catch (error) {
    if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) throw error;
    await copyFile(path, target, constants.COPYFILE_FICLONE);
  }
  return target;
}
