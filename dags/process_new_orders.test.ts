import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ordersCsv, realDays, realOrders, sumsOf } from "../test/builders/orders.ts";
import { aPipelinePlace, type PipelinePlace, type PipelineRun } from "../test/builders/pipeline.ts";
import type { JsonObject, JsonValue } from "freshet";
import { simulate } from "freshet/testing";
import { withDuckDB, type Row } from "./lib/duckdb.ts";
import * as pipeline from "./process_new_orders.dag.ts";

const DAY = "1997-01-01";
const KEY = `raw/orders/${DAY}.csv`;
const GOOD = ordersCsv("00001,19970101,1,11.77");

let place: PipelinePlace;
beforeEach(async () => {
  place = await aPipelinePlace("data-lake");
});
afterEach(() => place.close());

/** Puts a file and runs the pipeline on it. */
async function deliver(content: string, key = KEY): Promise<PipelineRun> {
  await place.put(key, content);
  return place.run(pipeline, { keys: [key] });
}

interface Pointer {
  readonly files: readonly { readonly name: string; readonly key: string }[];
}

/** What readers who follow `_CURRENT` see of a day. */
async function published(day: string): Promise<Pointer["files"]> {
  const pointer = await place.text(`published/orders/date=${day}/_CURRENT`);
  return pointer === undefined ? [] : (JSON.parse(pointer) as Pointer).files;
}

/** Asks the published orders of a day. */
async function ask<Columns extends Row>(day: string, select: string): Promise<readonly Columns[]> {
  const paths = await Promise.all((await published(day)).map(({ key }) => place.file(key)));
  const { signal } = new AbortController();
  return withDuckDB(signal, (duckdb) => duckdb.rows<Columns>(`${select} from read_parquet($paths)`, { paths }));
}

const SUMS = `select count(*) as orders, sum(cds)::bigint as cds, count(distinct customer_id) as customers,
  sum(cents)::bigint as cents`;
const centsOf = async (day: string): Promise<readonly Row[]> => ask(day, "select customer_id as customer, cents");

describe("good files", () => {
  test("a real day is published to the last order and the last cent", async () => {
    const { tasks } = await deliver(realOrders(DAY));

    expect(tasks).toEqual({
      extract: "success",
      transform: "success",
      validate: "success",
      publish: "success",
      set_aside: "skipped: every file was good",
    });
    expect(await ask(DAY, SUMS)).toEqual([sumsOf(realOrders(DAY))]);
  });

  test("one run takes many files and publishes each day by itself", async () => {
    const days = realDays().slice(0, 7);
    for (const day of days) await place.put(`raw/orders/${day}.csv`, realOrders(day));

    await place.run(pipeline, { keys: days.map((day) => `raw/orders/${day}.csv`) });

    const sums = await Promise.all(days.map((day) => ask(day, SUMS)));
    expect(sums).toEqual(days.map((day) => [sumsOf(realOrders(day))]));
  });

  test("orders keep the order of their file, their leading zeros, and their day as a date", async () => {
    await deliver(ordersCsv("00002,19970101,5,77.00", "00001,19970101,1,11.77"));

    expect(await ask(DAY, "select customer_id, order_date::varchar as day, cds, cents")).toEqual([
      { customer_id: "00002", day: DAY, cds: 5, cents: 7700 },
      { customer_id: "00001", day: DAY, cds: 1, cents: 1177 },
    ]);
  });

  test("orders that are repeated are two orders, and orders of 0 dollars are orders", async () => {
    await deliver(ordersCsv("1,19970101,1,14.37", "1,19970101,1,14.37", "2,19970101,1,0.00"));

    expect(await ask(DAY, "select cents")).toEqual([{ cents: 1437 }, { cents: 1437 }, { cents: 0 }]);
  });

  test("a file with orders of two days goes to both", async () => {
    await deliver(ordersCsv("1,19970101,1,1.00", "2,19970102,1,2.00", "3,19970101,1,3.00"));

    expect([await centsOf("1997-01-01"), await centsOf("1997-01-02")]).toEqual([
      [
        { customer: "1", cents: 100 },
        { customer: "3", cents: 300 },
      ],
      [{ customer: "2", cents: 200 }],
    ]);
  });

  test.each([
    "hello+world 100% #1.csv",
    "../a%2Fb.csv",
    'it\'s "quoted".csv',
    "new\nline.csv",
    "{*,?}[a-z].csv",
    "naïve/日本/😀.csv",
    `${"long".repeat(240)}.csv`,
  ])("%j is a name like any other", async (name) => {
    const { tasks } = await deliver(GOOD, `raw/orders/${name}`);

    expect(tasks["publish"]).toBe("success");
    expect(await centsOf(DAY)).toEqual([{ customer: "00001", cents: 1177 }]);
  });
});

describe("files that come again", () => {
  test("the same file gives the same bytes, and publishing it again changes nothing", async () => {
    await deliver(realOrders(DAY));
    const keys = await place.keys("published/");
    const pointer = await place.text(`published/orders/date=${DAY}/_CURRENT`);

    const { log } = await deliver(realOrders(DAY));

    expect(log).toContain(`info the orders of ${DAY} were published already`);
    expect(await place.keys("published/")).toEqual(keys);
    expect(await place.text(`published/orders/date=${DAY}/_CURRENT`)).toBe(pointer);
  });

  test("a new delivery of a file replaces what it brought before, and leaves what others brought", async () => {
    await deliver(ordersCsv("1,19970101,1,1.00"), "raw/orders/shop.csv");
    await deliver(ordersCsv("2,19970101,1,2.00"), "raw/orders/late.csv");

    await deliver(ordersCsv("1,19970101,1,9.00"), "raw/orders/shop.csv");

    expect(await centsOf(DAY)).toEqual([
      { customer: "2", cents: 200 },
      { customer: "1", cents: 900 },
    ]);
  });

  test("a file that arrived twice in one window is read once, as it is now", async () => {
    await place.put(KEY, GOOD);

    await place.run(pipeline, { keys: [KEY, KEY] });

    expect(await centsOf(DAY)).toEqual([{ customer: "00001", cents: 1177 }]);
  });

  test("keys that look alike without their odd characters do not replace each other", async () => {
    await deliver(ordersCsv("1,19970101,1,1.00"), "raw/orders/a b.csv");
    await deliver(ordersCsv("2,19970101,1,2.00"), "raw/orders/a+b.csv");

    expect(await centsOf(DAY)).toHaveLength(2);
  });
});

describe("files that are not there", () => {
  test("a file that was taken back before it was read is left out", async () => {
    await place.put(KEY, GOOD);

    const { tasks, log } = await place.run(pipeline, { keys: ["raw/orders/gone.csv", KEY] });

    expect(tasks["publish"]).toBe("success");
    expect(log).toContain('warn "raw/orders/gone.csv" was taken back before it was read');
  });

  test("a run without files skips everything and says how to name one", async () => {
    const { tasks } = await place.run(pipeline, {});

    expect(tasks["extract"]).toMatch(/^skipped: no files: .*trigger process_new_orders --file KEY/);
    expect(tasks["publish"]).toBe("skipped");
  });
});

describe("bad files", () => {
  test("a file that cannot be read is set aside, byte for byte, with the reason", async () => {
    const { tasks, runId } = await deliver("what?");

    expect(tasks).toEqual({
      extract: "success",
      transform: "success",
      validate: "success",
      publish: "skipped: no file was good",
      set_aside: `quarantine: 1 of 1 files are bad: "${KEY}": line 1: Expected Number of Columns: 4 Found: 1`,
    });
    const folder = `quarantine/orders/${runId}/`;
    expect(await place.keys("quarantine/")).toEqual([`${folder}${DAY}.csv`, `${folder}${DAY}.csv.reason.json`]);
    expect(await place.text(`${folder}${DAY}.csv`)).toBe("what?");
    expect(JSON.parse((await place.text(`${folder}${DAY}.csv.reason.json`)) ?? "")).toEqual({
      key: KEY,
      arrivedAt: "2026-03-02T12:00:00Z",
      fault: "line 1: Expected Number of Columns: 4 Found: 1",
    });
  });

  test.each([
    ["a negative amount", "1,19970101,1,-0.01", "it has an order of -1 cents"],
    ["an order of no CDs", "1,19970101,0,1.00", "it has an order of 0 CDs"],
    ["an order of before there was a shop", "1,19931231,1,1.00", "it has an order of 1993-12-31"],
    [
      "an order of the future",
      "1,20260303,1,1.00",
      "it has an order of 2026-03-03, but arrived at 2026-03-02T12:00:00Z",
    ],
  ])("a file with %s is set aside", async (_, line, reason) => {
    const { tasks } = await deliver(ordersCsv("1,19970101,1,1.00", line));

    expect(tasks["set_aside"]).toContain(reason);
    expect(await place.keys("published/")).toEqual([]);
  });

  test("a file whose table has fewer orders than it has lines is set aside", async () => {
    await place.put(KEY, GOOD);
    const tamper = (taskId: string, output: JsonValue): JsonValue =>
      taskId === "extract" ? (output as JsonObject[]).map((delivery) => ({ ...delivery, lines: 2 })) : output;

    const { tasks } = await place.run(pipeline, { keys: [KEY], tamper });

    expect(tasks["set_aside"]).toContain("it has 2 lines of orders, of which 1 came out");
  });

  test("what was published stays as it is when a bad delivery of the file comes", async () => {
    await deliver(realOrders(DAY));
    const before = await published(DAY);

    await deliver(realOrders(DAY).replace("11.77", "11,77"));

    expect(await published(DAY)).toEqual(before);
    expect(await ask(DAY, SUMS)).toEqual([sumsOf(realOrders(DAY))]);
  });

  test("good files beside a bad one are published, and the run fails all the same", async () => {
    await place.put(KEY, realOrders(DAY));
    await place.put("raw/orders/bad.csv", "what?");

    const { tasks } = await place.run(pipeline, { keys: [KEY, "raw/orders/bad.csv"] });

    expect(tasks["publish"]).toBe("success");
    expect(tasks["set_aside"]).toMatch(/^quarantine: 1 of 2 files are bad: "raw\/orders\/bad.csv"/);
    expect(await ask(DAY, SUMS)).toEqual([sumsOf(realOrders(DAY))]);
  });

  test("the owner is told what is wrong and where the runbook is", async () => {
    const { log } = await deliver("what?");

    const line = log.find((text) => text.startsWith("error"));
    expect(line).toContain("orders@shop.example");
    expect(line).toContain("docs/runbooks/process-new-orders.md");
    expect(line).toContain('"raw/orders/1997-01-01.csv": line 1:');
  });
});

test("the sample that a first start shows is a real day", () => {
  const sample = readFileSync(join(import.meta.dirname, "samples/data-lake", KEY));

  expect(sample.toString()).toBe(realOrders(DAY));
});

test("the shipped orders are the published ones, to the byte", () => {
  const hash = createHash("sha256");
  for (const day of realDays()) hash.update(realOrders(day));

  expect(realDays()).toHaveLength(31);
  expect(hash.digest("hex")).toBe("6453f784fbe1a3440a14df30f4fded8c6848f7987bbed690b5ebe7fefce91a43");
});

describe("a day of deliveries, simulated", () => {
  const MONDAY = { from: "2026-03-02", to: "2026-03-02" };
  const at = (time: string) => ({ at: `2026-03-02T${time}` });

  test("files that trickle in are one run, which begins a minute after the last of them", async () => {
    const { runs } = await simulate(pipeline.default, {
      ...MONDAY,
      arrivals: [at("09:00:00"), at("09:00:40"), at("09:01:30")],
    });

    expect(runs.map(({ startedAt }) => startedAt)).toEqual(["2026-03-02T09:02:30Z"]);
  });

  test("files that go on arriving wait no longer than ten minutes", async () => {
    const arrivals = Array.from({ length: 30 }, (_, index) => at(`09:${String(index).padStart(2, "0")}:00`)).flatMap(
      (minute) => [minute, { at: minute.at.replace(/00$/, "30") }],
    );

    const { runs } = await simulate(pipeline.default, { ...MONDAY, arrivals });

    expect(runs[0]?.startedAt).toBe("2026-03-02T09:10:00Z");
  });

  test("what arrives while a run publishes waits for it: two runs never overlap", async () => {
    const { runs, totals } = await simulate(pipeline.default, {
      ...MONDAY,
      arrivals: [at("09:00"), at("09:03"), at("09:06")],
      durations: { "*": "4m" },
      fail: { "*": 0.2 },
      seed: 8,
    });

    expect([runs.length, totals.activeRunsMax]).toEqual([3, 1]);
    expect(totals.waitMsMax).toBeGreaterThan(0);
  });

  test("a bad file fails the run, although the good ones beside it are published", async () => {
    const { runs } = await simulate(pipeline.default, {
      ...MONDAY,
      arrivals: [at("09:00")],
      outcomes: { set_aside: "quarantine" },
    });

    const states = Object.fromEntries(runs[0]?.tasks.map(({ taskId, state }) => [taskId, state]) ?? []);
    expect([runs[0]?.state, states["publish"], states["set_aside"]]).toEqual(["failed", "success", "failed"]);
  });
});
