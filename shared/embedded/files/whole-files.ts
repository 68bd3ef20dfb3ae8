/** Files that are written whole, synced, before anybody sees them under their name. */
import { constants, linkSync } from "node:fs";
import { type FileHandle, copyFile, mkdir, mkdtemp, open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { errorCode, isAbsent } from "./file-faults.ts";

/** Makes the file, which must not be there. */
export async function writeWhole(path: string, body: Uint8Array): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Shares the disk's blocks where the file system can. */
export async function copyWhole(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await syncPath(to);
}

/** What is open is one file, whatever happens to its name. */
export async function readWhole(path: string): Promise<{ readonly body: Uint8Array; readonly modifiedAt: string }> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { mtime } = await file.stat();
    return { body: await file.readFile(), modifiedAt: mtime.toISOString() };
  } finally {
    await file.close();
  }
}

/** Bytes `start` to `end` (not included) of a file; fewer where it ends. */
export async function readRange(path: string, start: number, end: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const length = Math.max(0, Math.min(end, (await file.stat()).size) - start);
    const body = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(body, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return body.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** A second name for the file as it is now, in a folder of its own: what replaces the first name leaves this one. */
export async function snapshot(path: string, scratch: string): Promise<string> {
  await mkdir(scratch, { recursive: true });
  const target = join(await mkdtemp(join(scratch, "object-")), basename(path));
  try {
    linkSync(path, target);
  } catch (error) {
    // Another file system, or one without links.
    if (!["EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) throw error;
    await copyFile(path, target, constants.COPYFILE_FICLONE);
  }
  return target;
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Makes a file's content, or the names in a folder, last. Where a folder cannot be opened the file system does so itself. */
export async function syncPath(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    await handle.sync();
  } catch (error) {
    if (!isAbsent(error) && !["EPERM", "EISDIR", "EINVAL"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await handle?.close();
  }
}
