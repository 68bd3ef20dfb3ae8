import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aFolder } from "../../test/builders/index.ts";
import { fileAfter, findSamples } from "./first-sample.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
beforeEach(async () => {
  folder = await aFolder();
});
afterEach(async () => {
  await folder.remove();
});

function write(...names: readonly string[]): void {
  for (const name of names) {
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name);
  }
}

test("a sample's bucket and key are where it lies", async () => {
  write("samples/lake/raw/orders/1.csv", "samples/.DS_Store", "samples/README.md");

  expect(await findSamples(folder.path)).toEqual([
    { bucket: "lake", key: "raw/orders/1.csv", path: join(folder.path, "samples/lake/raw/orders/1.csv") },
  ]);
});

test("where no samples are shipped there are none", async () => {
  expect(await findSamples(folder.path)).toEqual([]);
});

test("the file to try next is the one after the sample, where the sample was taken from", async () => {
  write("samples/lake/raw/1.csv", "data/orders/1.csv", "data/orders/2.csv", "data/orders/3.csv", "data/other/15.csv");
  const [sample] = await findSamples(folder.path);

  expect(await fileAfter(folder.path, sample!)).toBe(join(folder.path, "data/orders/2.csv"));
});
