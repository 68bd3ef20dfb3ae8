/** What buckets as folders promise beyond the port: people and other processes use the same files. */
import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rename, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aFolder } from "../../../test/builders/index.ts";
import { type FolderObjectStore, OBJECT_WORK_FOLDER, createObjectStore } from "./object-store.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
let root: string;
let store: FolderObjectStore;

beforeEach(async () => {
  folder = await aFolder();
  root = join(folder.path, "buckets");
  store = createObjectStore({ root });
});
afterEach(async () => {
  store.close();
  await folder.remove();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = async (key: string, bucket = "data-lake"): Promise<string | undefined> => {
  const object = await store.get(bucket, key);
  return object === undefined ? undefined : new TextDecoder().decode(object.body);
};
const keys = async (): Promise<string[]> => (await store.list("data-lake", "")).map(({ key }) => key);

/** Puts a file where a person would put it. */
async function drop(path: string, content: string): Promise<string> {
  const full = join(root, "data-lake", path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, content);
  return full;
}

describe("files that people put into a bucket", () => {
  test("are objects under their own path", async () => {
    await drop("raw/orders/100% of 2026.csv", "by hand");

    expect(await text("raw/orders/100% of 2026.csv")).toBe("by hand");
    expect(await keys()).toEqual(["raw/orders/100% of 2026.csv"]);
  });

  test("and objects that are put are files under their own path", async () => {
    await store.put("data-lake", "raw/orders/x.csv", bytes("by us"));

    expect(await readFile(join(root, "data-lake/raw/orders/x.csv"), "utf8")).toBe("by us");
  });

  test("have the etag of their content, changed in place or not", async () => {
    const path = await drop("a", "one");
    const { etag } = (await store.put("data-lake", "b", bytes("one"))) as { etag: string };
    expect((await store.head("data-lake", "a"))?.etag).toBe(etag);
    const { atime, mtime } = await stat(path);

    await writeFile(path, "two");
    await utimes(path, atime, mtime); // As a tool does that keeps times.

    expect((await store.head("data-lake", "a"))?.etag).not.toBe(etag);
  });

  test("keep their etag while their content stays, however old they are", async () => {
    const path = await drop("a", "one");
    const first = await store.head("data-lake", "a");
    await utimes(path, new Date(1_000_000), new Date(1_000_000));

    const second = await store.head("data-lake", "a");

    expect(second?.etag).toBe(first?.etag);
    expect(second?.modifiedAt).toBe(new Date(1_000_000).toISOString());
  });

  test("with names that no key would have are left alone", async () => {
    await drop("%%plain", "foreign");
    await drop("%&piece", "foreign");

    expect(await keys()).toEqual([]);
    expect(await text("plain")).toBeUndefined();
  });

  test("give way when their name is needed for a folder, and stay objects", async () => {
    await drop("a", "file");
    await store.put("data-lake", "a/b", bytes("inside"));

    expect([await text("a"), await text("a/b")]).toEqual(["file", "inside"]);
  });

  test("win over an object that had to stand beside a folder of their name, which is gone", async () => {
    await store.put("data-lake", "a/b", bytes("inside"));
    await store.put("data-lake", "a", bytes("beside"));
    await rename(join(root, "data-lake/a"), join(folder.path, "moved-away"));
    await drop("a", "by hand");

    expect(await text("a")).toBe("by hand");
    expect(await keys()).toEqual(["a"]);
    await store.delete("data-lake", "a");
    expect(await keys()).toEqual([]);
  });

  test("leave no empty folders behind when they are deleted", async () => {
    await drop("deep/er/x.csv", "x");
    await store.delete("data-lake", "deep/er/x.csv");

    expect(await readdir(join(root, "data-lake"))).toEqual([]);
  });
});

describe("ways out of a bucket", () => {
  const INVALID_KEY = { code: "INVALID_KEY" };

  test.each([
    ["Data"],
    ["ab"],
    ["a".repeat(64)],
    [".."],
    ["a/b"],
    ["-ab"],
    ["ab-"],
    ["a..b"],
    ["192.168.1.1"],
    [".freshet"],
    ["xn--a"],
    [""],
  ])("%j is no name of a bucket", async (bucket) => {
    await expect(store.put(bucket, "a", bytes("x"))).rejects.toMatchObject({
      ...INVALID_KEY,
      message: expect.stringContaining("lower-case") as string,
    });
    await expect(store.list(bucket, "")).rejects.toMatchObject(INVALID_KEY);
  });

  test("a file that is a symbolic link is refused, and not listed", async () => {
    await writeFile(join(folder.path, "secret"), "secret");
    await drop("other", "x");
    await symlink(join(folder.path, "secret"), join(root, "data-lake/link"));

    for (const call of [
      () => store.get("data-lake", "link"),
      () => store.head("data-lake", "link"),
      () => store.put("data-lake", "link", bytes("x")),
      () => store.delete("data-lake", "link"),
      () => store.copy("data-lake", "link", "copy"),
      () => store.download("data-lake", "link", join(folder.path, "scratch")),
    ]) {
      await expect(call()).rejects.toMatchObject(INVALID_KEY);
    }
    expect(await keys()).toEqual(["other"]);
    expect(await readFile(join(folder.path, "secret"), "utf8")).toBe("secret");
  });

  test("a folder that is a symbolic link is refused, and not listed", async () => {
    await mkdir(join(folder.path, "outside"));
    await writeFile(join(folder.path, "outside/secret"), "secret");
    await drop("other", "x");
    await symlink(join(folder.path, "outside"), join(root, "data-lake/link"));

    await expect(store.get("data-lake", "link/secret")).rejects.toMatchObject(INVALID_KEY);
    await expect(store.put("data-lake", "link/new", bytes("x"))).rejects.toMatchObject(INVALID_KEY);
    await expect(store.put("data-lake", "link/deep/new", bytes("x"))).rejects.toMatchObject(INVALID_KEY);
    expect(await keys()).toEqual(["other"]);
    expect(await store.list("data-lake", "link/")).toEqual([]);
    expect(await readdir(join(folder.path, "outside"))).toEqual(["secret"]);
  });

  test("a bucket that is a symbolic link is refused", async () => {
    await mkdir(root, { recursive: true });
    await mkdir(join(folder.path, "outside"));
    await symlink(join(folder.path, "outside"), join(root, "data-lake"));

    await expect(store.put("data-lake", "a", bytes("x"))).rejects.toMatchObject(INVALID_KEY);
    expect(await readdir(join(folder.path, "outside"))).toEqual([]);
  });

  test("a home that lies behind a symbolic link is a home like any other", async () => {
    await mkdir(join(folder.path, "real"));
    await symlink(join(folder.path, "real"), join(folder.path, "linked"));
    const behind = createObjectStore({ root: join(folder.path, "linked", "buckets") });
    await behind.put("data-lake", "a/b", bytes("x"));

    expect((await behind.list("data-lake", "")).map(({ key }) => key)).toEqual(["a/b"]);
    behind.close();
  });
});

describe("several processes on the same buckets", () => {
  test("raise a counter by compare and put without losing a raise", async () => {
    const module = new URL("object-store.ts", import.meta.url).href;
    const script = `
      import { createObjectStore } from ${JSON.stringify(module)};
      const store = createObjectStore({ root: process.argv[1] });
      for (let raised = 0; raised < 20; ) {
        const object = await store.get("data-lake", "count");
        const next = new TextEncoder().encode(String(Number(new TextDecoder().decode(object.body)) + 1));
        if ((await store.put("data-lake", "count", next, { ifMatch: object.info.etag })) !== "changed") raised += 1;
      }`;
    await store.put("data-lake", "count", bytes("0"));

    await Promise.all(
      [1, 2, 3].map(() => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, root])),
    );

    expect(await text("count")).toBe("60");
  });

  test("clear away what a process that died was writing, and nothing of one that lives", async () => {
    const files = join(root, OBJECT_WORK_FOLDER, "tmp");
    await mkdir(files, { recursive: true });
    await writeFile(join(files, "999999999-dead"), "half");
    await writeFile(join(files, `${process.ppid}-alive`), "half");

    await store.put("data-lake", "a", bytes("x"));

    expect(await readdir(files)).toEqual([`${process.ppid}-alive`]);
  });

  test("leave nothing behind in the working folder, whatever comes of a put", async () => {
    await store.put("data-lake", "a", bytes("x"));
    await store.put("data-lake", "a", bytes("x"), { ifNoneMatch: "*" });
    await store.put("data-lake", "", bytes("x")).catch(() => {});

    expect(await readdir(join(root, OBJECT_WORK_FOLDER, "tmp"))).toEqual([]);
  });
});

describe("downloads", () => {
  test("take no more room on the disk than the object", async () => {
    const path = await drop("raw/x.csv", "a");
    const local = (await store.download("data-lake", "raw/x.csv", join(folder.path, "scratch"))) ?? "";

    expect((await stat(local)).ino).toBe((await stat(path)).ino);
  });
});
