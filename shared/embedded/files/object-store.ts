import { realpathSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { FreshetError } from "../../core/errors.ts";
import type { ObjectInfo, ObjectStore, PutCondition } from "../../core/task-host.ts";
import { checkBucketName } from "./bucket-names.ts";
import { type FileEtags, createFileEtags, etagOfBytes } from "./file-etags.ts";
import { fileFault } from "./file-faults.ts";
import { type KeyFiles, createKeyFiles } from "./key-files.ts";
import { copyWhole, isFile, readWhole, snapshot, writeWhole } from "./whole-files.ts";
import { type WorkFolder, openWorkFolder } from "./work-folder.ts";
import { makeFolder } from "../make-folder.ts";

/** Beside the buckets; begins with a dot, as no bucket may. Whoever watches the buckets leaves it out. */
export const OBJECT_WORK_FOLDER = ".freshet";
/** Objects of a listing that are looked at together. */
const LIST_CONCURRENCY = 16;

/** The user's buckets as folders: `<root>/<bucket>/<key>`, where files may come and go by hand (see key-paths.ts). */
export interface FolderObjectStore extends ObjectStore {
  /** Lets go of the lock that is shared with other processes. */
  close(): void;
}

/**
 * Objects in folders. A put is whole or not at all, on disk once it has resolved, and conditional ones exclude each other
 * among all processes. A bucket is there once something is put into it. Rejects with INVALID_KEY, OBJECT_NOT_FOUND (of a
 * file to upload), DISK_FULL, HOME_UNUSABLE, CONTENTION or UNAVAILABLE.
 */
export function createObjectStore({ root }: { readonly root: string }): FolderObjectStore {
  const work = openWorkFolder(join(root, OBJECT_WORK_FOLDER));
  const etags = createFileEtags(() => work.now());
  const filesOf = bucketFolders(root, work);

  async function called<T>(bucket: string, key: string, call: (files: KeyFiles) => Promise<T>): Promise<T> {
    try {
      return await call(filesOf(bucket));
    } catch (error) {
      throw fileFault(error, named(bucket, key));
    }
  }

  return {
    get: (bucket, key) =>
      called(bucket, key, (files) =>
        files.using(key, async (path) => {
          const { body, modifiedAt } = await readWhole(path);
          return { body, info: { key, size: body.byteLength, etag: etagOfBytes(body), modifiedAt } };
        }),
      ),
    head: (bucket, key) => called(bucket, key, (files) => infoOf(files, etags, key)),
    put: (bucket, key, body, condition) =>
      called(bucket, key, async (files) => {
        // A large object is read before others have to wait for that.
        if (condition !== undefined && "ifMatch" in condition) await files.using(key, (path) => etags.of(path));
        const placed = await files.place(
          key,
          (temporary) => writeWhole(temporary, body),
          (present) => holds(etags, condition, present),
        );
        return placed ? { etag: etagOfBytes(body) } : "changed";
      }),
    list: (bucket, prefix) => called(bucket, prefix, (files) => listed(files, etags, prefix)),
    copy: (bucket, from, to) =>
      called(bucket, from, async (files) => {
        const copied = await files.using(from, (path) => files.place(to, (temporary) => copyWhole(path, temporary)));
        return copied === undefined ? "missing" : "copied";
      }),
    delete: (bucket, key) => called(bucket, key, (files) => files.remove(key)),
    download: (bucket, key, scratch) =>
      called(bucket, key, (files) => files.using(key, (path) => snapshot(path, scratch))),
    upload: (bucket, key, path) =>
      called(bucket, key, (files) => uploaded(files, etags, named(bucket, key), key, path)),
    close: () => work.lock.close(),
  };
}

const named = (bucket: string, key: string): string => `object ${JSON.stringify(key)} of bucket '${bucket}'`;

/** The files of each bucket, by a name that is checked. */
function bucketFolders(root: string, work: WorkFolder): (bucket: string) => KeyFiles {
  const buckets = new Map<string, KeyFiles>();
  let realRoot: string | undefined;
  return (bucket) => {
    checkBucketName(bucket);
    const known = buckets.get(bucket);
    if (known !== undefined) return known;
    if (realRoot === undefined) makeFolder(root);
    realRoot ??= realpathSync.native(root);
    const folder = { path: join(realRoot, bucket), described: (key: string) => named(bucket, key) };
    const files = createKeyFiles(folder, work);
    buckets.set(bucket, files);
    return files;
  };
}

function infoOf(files: KeyFiles, etags: FileEtags, key: string): Promise<ObjectInfo | undefined> {
  return files.using(key, async (path) => {
    const { size, mtime } = await stat(path);
    return { key, size, etag: await etags.of(path), modifiedAt: mtime.toISOString() };
  });
}

function holds(etags: FileEtags, condition: PutCondition | undefined, present: string | undefined): boolean {
  if (condition === undefined) return true;
  if ("ifNoneMatch" in condition) return present === undefined;
  return present !== undefined && etags.ofNow(present) === condition.ifMatch;
}

async function listed(files: KeyFiles, etags: FileEtags, prefix: string): Promise<readonly ObjectInfo[]> {
  const keys = [...(await files.keys(prefix))].toSorted();
  const infos: ObjectInfo[] = [];
  for (let at = 0; at < keys.length; at += LIST_CONCURRENCY) {
    const some = await Promise.all(keys.slice(at, at + LIST_CONCURRENCY).map((key) => infoOf(files, etags, key)));
    infos.push(...some.filter((info) => info !== undefined)); // Gone since the folder was read.
  }
  return infos;
}

async function uploaded(
  files: KeyFiles,
  etags: FileEtags,
  name: string,
  key: string,
  path: string,
): Promise<{ readonly etag: string }> {
  if (!(await isFile(path))) {
    throw new FreshetError("OBJECT_NOT_FOUND", `'${path}', to be uploaded as ${name}, is not a file`);
  }
  let etag = "";
  await files.place(key, async (temporary) => {
    await copyWhole(path, temporary);
    etag = await etags.of(temporary);
  });
  return { etag };
}
