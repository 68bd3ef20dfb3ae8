import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aFreshetPlace, type DevLine, type DevProcess, type FreshetPlace } from "../test/builders/freshet-process.ts";
import { ordersCsv, realOrders, sumsOf } from "../test/builders/orders.ts";
import { withDuckDB, type Row } from "./lib/duckdb.ts";

const LAKE = "data-lake";
const DAY = "1997-01-01";

let place: FreshetPlace;
let dev: DevProcess;
beforeAll(async () => {
  place = await aFreshetPlace(LAKE);
  dev = await place.dev("--window", "1500ms"); // Long enough for files that a busy machine writes one after the other.
});
afterAll(() => place.close());

/** Puts files into the folder of the bucket, as a person or a program would. */
async function drop(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(place.home, "buckets", LAKE, "raw/orders", name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

interface Ended extends DevLine {
  readonly run: { readonly runId: string; readonly state: string };
}
const runEnded = async (): Promise<Ended> => (await dev.next("run_ended")) as Ended;

const current = async (day: string): Promise<string> => {
  const object = await place.objects.get(LAKE, `published/orders/date=${day}/_CURRENT`);
  return object === undefined ? "" : new TextDecoder().decode(object.body);
};

/** Sums over what readers who follow `_CURRENT` see of a day. */
async function publishedSums(day: string): Promise<Row | undefined> {
  const { files } = JSON.parse(await current(day)) as { readonly files: readonly { readonly key: string }[] };
  const paths = files.map(({ key }) => join(place.home, "buckets", LAKE, key));
  const { signal } = new AbortController();
  const [sums] = await withDuckDB(signal, (duckdb) =>
    duckdb.rows(
      `select count(*) as orders, sum(cds)::bigint as cds, count(distinct customer_id) as customers,
         sum(cents)::bigint as cents from read_parquet($paths)`,
      { paths },
    ),
  );
  return sums;
}

test("files that are dropped together make one run, and each day is published to the cent", async () => {
  const days = [DAY, "1997-01-02", "1997-01-03"];

  await drop(Object.fromEntries(days.map((day) => [`${day}.csv`, realOrders(day)])));

  const started = await dev.next("run_started");
  // In the order in which they were noticed, which is nobody's promise.
  expect((started["files"] as readonly string[]).toSorted()).toEqual(days.map((day) => `raw/orders/${day}.csv`));
  expect((await runEnded()).run.state).toBe("success");
  const sums = await Promise.all(days.map(publishedSums));
  expect(sums).toEqual(days.map((day) => sumsOf(realOrders(day))));
});

test("the same file again gives the same bytes under the same pointer", async () => {
  const before = await current(DAY);
  const keys = await place.objects.list(LAKE, "published/");

  await drop({ [`${DAY}.csv`]: realOrders(DAY) });

  expect((await runEnded()).run.state).toBe("success");
  expect(await current(DAY)).toBe(before);
  expect(await place.objects.list(LAKE, "published/")).toEqual(keys);
});

test("a broken file is set aside, its owner is told, and what is published stays as it is", async () => {
  const before = await current(DAY);
  const broken = realOrders(DAY).replace("11.77", "eleven");

  await drop({ [`${DAY}.csv`]: broken });

  const ended = await runEnded();
  const { runId, state } = ended.run;
  expect({ ...ended, run: state }).toMatchObject({
    run: "failed",
    owner: "orders@shop.example",
    runbook: "docs/runbooks/process-new-orders.md",
    why: expect.stringContaining('line 2: dollar_value is "eleven", expected dollars such as 11.77') as string,
  });
  expect(await current(DAY)).toBe(before);
  const quarantined = join(place.home, "buckets", LAKE, "quarantine/orders", runId, `${DAY}.csv`);
  expect(await readFile(quarantined, "utf8")).toBe(broken);
  const told = await place.run("logs", runId, "$onFailure");
  expect(told.stdout).toContain(`${runId} failed, orders@shop.example please look: set_aside`);
  expect(told.stdout).toContain("docs/runbooks/process-new-orders.md");
});

test("file names hold what keys can hold", async () => {
  const names = ["hello+world 100% #1.csv", "it's.csv", "new\nline.csv", "..", "naïve/日本/😀.csv"];
  const csv = ordersCsv("00001,19970131,1,1.00");

  for (const name of names) {
    const key = `raw/orders/${name}${name === ".." ? "/late.csv" : ""}`;
    await place.objects.put(LAKE, key, new TextEncoder().encode(csv));
  }

  expect((await runEnded()).run.state).toBe("success");
  expect(await publishedSums("1997-01-31")).toEqual({ orders: names.length, cds: 5, customers: 1, cents: 500 });
});
