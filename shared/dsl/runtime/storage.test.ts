import { describe, expect, test } from "vitest";
import { memoryObjectStore, type MemoryObjectStore } from "../../../test/builders/memory-object-store.ts";
import { PUBLISH_TRIES_MAX } from "./publish.ts";
import { createStaging, type Staging } from "./staging.ts";
import { createStorage, type Bucket } from "./storage.ts";

interface World {
  readonly objects: MemoryObjectStore;
  readonly lake: Bucket;
  readonly staging: Staging;
  readonly abort: AbortController;
}

function aWorld({ stagingBucket = "lake" } = {}): World {
  const objects = memoryObjectStore();
  const abort = new AbortController();
  const storage = createStorage({ objects, scratch: "/scratch", signal: abort.signal });
  const staging = createStaging({ objects, staging: { bucket: stagingBucket, prefix: "_staging/run/load/1/" } });
  return { objects, lake: storage.bucket("lake"), staging, abort };
}

describe("a bucket", () => {
  test("gives back what was put, as bytes, text and JSON", async () => {
    const { lake } = aWorld();

    await lake.put("a + b%#'.json", '{"rows":3}');

    expect(await lake.getText("a + b%#'.json")).toBe('{"rows":3}');
    expect(await lake.getJson("a + b%#'.json")).toEqual({ rows: 3 });
    expect(await lake.get("a + b%#'.json")).toEqual(new TextEncoder().encode('{"rows":3}'));
  });

  test.each<[string, (lake: Bucket) => Promise<unknown>]>([
    ["get", (lake) => lake.get("gone.csv")],
    ["getText", (lake) => lake.getText("gone.csv")],
    ["getJson", (lake) => lake.getJson("gone.csv")],
    ["download", (lake) => lake.download("gone.csv")],
    ["copy", (lake) => lake.copy("gone.csv", "there.csv")],
  ])("says which object is missing: %s", async (_name, act) => {
    const { lake } = aWorld();

    await expect(act(lake)).rejects.toMatchObject({
      code: "OBJECT_NOT_FOUND",
      message: `there is no object "gone.csv" in bucket 'lake'`,
    });
  });

  test("answers undefined when asked about an object that is not there", async () => {
    const { lake } = aWorld();

    expect(await lake.head("gone.csv")).toBeUndefined();
  });

  test("does not replace an object that must not be there", async () => {
    const { lake, objects } = aWorld();
    objects.seed("lake", "a.txt", "first");

    await expect(lake.put("a.txt", "second", { ifNoneMatch: "*" })).rejects.toMatchObject({ code: "OBJECT_EXISTS" });
    expect(objects.text("lake", "a.txt")).toBe("first");
  });

  test("does not replace an object that has changed since it was read", async () => {
    const { lake, objects } = aWorld();
    const { etag } = await lake.put("a.txt", "first");
    objects.seed("lake", "a.txt", "second");

    await expect(lake.put("a.txt", "third", { ifMatch: etag })).rejects.toMatchObject({ code: "OBJECT_CHANGED" });
  });

  test("names the object whose text is not JSON", async () => {
    const { lake, objects } = aWorld();
    objects.seed("lake", "a.json", "{");

    await expect(lake.getJson("a.json")).rejects.toThrow(`object "a.json" in bucket 'lake' is not JSON`);
  });

  test("lists keys by prefix, in order", async () => {
    const { lake, objects } = aWorld();
    for (const key of ["b/2", "a/1", "b/1"]) objects.seed("lake", key, "x");

    expect((await lake.list("b/")).map(({ key }) => key)).toEqual(["b/1", "b/2"]);
  });
});

describe("staging", () => {
  test("puts a file under the attempt's own prefix, and says what it is", async () => {
    const { staging, objects } = aWorld();

    const file = await staging.put("orders.csv", "a,b\n");

    expect(file).toEqual({
      bucket: "lake",
      key: "_staging/run/load/1/orders.csv",
      name: "orders.csv",
      size: 4,
      sha256: "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313",
    });
    expect(objects.text(file.bucket, file.key)).toBe("a,b\n");
  });

  test("stages a local file with the hash of what was stored", async () => {
    const { staging, objects } = aWorld();
    objects.localFiles.set("/scratch/out.parquet", new TextEncoder().encode("a,b\n"));

    const uploaded = await staging.upload("out.parquet", "/scratch/out.parquet");

    expect(uploaded.sha256).toBe((await staging.put("same.csv", "a,b\n")).sha256);
    expect(uploaded.size).toBe(4);
  });

  test.each(["", "/orders.csv", "../orders.csv", "a//b", "a/./b", "a/"])("refuses the name %j", async (name) => {
    const { staging } = aWorld();

    await expect(staging.put(name, "x")).rejects.toMatchObject({ code: "INVALID_KEY" });
  });
});

describe("publishing", () => {
  test("makes all files visible by one pointer", async () => {
    const { lake, staging } = aWorld();
    const files = [await staging.put("b.csv", "B"), await staging.put("a.csv", "A")];

    await lake.publish("published/orders/", files);

    const current = await lake.current("published/orders/");
    expect(current?.files.map(({ name }) => name)).toEqual(["a.csv", "b.csv"]);
    expect(await Promise.all((current?.files ?? []).map(({ key }) => lake.getText(key)))).toEqual(["A", "B"]);
  });

  test("writes the same bytes for the same content, whoever staged it", async () => {
    const first = aWorld();
    const second = aWorld({ stagingBucket: "elsewhere" });

    for (const { lake, staging } of [first, second]) {
      await lake.publish("out/", [await staging.put("a.csv", "A"), await staging.put("b.csv", "B")]);
    }

    const published = ({ objects }: World) =>
      objects.keys("lake").flatMap((key) => (key.startsWith("out/") ? [[key, objects.text("lake", key)]] : []));
    expect(published(second)).toEqual(published(first));
    expect(published(first)).toHaveLength(3);
  });

  test("changes nothing when the same is published again", async () => {
    const { lake, staging } = aWorld();
    const file = await staging.put("a.csv", "A");

    const first = await lake.publish("out/", [file]);
    const second = await lake.publish("out/", [file]);

    expect([first.changed, second.changed]).toEqual([true, false]);
  });

  test("replaces what was published before", async () => {
    const { lake, staging } = aWorld();
    await lake.publish("out/", [await staging.put("a.csv", "old")]);

    await lake.publish("out/", [await staging.put("a.csv", "new")]);

    const [file] = (await lake.current("out/"))?.files ?? [];
    expect(await lake.getText(file?.key ?? "")).toBe("new");
  });

  test("leaves the old in place until the pointer has moved", async () => {
    const { lake, staging, objects } = aWorld();
    await lake.publish("out/", [await staging.put("a.csv", "old")]);
    const before = objects.text("lake", "out/_CURRENT");
    let seen: string | undefined;
    objects.beforePut = () => {
      seen = objects.text("lake", "out/_CURRENT");
    };

    await lake.publish("out/", [await staging.put("a.csv", "new")]);

    expect(seen).toBe(before);
  });

  test("is done when another one has published the same in between", async () => {
    const { lake, staging, objects } = aWorld();
    const file = await staging.put("a.csv", "A");
    await lake.publish("elsewhere/", [file]);
    const body = (objects.text("lake", "elsewhere/_CURRENT") ?? "").replaceAll("elsewhere/", "out/");
    objects.beforePut = (_bucket, key) => {
      if (key === "out/_CURRENT") objects.seed("lake", key, body);
    };

    expect(await lake.publish("out/", [file])).toMatchObject({ changed: false });
  });

  test("publishes over another one that came in between", async () => {
    const { lake, staging, objects } = aWorld();
    let others = 1;
    objects.beforePut = (_bucket, key) => {
      if (others-- > 0) objects.seed("lake", key, '{"files":[],"v":1}');
    };

    await lake.publish("out/", [await staging.put("a.csv", "A")]);

    expect((await lake.current("out/"))?.files).toHaveLength(1);
  });

  test("gives up where others keep publishing", async () => {
    const { lake, staging, objects } = aWorld();
    let others = 0;
    objects.beforePut = (_bucket, key) => objects.seed("lake", key, `{"files":[],"v":1,"n":${others++}}`);

    await expect(lake.publish("out/", [await staging.put("a.csv", "A")])).rejects.toMatchObject({
      code: "OBJECT_CHANGED",
      retryable: true,
    });
    expect(others).toBe(PUBLISH_TRIES_MAX);
  });

  test("does not move the pointer of an attempt that was closed", async () => {
    const { lake, staging, objects, abort } = aWorld();
    const file = await staging.put("a.csv", "A");
    abort.abort(new Error("superseded"));

    await expect(lake.publish("out/", [file])).rejects.toThrow("superseded");
    expect(objects.text("lake", "out/_CURRENT")).toBeUndefined();
  });

  test("says that a staged file is gone", async () => {
    const { lake, staging, objects } = aWorld();
    const file = await staging.put("a.csv", "A");
    await objects.delete(file.bucket, file.key);

    await expect(lake.publish("out/", [file])).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
  });

  test("refuses nothing at all, two files of one name, and a prefix that is no folder", async () => {
    const { lake, staging } = aWorld();
    const file = await staging.put("a.csv", "A");

    await expect(lake.publish("out/", [])).rejects.toThrow("there is no file");
    await expect(lake.publish("out/", [file, file])).rejects.toThrow("two of the files are named 'a.csv'");
    await expect(lake.publish("out", [file])).rejects.toMatchObject({ code: "INVALID_KEY" });
  });

  test("shows nothing where nothing has been published, and says when a pointer is not one", async () => {
    const { lake, objects } = aWorld();
    objects.seed("lake", "damaged/_CURRENT", "not json");

    expect(await lake.current("out/")).toBeUndefined();
    await expect(lake.current("damaged/")).rejects.toMatchObject({ code: "RECORD_DAMAGED" });
  });
});
