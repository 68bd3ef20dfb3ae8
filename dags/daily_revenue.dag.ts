/**
 * What the shop took in on a day: orders, CDs, customers, and the revenue to the cent, from the orders that are published of
 * that day. Run it again and the bytes are the same; run it again after orders came late and they are right:
 * `freshet run daily_revenue --date 1997-01-01`.
 */
import { join } from "node:path";
import { dag, every, quarantine, skip, task } from "freshet";
import { withDuckDB } from "./lib/duckdb.ts";
import { LAKE, ordersOf, revenueOf } from "./lib/lake.ts";
import { inspectOrders, type OrdersFacts } from "./lib/orders.ts";

type Revenue = {
  readonly date: string;
  readonly orders: number;
  readonly cds: number;
  readonly customers: number;
  readonly cents: number;
};

const aggregate = task("aggregate", {
  run: async ({ ds, storage, staging, scratch, signal }) => {
    const lake = storage.bucket(LAKE);
    const published = await lake.current(ordersOf(ds));
    if (published === undefined) skip(`no orders on ${ds}`);

    const keys = published.files.map(({ key }) => key);
    const orders = await Promise.all(keys.map((key) => lake.download(key)));
    const path = join(scratch, "daily_revenue.parquet");
    await withDuckDB(signal, (duckdb) =>
      duckdb.run(
        `copy (
           select $date::date as date, count(*) as orders, sum(cds)::bigint as cds,
             count(distinct customer_id) as customers, sum(cents)::bigint as cents
           from read_parquet($orders)
         ) to $path (format parquet)`,
        { date: ds, orders, path },
      ),
    );
    return { orders: keys, file: await staging.upload("daily_revenue.parquet", path) };
  },
});

const validate = task("validate", {
  inputs: { staged: aggregate },
  run: async ({ inputs, ds, storage, signal, log }) => {
    const { orders, file } = inputs.staged;
    // The very files that were summed: what is published of the day may have moved on since.
    const files = await Promise.all(orders.map((key) => storage.bucket(LAKE).download(key)));
    const path = await storage.bucket(file.bucket).download(file.key);
    await withDuckDB(signal, async (duckdb) => {
      const rows = await duckdb.rows<Revenue>("select * replace (date::varchar as date) from read_parquet($path)", {
        path,
      });
      const fault = faultOf(ds, rows, await inspectOrders(duckdb, files));
      if (fault !== null) quarantine(fault);
      log.info(`revenue of ${ds}`, rows[0]);
    });
  },
});

/** Why this cannot be the revenue of the day; null: it may be published. */
function faultOf(day: string, rows: readonly Revenue[], orders: OrdersFacts): string | null {
  const [revenue] = rows;
  if (revenue === undefined || rows.length > 1) return `there are ${rows.length} rows for one day`;
  if (revenue.date !== day || orders.first !== day || orders.last !== day) {
    return `the revenue of ${revenue.date} was made of orders from ${orders.first} to ${orders.last}`;
  }
  if (revenue.orders !== orders.orders) return `${revenue.orders} orders were summed, ${orders.orders} are published`;
  if (revenue.cents !== orders.cents) return `the revenue is ${revenue.cents} cents, the orders are ${orders.cents}`;
  if (revenue.customers > revenue.orders) return `${revenue.customers} customers made ${revenue.orders} orders`;
  return null;
}

const publish = task("publish", {
  inputs: { staged: aggregate },
  after: [validate],
  run: async ({ inputs, ds, storage, log }) => {
    const { changed } = await storage.bucket(LAKE).publish(revenueOf(ds), [inputs.staged.file]);
    log.info(changed ? `published the revenue of ${ds}` : `the revenue of ${ds} was published already`);
  },
});

export default dag("daily_revenue", {
  description: "Revenue of each day, from the published orders",
  owner: "finance@shop.example",
  team: "finance",
  tier: 2,
  runbook: "docs/runbooks/daily-revenue.md",
  tags: ["orders", "revenue"],
  schedule: every.day({ at: "04:00" }), // Covers the whole day before.
  timezone: "America/New_York", // Where the shop's days begin.
  defaults: { timeout: "5m", retry: { retries: 3, delay: "10s" } },
  onFailure: ({ owner, runbook, failed }, { run, log }) => {
    const causes = failed.map(({ taskId, cause }) => `${taskId}: ${cause}`);
    log.error(`${run.runId} failed, ${owner} please look: ${causes.join("; ")}. What to do: ${runbook}`);
  },
  tasks: [aggregate, validate, publish],
});
