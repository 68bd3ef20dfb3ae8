import { stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aFolder } from "../../../test/builders/index.ts";
import { type FileEtags, createFileEtags, etagOfBytes } from "./file-etags.ts";

const HOUR_NS = 3_600_000_000_000n;

let folder: Awaited<ReturnType<typeof aFolder>>;
let path: string;
/** How often a file was read: the clock is asked after each reading. */
let readings: number;

/** `laterNs`: how much later than now the file system's clock is. */
function etagsAt(laterNs: bigint): FileEtags {
  return createFileEtags(() => {
    readings += 1;
    return BigInt(Date.now()) * 1_000_000n + laterNs;
  });
}

beforeEach(async () => {
  folder = await aFolder();
  path = join(folder.path, "file");
  readings = 0;
  await writeFile(path, "one");
});
afterEach(() => folder.remove());

describe.each([
  ["while other things go on", (etags: FileEtags) => etags.of(path)],
  ["at once", async (etags: FileEtags) => etags.ofNow(path)],
] as const)("the etag of a file, read %s", (_, etagOf) => {
  test("is that of its content", async () => {
    expect(await etagOf(etagsAt(0n))).toBe(etagOfBytes(Buffer.from("one")));
  });

  test("of a large file is that of all of it", async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 7, "0123456789");
    await writeFile(path, body);

    expect(await etagOf(etagsAt(0n))).toBe(etagOfBytes(body));
  });

  test("is remembered of a file that has not changed for a while", async () => {
    const etags = etagsAt(HOUR_NS);
    await etagOf(etags);
    await etagOf(etags);

    expect(readings).toBe(1);
  });

  test("is not remembered of one that has just changed: it may change again without a new time", async () => {
    const etags = etagsAt(0n);
    await etagOf(etags);
    await etagOf(etags);

    expect(readings).toBe(2);
  });

  test("is another once the content is, though size and time of change were kept", async () => {
    const etags = etagsAt(HOUR_NS);
    await etagOf(etags);
    const { atime, mtime } = await stat(path);
    await writeFile(path, "two");
    await utimes(path, atime, mtime);

    expect(await etagOf(etags)).toBe(etagOfBytes(Buffer.from("two")));
  });

  test("of a file that is not there is an error", async () => {
    path = join(folder.path, "none");

    await expect(etagOf(etagsAt(0n))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
