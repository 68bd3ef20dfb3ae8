import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArrivedObject } from "../../core/attempt.ts";
import { createObjectStore, type FolderObjectStore } from "./object-store.ts";
import { watchBuckets, type BucketWatch, type BucketWatchOptions } from "./watch-bucket.ts";

const ORDERS = { bucket: "data-lake", prefix: "raw/orders/", suffix: ".csv" };

let folder: string;
let root: string;
let objects: FolderObjectStore;
let come: ArrivedObject[];
let faults: unknown[];
const watches: BucketWatch[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-watch-"));
  root = join(folder, "buckets");
  objects = createObjectStore({ root });
  come = [];
  faults = [];
});

afterEach(async () => {
  await Promise.all(watches.splice(0).map(async (watch) => watch.close()));
  objects.close();
  await rm(folder, { recursive: true, force: true });
});

async function aWatch(overrides: Partial<BucketWatchOptions> = {}): Promise<BucketWatch> {
  const watch = await watchBuckets({
    root,
    objects,
    interests: [ORDERS],
    async onObject(object) {
      come.push(object);
    },
    onFault: (error) => faults.push(error),
    stableMs: 100,
    ...overrides,
  });
  watches.push(watch);
  return watch;
}

/** Puts a file into the bucket by hand. */
function drop(name: string, text = "1,2,3\n"): string {
  const path = join(root, "data-lake", name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const keys = (): readonly string[] => come.map(({ key }) => key).toSorted();

async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await delay(10)) {
    if (Date.now() > end) throw new Error("it did not come about within 20 s");
  }
}

/** Long enough for a file that is noticed at all to have arrived. */
const aWhile = async (): Promise<void> => delay(600);

describe("a file in a bucket", () => {
  test("that is created arrives as the object that the store has", async () => {
    await aWatch();

    drop("raw/orders/monday.csv");

    await until(() => come.length > 0);
    const { etag, size } = (await objects.head("data-lake", "raw/orders/monday.csv")) ?? {};
    expect(come).toEqual([
      {
        bucket: "data-lake",
        key: "raw/orders/monday.csv",
        size,
        etag,
        version: expect.stringMatching(/^\d+-\d+-6$/),
        arrivedAt: expect.stringMatching(/^20\d\d-.*Z$/),
      },
    ]);
  });

  test("that is overwritten arrives again, as another version, though its content is the same", async () => {
    await aWatch();
    drop("raw/orders/monday.csv");
    await until(() => come.length === 1);

    drop("raw/orders/monday.csv");

    await until(() => come.length === 2);
    expect(come[0]?.etag).toBe(come[1]?.etag);
    expect(come[0]?.version).not.toBe(come[1]?.version);
  });

  test("that is moved into place arrives, however old it is", async () => {
    await aWatch();
    const elsewhere = join(folder, "monday.csv");
    writeFileSync(elsewhere, "1\n");
    utimesSync(elsewhere, 1, 1);

    renameSync(elsewhere, join(root, "data-lake/raw/orders/monday.csv"));

    await until(() => come.length > 0);
    expect(keys()).toEqual(["raw/orders/monday.csv"]);
  });

  test("that replaces another by a move arrives", async () => {
    await aWatch();
    drop("raw/orders/monday.csv", "1\n");
    await until(() => come.length === 1);

    writeFileSync(join(folder, "new.csv"), "2\n");
    renameSync(join(folder, "new.csv"), join(root, "data-lake/raw/orders/monday.csv"));

    await until(() => come.length === 2);
  });

  test("that is still being written arrives once, whole", async () => {
    await aWatch({ stableMs: 400 });
    const path = drop("raw/orders/monday.csv", "0\n");

    for (let n = 1; n <= 10; n++) {
      await delay(50);
      appendFileSync(path, `${n}\n`);
    }

    await until(() => come.length > 0);
    await aWhile();
    expect(come.map(({ size }) => size)).toEqual([readFileSync(path).length]);
  });

  test("that is put by the store arrives soon", async () => {
    await aWatch({ stableMs: 60_000 });

    await objects.put("data-lake", "raw/orders/monday.csv", new TextEncoder().encode("1\n"));

    await until(() => come.length > 0);
  });

  test("that is deleted, linked to, of another prefix, suffix or bucket does not", async () => {
    await aWatch();
    writeFileSync(join(folder, "outside.csv"), "1\n");

    rmSync(drop("raw/orders/deleted.csv"));
    symlinkSync(join(folder, "outside.csv"), join(root, "data-lake/raw/orders/linked.csv"));
    drop("raw/orders/notes.txt");
    drop("raw/returns/monday.csv");
    mkdirSync(join(root, "other-lake/raw/orders"), { recursive: true });
    writeFileSync(join(root, "other-lake/raw/orders/monday.csv"), "1\n");

    await aWhile();
    expect([keys(), faults]).toEqual([[], []]);
  });

  test.each(["a+b%#'c d.csv", "..csv", "ümläut 日本.csv", "new\nline.csv", "a//b.csv", ".hidden.csv", "x~.csv"])(
    "with the key %j arrives under it",
    async (name) => {
      await aWatch();

      await objects.put("data-lake", `raw/orders/${name}`, new TextEncoder().encode("1\n"));

      await until(() => come.length > 0);
      expect(keys()).toEqual([`raw/orders/${name}`]);
    },
  );

  test("in a folder that is new arrives, and in one that is moved in", async () => {
    await aWatch();
    mkdirSync(join(folder, "week/tuesday"), { recursive: true });
    writeFileSync(join(folder, "week/tuesday/b.csv"), "1\n");

    drop("raw/orders/deep/er/a.csv");
    renameSync(join(folder, "week"), join(root, "data-lake/raw/orders/week"));

    await until(() => come.length === 2);
    expect(keys()).toEqual(["raw/orders/deep/er/a.csv", "raw/orders/week/tuesday/b.csv"]);
  });

  test("is one of a thousand that come at once: all arrive, once", async () => {
    await aWatch();

    for (let n = 0; n < 1_000; n++) drop(`raw/orders/${n % 10}/${n}.csv`, `${n}\n`);

    await until(() => come.length >= 1_000);
    await aWhile();
    expect(new Set(keys()).size).toBe(come.length);
  });
});

describe("a watch", () => {
  test("begins with what came while nobody watched", async () => {
    drop("raw/orders/monday.csv");

    const watch = await aWatch();
    await watch.idle();

    expect(keys()).toEqual(["raw/orders/monday.csv"]);
  });

  test("names the same file the same after a restart", async () => {
    drop("raw/orders/monday.csv");
    const first = await aWatch();
    await first.idle();
    await first.close();

    await (await aWatch()).idle();

    expect(come[0]).toEqual(come[1]);
  });

  test("follows what is waited for", async () => {
    const watch = await aWatch();
    drop("raw/returns/monday.csv");

    await watch.setInterests([{ ...ORDERS, prefix: "raw/returns/" }]);
    drop("raw/orders/monday.csv");
    drop("raw/returns/tuesday.csv");

    await until(() => come.length === 2);
    await aWhile();
    expect(keys()).toEqual(["raw/returns/monday.csv", "raw/returns/tuesday.csv"]);
  });

  test("that waits for nothing costs nothing and says nothing", async () => {
    const watch = await aWatch({ interests: [] });
    drop("raw/orders/monday.csv");

    await watch.idle();

    expect(keys()).toEqual([]);
  });

  test("brings an object again that could not be handed over", async () => {
    let tries = 0;
    await aWatch({
      async onObject(object) {
        if (++tries === 1) throw new Error("the disk is full");
        come.push(object);
      },
    });

    drop("raw/orders/monday.csv");

    await until(() => come.length === 1);
    expect(faults).toEqual([new Error("the disk is full")]);
  });

  test("makes the folders that files are waited for in", async () => {
    await aWatch();

    writeFileSync(join(root, "data-lake/raw/orders/monday.csv"), "1\n");

    await until(() => come.length === 1);
  });
});
