import { createHash, hash } from "node:crypto";
import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";

/** Etags remembered, by path. */
const REMEMBERED_MAX = 10_000;
/** A file changed as recently as this may change again without a new time stamp. */
const STAMP_NS = 2_000_000_000n;
const CHUNK_BYTES = 1024 * 1024;
/** How often a file that changes while it is read is read again. */
const TRIES_MAX = 3;

/** The etag of a content: as long as S3's. */
export const etagOfBytes = (body: Uint8Array): string => short(hash("sha256", body, "hex"));
const short = (digest: string): string => digest.slice(0, 32);

/** Etags of files: hashes of what is in them, read anew when a file may have changed. */
export interface FileEtags {
  /** Of a file as large as it may be; other things go on meanwhile. Rejects with ENOENT. */
  of(path: string): Promise<string>;
  /** Of a file that must not change before this returns. */
  ofNow(path: string): string;
}

/** `now` is the file system's clock, in nanoseconds. */
export function createFileEtags(now: () => bigint): FileEtags {
  const remembered = new Map<string, { readonly stamp: string; readonly etag: string }>();

  function recall(path: string, stats: BigIntStats): string | undefined {
    const known = remembered.get(path);
    return known?.stamp === stampOf(stats) ? known.etag : undefined;
  }

  function remember(path: string, stats: BigIntStats, etag: string): string {
    remembered.delete(path);
    const changedNs = stats.ctimeNs > stats.mtimeNs ? stats.ctimeNs : stats.mtimeNs;
    if (now() - changedNs > STAMP_NS) remembered.set(path, { stamp: stampOf(stats), etag });
    const oldest = remembered.keys().next();
    if (remembered.size > REMEMBERED_MAX && oldest.done !== true) remembered.delete(oldest.value);
    return etag;
  }

  async function of(path: string): Promise<string> {
    const file = await open(path, "r");
    try {
      for (let tries = 1; ; tries++) {
        const before = await file.stat({ bigint: true });
        const known = recall(path, before);
        if (known !== undefined) return known;
        const digest = createHash("sha256");
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Number(before.size) + 1));
        for (let at = 0; ;) {
          const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
          if (bytesRead === 0) break;
          digest.update(chunk.subarray(0, bytesRead));
          at += bytesRead;
        }
        const after = await file.stat({ bigint: true });
        if (stampOf(before) === stampOf(after) || tries === TRIES_MAX)
          return remember(path, after, short(digest.digest("hex")));
      }
    } finally {
      await file.close();
    }
  }

  function ofNow(path: string): string {
    const file = openSync(path, "r");
    try {
      const stats = fstatSync(file, { bigint: true });
      const known = recall(path, stats);
      if (known !== undefined) return known;
      const digest = createHash("sha256");
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Number(stats.size) + 1));
      for (let bytesRead = readSync(file, chunk); bytesRead > 0; bytesRead = readSync(file, chunk)) {
        digest.update(chunk.subarray(0, bytesRead));
      }
      return remember(path, stats, short(digest.digest("hex")));
    } finally {
      closeSync(file);
    }
  }

  return { of, ofNow };
}

const stampOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string => `${ino}.${size}.${mtimeNs}.${ctimeNs}`;
