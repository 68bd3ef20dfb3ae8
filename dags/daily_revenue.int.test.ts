import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aFreshetPlace, type FreshetPlace } from "../test/builders/freshet-process.ts";
import { realOrders, sumsOf } from "../test/builders/orders.ts";
import { withDuckDB, type Row } from "./lib/duckdb.ts";

const LAKE = "data-lake";
const DAYS = ["1997-01-01", "1997-01-02"] as const;
const DAY = DAYS[0];

let place: FreshetPlace;
beforeAll(async () => {
  place = await aFreshetPlace(LAKE);
  const keys = DAYS.map((day) => `raw/orders/${day}.csv`);
  for (const [index, day] of DAYS.entries()) {
    await place.objects.put(LAKE, keys[index] ?? "", new TextEncoder().encode(realOrders(day)));
  }
  await run("process_new_orders", ...keys.flatMap((key) => ["--file", key]));
});
afterAll(() => place.close());

interface EndedRun {
  readonly state: string;
  readonly dataInterval: { readonly start: string; readonly end: string };
  readonly tasks: readonly { readonly taskId: string; readonly state: string; readonly cause: string }[];
}

async function run(...args: readonly string[]): Promise<EndedRun> {
  const { stdout, stderr } = await place.run("run", ...args, "--json");
  if (!stdout.startsWith("{")) throw new Error(stderr);
  return JSON.parse(stdout) as EndedRun;
}

const pointerOf = async (day: string): Promise<string> => {
  const object = await place.objects.get(LAKE, `published/daily_revenue/date=${day}/_CURRENT`);
  return object === undefined ? "" : new TextDecoder().decode(object.body);
};

/** What readers who follow `_CURRENT` see of a day. */
async function revenueOf(day: string): Promise<readonly Row[]> {
  const { files } = JSON.parse(await pointerOf(day)) as { readonly files: readonly { readonly key: string }[] };
  const paths = files.map(({ key }) => join(place.home, "buckets", LAKE, key));
  return withDuckDB(new AbortController().signal, (duckdb) =>
    duckdb.rows("select * replace (date::varchar as date) from read_parquet($paths)", { paths }),
  );
}

test("the revenue of a day is what its published orders add up to, to the cent", async () => {
  const { state, dataInterval } = await run("daily_revenue", "--date", DAY);

  expect(state).toBe("success");
  expect(dataInterval).toEqual({ start: "1997-01-01T05:00:00Z", end: "1997-01-02T05:00:00Z" });
  expect(await revenueOf(DAY)).toEqual([{ date: DAY, ...sumsOf(realOrders(DAY)) }]);
});

test("running it twice gives the same bytes", async () => {
  await run("daily_revenue", "--date", DAY);
  const before = [await pointerOf(DAY), await place.objects.list(LAKE, "published/daily_revenue/")];

  await run("daily_revenue", "--date", DAY);

  expect([await pointerOf(DAY), await place.objects.list(LAKE, "published/daily_revenue/")]).toEqual(before);
});

test("a day without orders is not published, and says so", async () => {
  const { state, tasks } = await run("daily_revenue", "--date", "1997-01-31");

  expect(state).toBe("success");
  expect(tasks.map((task) => task.state)).toEqual(["skipped", "skipped", "skipped"]);
  expect(tasks[0]?.cause).toContain("no orders on 1997-01-31");
  expect(await pointerOf("1997-01-31")).toBe("");
});

test("a run over several days publishes each that has orders", async () => {
  const { state } = await run("daily_revenue", "--interval", "1997-01-01/1997-01-04");

  expect(state).toBe("success");
  expect((await Promise.all(DAYS.map(revenueOf))).flat()).toEqual(
    DAYS.map((day) => ({ date: day, ...sumsOf(realOrders(day)) })),
  );
});
