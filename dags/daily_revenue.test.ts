import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonValue, StagedFile } from "freshet";
import { simulate } from "freshet/testing";
import { aFolder } from "../test/builders/folder.ts";
import { ordersCsv, realDays, realOrders, sumsOf } from "../test/builders/orders.ts";
import { aPipelinePlace, type PipelinePlace, type PipelineRun } from "../test/builders/pipeline.ts";
import * as pipeline from "./daily_revenue.dag.ts";
import { withDuckDB, type Row } from "./lib/duckdb.ts";
import * as orders from "./process_new_orders.dag.ts";

const DAY = "1997-01-01";
const CURRENT = `published/daily_revenue/date=${DAY}/_CURRENT`;

let place: PipelinePlace;
beforeEach(async () => {
  place = await aPipelinePlace("data-lake");
});
afterEach(() => place.close());

/** Delivers these files and has the pipeline of orders publish them. */
async function publishOrders(files: Readonly<Record<string, string>>): Promise<void> {
  const keys = Object.keys(files).map((name) => `raw/orders/${name}.csv`);
  for (const [name, content] of Object.entries(files)) await place.put(`raw/orders/${name}.csv`, content);
  await place.run(orders, { keys });
}

const revenueOn = (day: string, tamper?: Tamper): Promise<PipelineRun> =>
  place.run(pipeline, { interval: dayInNewYork(day), ...(tamper === undefined ? {} : { tamper }) });

const dayInNewYork = (day: string): readonly [string, string] => {
  const start = Date.parse(`${day}T05:00:00Z`); // In winter, as all days here.
  return [new Date(start).toISOString(), new Date(start + 86_400_000).toISOString()];
};

type Tamper = (taskId: string, output: JsonValue) => JsonValue | Promise<JsonValue>;

/** What readers who follow `_CURRENT` see of a day. */
async function published(day: string): Promise<readonly Row[]> {
  const pointer = await place.text(`published/daily_revenue/date=${day}/_CURRENT`);
  if (pointer === undefined) return [];
  const { files } = JSON.parse(pointer) as { readonly files: readonly { readonly key: string }[] };
  const paths = await Promise.all(files.map(({ key }) => place.file(key)));
  return withDuckDB(new AbortController().signal, (duckdb) =>
    duckdb.rows("select * replace (date::varchar as date) from read_parquet($paths)", { paths }),
  );
}

test("the revenue of a real day is what its orders add up to, to the cent", async () => {
  const days = realDays().slice(-3);
  await publishOrders(Object.fromEntries(days.map((day) => [day, realOrders(day)])));

  for (const day of days) await revenueOn(day);

  const revenues = await Promise.all(days.map(published));
  expect(revenues).toEqual(days.map((day) => [{ date: day, ...sumsOf(realOrders(day)) }]));
});

test("running it twice gives the same bytes, and says that they were there", async () => {
  await publishOrders({ [DAY]: realOrders(DAY) });
  await revenueOn(DAY);
  const [keys, pointer] = [await place.keys("published/"), await place.text(CURRENT)];

  const { log } = await revenueOn(DAY);

  expect(log).toContain(`info the revenue of ${DAY} was published already`);
  expect([await place.keys("published/"), await place.text(CURRENT)]).toEqual([keys, pointer]);
});

test("a day without orders is not published, and says so", async () => {
  const { tasks } = await revenueOn(DAY);

  expect(tasks).toEqual({ aggregate: `skipped: no orders on ${DAY}`, validate: "skipped", publish: "skipped" });
  expect(await place.keys("published/")).toEqual([]);
});

test("a run over several days publishes each of them by itself, but for those without orders", async () => {
  await publishOrders({ a: ordersCsv("1,19970101,1,1.00", "1,19970103,1,3.00") });

  const { tasks, log } = await place.run(pipeline, { interval: ["1997-01-01T05:00:00Z", "1997-01-04T05:00:00Z"] });

  expect(tasks["publish"]).toBe("success");
  expect(log).toContain("warn no orders on 1997-01-02");
  const revenues = await Promise.all(["1997-01-01", "1997-01-02", "1997-01-03"].map(published));
  expect(revenues.map((rows) => rows.map(({ cents }) => cents))).toEqual([[100], [], [300]]);
});

test("orders that came late are in the revenue of the next run", async () => {
  await publishOrders({ shop: ordersCsv("1,19970101,1,1.00") });
  await revenueOn(DAY);
  await publishOrders({ late: ordersCsv("2,19970101,2,0.50") });

  await revenueOn(DAY);

  expect(await published(DAY)).toEqual([{ date: DAY, orders: 2, cds: 3, customers: 2, cents: 150 }]);
});

test("a customer who buys twice is one customer", async () => {
  await publishOrders({ [DAY]: ordersCsv("1,19970101,1,1.00", "1,19970101,1,1.00", "01,19970101,1,1.00") });

  await revenueOn(DAY);

  expect(await published(DAY)).toEqual([{ date: DAY, orders: 3, cds: 3, customers: 2, cents: 300 }]);
});

test("orders of another day under the pointer of this one stop it, and the owner is told", async () => {
  await publishOrders({ [DAY]: ordersCsv("1,19970102,1,1.00") });
  const wrong = (await place.text("published/orders/date=1997-01-02/_CURRENT")) ?? "";
  await place.put(`published/orders/date=${DAY}/_CURRENT`, wrong);

  const { tasks, log } = await revenueOn(DAY);

  expect(tasks["validate"]).toBe(`quarantine: the revenue of ${DAY} was made of orders from 1997-01-02 to 1997-01-02`);
  expect(await published(DAY)).toEqual([]);
  expect(log.at(-1)).toMatch(
    /^error .*finance@shop[.]example.*validate: quarantine.*docs\/runbooks\/daily-revenue[.]md$/,
  );
});

test.each([
  ["one cent", "cents + 1 as cents", "the revenue is 1178 cents, the orders are 1177"],
  ["an order", "orders - 1 as orders", "0 orders were summed, 1 are published"],
  ["a customer", "customers + 1 as customers", "2 customers made 1 orders"],
])("a sum that is off by %s is not published", async (_, change, reason) => {
  await publishOrders({ [DAY]: ordersCsv("1,19970101,1,11.77") });
  const tamper: Tamper = async (taskId, output) => {
    const staged = output as unknown as readonly { readonly file: StagedFile }[];
    if (taskId === "aggregate" && staged[0] !== undefined)
      await rewrite(staged[0].file, `select * replace (${change}) from read_parquet($path)`);
    return output;
  };

  const { tasks } = await revenueOn(DAY, tamper);

  expect(tasks).toMatchObject({ validate: `quarantine: ${reason}`, publish: "upstream_failed" });
  expect(await published(DAY)).toEqual([]);
});

async function rewrite({ bucket, key }: StagedFile, select: string): Promise<void> {
  const folder = await aFolder();
  const path = (await place.objects.download(bucket, key, folder.path)) ?? "";
  const changed = join(folder.path, "changed.parquet");
  const values = { path, changed };
  await withDuckDB(new AbortController().signal, (duckdb) =>
    duckdb.run(`copy (${select}) to $changed (format parquet)`, values),
  );
  await place.objects.upload(bucket, key, changed);
  await folder.remove();
}

describe("a quarter of nights, simulated", () => {
  const NIGHTS = { from: "2026-01-01", to: "2026-03-31", seed: 1997 };

  test("a failing database is waited for, and the revenue is there by half past four", async () => {
    const { runs, totals } = await simulate(pipeline.default, {
      ...NIGHTS,
      fail: { aggregate: 0.3 },
      durations: { "*": "2m±1m" },
    });

    const late = runs.filter(
      ({ startedAt, endedAt }) => Date.parse(endedAt ?? "") - Date.parse(startedAt ?? "") > 30 * 60_000,
    );
    expect([totals.runs, totals.activeRunsMax, late]).toEqual([90, 1, []]);
    expect(totals.retries).toBeGreaterThan(0);
  });

  test("each night starts at four in New York, also when clocks change", async () => {
    const { runs } = await simulate(pipeline.default, { from: "2026-03-07", to: "2026-03-09" });

    expect(runs.map(({ startedAt }) => startedAt)).toEqual([
      "2026-03-07T09:00:00Z",
      "2026-03-08T08:00:00Z",
      "2026-03-09T08:00:00Z",
    ]);
  });

  test("revenue that does not add up is not tried again, and not published", async () => {
    const { runs } = await simulate(pipeline.default, {
      from: "2026-01-01",
      to: "2026-01-01",
      outcomes: { validate: "quarantine" },
    });

    const tried = runs[0]?.tasks.map(({ taskId, state, attempts }) => [taskId, state, attempts.length]);
    expect(tried).toEqual([
      ["aggregate", "success", 1],
      ["validate", "failed", 1],
      ["publish", "upstream_failed", 0],
      ["$onFailure", "success", 1],
    ]);
  });
});
