import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import { objectConditions } from "./object-conditions.ts";
import { objectKeys } from "./object-keys.ts";
import type { ObjectStoreSubject } from "./object-store-subject.ts";
import { atOnce, freshly, present } from "./subject.ts";

/** What the thing behind the adapter cannot do, so that the suite leaves it out. */
export interface ObjectStoreLimits {
  /** False: the emulator ignores If-Match and If-None-Match. */
  readonly conditions?: boolean;
  /** Keys that the emulator loses or changes on their way. */
  readonly keys?: readonly string[];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The contract of `ObjectStore`. */
export function objectStoreContract(make: () => Promise<ObjectStoreSubject>, limits: ObjectStoreLimits = {}): void {
  const subject = freshly(make);
  const store = (): ObjectStore => subject().store;
  const bucket = (): string => subject().bucket;
  const put = (key: string, text: string): ReturnType<ObjectStore["put"]> => store().put(bucket(), key, bytes(text));
  const text = async (key: string, from = bucket()): Promise<string | undefined> => {
    const object = await store().get(from, key);
    return object === undefined ? undefined : new TextDecoder().decode(object.body);
  };
  const keys = async (prefix = ""): Promise<string[]> => (await store().list(bucket(), prefix)).map(({ key }) => key);

  describe("ObjectStore: put, get, head", () => {
    test("an object that nobody put is undefined", async () => {
      expect(await store().get(bucket(), "raw/none.csv")).toBeUndefined();
      expect(await store().head(bucket(), "raw/none.csv")).toBeUndefined();
    });

    test("an object comes back byte for byte, with what is known of it", async () => {
      const body = Uint8Array.from({ length: 256 }, (_, n) => n);

      const stored = await store().put(bucket(), "raw/a.bin", body);

      const object = present(await store().get(bucket(), "raw/a.bin"));
      expect(Buffer.compare(object.body, body)).toBe(0);
      expect(object.info).toEqual({
        key: "raw/a.bin",
        size: 256,
        etag: (stored as { etag: string }).etag,
        modifiedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/) as string,
      });
      expect(await store().head(bucket(), "raw/a.bin")).toEqual(object.info);
    });

    test("a second put replaces the first, and changes the etag", async () => {
      const first = await put("a", "one");
      const second = await put("a", "two");

      expect(await text("a")).toBe("two");
      expect(second).not.toEqual(first);
      expect((await store().head(bucket(), "a"))?.etag).toBe((second as { etag: string }).etag);
    });

    test("an empty object is there, and empty", async () => {
      await put("a", "");

      expect(await text("a")).toBe("");
      expect((await store().head(bucket(), "a"))?.size).toBe(0);
    });

    test("a view into a larger buffer is put as the view alone", async () => {
      await store().put(bucket(), "a", Buffer.from("before-inside-after").subarray(7, 13));

      expect(await text("a")).toBe("inside");
    });

    test("of many puts of one key at once, one is there whole", async () => {
      const bodies = Array.from({ length: 20 }, (_, n) => String(n).repeat(10_000));

      await Promise.all(bodies.map((body) => put("a", body)));

      expect(bodies).toContain(await text("a"));
    });

    test("a reader beside writers sees a whole object, never a part of one", async () => {
      const bodies = ["a".repeat(50_000), "b".repeat(70_000)];
      await put("a", bodies[0] as string);

      const reads = await atOnce<unknown>(30, (n) => (n % 3 === 0 ? put("a", bodies[n % 2] as string) : text("a")));

      for (const read of reads) if (typeof read === "string") expect(bodies).toContain(read);
    });

    test("buckets are kept apart", async () => {
      await put("a", "mine");
      await store().put(subject().otherBucket, "a", bytes("theirs"));

      expect([await text("a"), await text("a", subject().otherBucket)]).toEqual(["mine", "theirs"]);
    });
  });

  describe("ObjectStore: list", () => {
    test("an empty bucket lists nothing", async () => {
      expect(await keys()).toEqual([]);
    });

    test("lists all keys that begin with the prefix, and no others", async () => {
      for (const key of ["raw/a.csv", "raw/b/c.csv", "raw", "rawer/d.csv", "raw-e.csv", "out/f.csv"])
        await put(key, "x");

      expect(await keys("raw/")).toEqual(["raw/a.csv", "raw/b/c.csv"]);
      expect(await keys("raw")).toEqual(["raw", "raw-e.csv", "raw/a.csv", "raw/b/c.csv", "rawer/d.csv"]);
      expect(await keys("raw/b/c.csv")).toEqual(["raw/b/c.csv"]);
      expect(await keys("none/")).toEqual([]);
    });

    test("in code-unit order of the keys, folders or not", async () => {
      const all = ["a", "B", "a/b", "a-b", "a0", "\uFF5E", "😀", "é", "a/b/c", "a/B"];
      for (const key of all) await put(key, "x");

      expect(await keys()).toEqual(all.toSorted());
    });

    test("tells of each object what `head` tells", async () => {
      for (const key of ["a", "b/c"]) await put(key, key);

      const listed = await store().list(bucket(), "");

      expect(listed).toEqual([await store().head(bucket(), "a"), await store().head(bucket(), "b/c")]);
    });

    test("lists all of many", async () => {
      await atOnce(1_100, (n) => put(`many/${n}`, "x"));

      expect(await keys("many/")).toHaveLength(1_100);
    });
  });

  describe("ObjectStore: copy and delete", () => {
    test("copies the content, and leaves the source", async () => {
      await put("from", "content");

      expect(await store().copy(bucket(), "from", "deep/er/to")).toBe("copied");

      expect([await text("from"), await text("deep/er/to")]).toEqual(["content", "content"]);
    });

    test("a copy replaces what was there, and is its own from then on", async () => {
      await put("from", "new");
      await put("to", "old");
      await store().copy(bucket(), "from", "to");
      await put("from", "newer");

      expect(await text("to")).toBe("new");
    });

    test("a copy of what is not there is missing, and makes nothing", async () => {
      expect(await store().copy(bucket(), "none", "to")).toBe("missing");

      expect(await keys()).toEqual([]);
    });

    test("a copy onto itself leaves it as it is", async () => {
      await put("a", "content");

      // S3 itself refuses this; either way the object stays.
      await store()
        .copy(bucket(), "a", "a")
        .catch(() => {});

      expect(await text("a")).toBe("content");
    });

    test("what was deleted is gone, and its neighbours stay", async () => {
      for (const key of ["a/b", "a/c", "a"]) await put(key, key);

      await store().delete(bucket(), "a/b");

      expect(await text("a/b")).toBeUndefined();
      expect(await keys()).toEqual(["a", "a/c"]);
    });

    test("deleting what is not there does nothing", async () => {
      await store().delete(bucket(), "none/at/all");

      expect(await keys()).toEqual([]);
    });

    test("a key can be put again after it was deleted, as a folder of others too", async () => {
      await put("a/b", "one");
      await store().delete(bucket(), "a/b");
      await put("a", "two");
      await store().delete(bucket(), "a");
      await put("a/b", "three");

      expect([await text("a"), await text("a/b")]).toEqual([undefined, "three"]);
    });
  });

  describe("ObjectStore: download and upload", () => {
    test("a download is a local file with the content", async () => {
      await put("raw/orders.csv", "id,price\n1,2.50\n");

      const path = present(await store().download(bucket(), "raw/orders.csv", subject().scratch));

      expect(await readFile(path, "utf8")).toBe("id,price\n1,2.50\n");
      expect(path.endsWith(".csv")).toBe(true);
    });

    test("a download of what is not there is undefined", async () => {
      expect(await store().download(bucket(), "none", subject().scratch)).toBeUndefined();
    });

    test("what was downloaded stays as it was when the object is replaced or deleted", async () => {
      await put("a", "before");
      const path = present(await store().download(bucket(), "a", subject().scratch));
      await put("a", "after");
      const second = present(await store().download(bucket(), "a", subject().scratch));
      await store().delete(bucket(), "a");

      expect([await readFile(path, "utf8"), await readFile(second, "utf8")]).toEqual(["before", "after"]);
    });

    test("objects of the same name in different folders do not meet in the scratch folder", async () => {
      await put("x/data.csv", "x");
      await put("y/data.csv", "y");

      const paths = await Promise.all(
        ["x/data.csv", "y/data.csv"].map((key) => store().download(bucket(), key, subject().scratch)),
      );

      expect(await Promise.all(paths.map((path) => readFile(present(path), "utf8")))).toEqual(["x", "y"]);
    });

    test("an upload stores the content of a file, and leaves the file", async () => {
      const path = join(subject().scratch, "local.csv");
      await writeFile(path, "uploaded");

      const { etag } = await store().upload(bucket(), "out/remote.csv", path);

      expect(await text("out/remote.csv")).toBe("uploaded");
      expect((await store().head(bucket(), "out/remote.csv"))?.etag).toBe(etag);
      expect((await stat(path)).isFile()).toBe(true);
    });

    test("an upload replaces what was there, and later changes of the file do not reach the object", async () => {
      const path = join(subject().scratch, "local.csv");
      await writeFile(path, "uploaded");
      await put("a", "old");
      await store().upload(bucket(), "a", path);
      await writeFile(path, "changed");

      expect(await text("a")).toBe("uploaded");
    });

    test("an upload of a file that is not there fails, and the object stays", async () => {
      await put("a", "old");

      await expect(store().upload(bucket(), "a", join(subject().scratch, "none"))).rejects.toThrow();

      expect(await text("a")).toBe("old");
    });
  });

  if (limits.conditions !== false) objectConditions(subject);
  objectKeys(subject, limits.keys ?? []);
}
