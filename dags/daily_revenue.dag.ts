/**
 * What the shop took in on a day: orders, CDs, customers, and the revenue to the cent, from the orders that are published of
 * that day. Run it again and the bytes are the same; run it again after orders came late and they are right:
 * `freshet run daily_revenue --date 1997-01-01`.
 */
import { join } from "node:path";
import { dag, every, quarantine, skip, task, type StagedFile } from "freshet";
import { daysOf } from "./lib/days.ts";
import { withDuckDB } from "./lib/duckdb.ts";
import { LAKE, ordersOf, revenueOf } from "./lib/lake.ts";
import { inspectOrders, type OrdersFacts } from "./lib/orders.ts";

/** Where the shop's days begin. */
const TIMEZONE = "America/New_York";

/** The published row of a day. */
type Revenue = {
  readonly date: string;
  readonly orders: number;
  readonly cds: number;
  readonly customers: number;
  readonly cents: number;
};

interface StagedRevenue {
  readonly date: string;
  readonly file: StagedFile;
  /** Keys of the orders in it. */
  readonly orders: readonly string[];
}

const REVENUE = `
  copy (
    select $date::date as date, count(*) as orders, sum(cds)::bigint as cds,
      count(distinct customer_id) as customers, sum(cents)::bigint as cents
    from read_parquet($orders)
  ) to $path (format parquet)`;

const aggregate = task("aggregate", {
  run: ({ interval, storage, staging, scratch, signal, log }) =>
    withDuckDB(signal, async (duckdb) => {
      const lake = storage.bucket(LAKE);
      const days = daysOf(interval, TIMEZONE); // One, unless somebody asked for more: `--interval 1997-01-01/1997-02-01`.
      const staged: StagedRevenue[] = [];
      for (const date of days) {
        const published = await lake.current(ordersOf(date));
        if (published === undefined) {
          log.warn(`no orders on ${date}`);
          continue;
        }
        const orders = published.files.map(({ key }) => key);
        const paths = await Promise.all(orders.map((key) => lake.download(key)));
        const path = join(scratch, "revenue.parquet");
        await duckdb.run(REVENUE, { date, orders: paths, path });
        staged.push({ date, orders, file: await staging.upload(`revenue-${date}.parquet`, path) });
      }
      if (staged.length === 0) skip(`no orders on ${days.length === 1 ? days[0] : `${days[0]} to ${days.at(-1)}`}`);
      return staged;
    }),
});

const validate = task("validate", {
  inputs: { staged: aggregate },
  run: ({ inputs, storage, signal, log }) =>
    withDuckDB(signal, async (duckdb) => {
      for (const { date, orders, file } of inputs.staged) {
        // The very orders that were summed: what is published of the day may have moved on since.
        const paths = await Promise.all(orders.map((key) => storage.bucket(LAKE).download(key)));
        const path = await storage.bucket(file.bucket).download(file.key);
        const rows = await duckdb.rows<Revenue>(
          "select date::varchar as date, orders, cds, customers, cents from read_parquet($path)",
          { path },
        );
        const fault = faultOf(date, rows, await inspectOrders(duckdb, paths));
        if (fault !== null) quarantine(fault);
        log.info(`revenue of ${date}`, rows[0]);
      }
    }),
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
  run: async ({ inputs, storage, log }) => {
    for (const { date, file } of inputs.staged) {
      const { changed } = await storage.bucket(LAKE).publish(revenueOf(date), [file]);
      log.info(changed ? `published the revenue of ${date}` : `the revenue of ${date} was published already`);
    }
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
  timezone: TIMEZONE,
  defaults: { timeout: "5m", retry: { retries: 3, delay: "10s" } },
  onFailure: ({ owner, runbook, failed }, { run, log }) => {
    const causes = failed.map(({ taskId, cause }) => `${taskId}: ${cause}`);
    log.error(`${run.runId} failed, ${owner} please look: ${causes.join("; ")}. What to do: ${runbook}`);
  },
  tasks: [aggregate, validate, publish],
});
