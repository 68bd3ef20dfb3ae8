/**
 * The shop delivers its orders as files, one for each day. This pipeline makes a table of them that others can rely on: each
 * file is read strictly, checked, and published under the days of its orders. A file that is not what it should be is set aside
 * with the reason, the run fails and its owner is told; the good files beside it are not held up.
 */
import { join } from "node:path";
import { arrival, dag, quarantine, skip, task, type StagedFile } from "freshet";
import { withDuckDB } from "./lib/duckdb.ts";
import { LAKE, RAW_ORDERS, nameOf, ordersOf, quarantineOf } from "./lib/lake.ts";
import { ORDERS_SCHEMA, inspectOrders, readOrders, writeDay, type OrdersFacts } from "./lib/orders.ts";

/** CDNOW opened in 1994: an older order has a wrong date. */
const FIRST_DAY = "1994-01-01";
/** Bad files that the error names; the quarantine has them all, each with its reason. */
const FAULTS_TOLD_MAX = 3;

interface Delivery {
  readonly key: string;
  readonly arrivedAt: string;
  /** As it was delivered. */
  readonly file: StagedFile;
  /** Lines after the header: so many orders have to come out in the end. */
  readonly lines: number;
}

/** A delivery as a table, a file for each day that it has orders of; or what is wrong with it. */
interface Table extends Delivery {
  readonly days: readonly { readonly date: string; readonly file: StagedFile }[];
  readonly fault: string | null;
}

const newOrders = arrival("new_orders", {
  bucket: LAKE,
  prefix: RAW_ORDERS,
  suffix: ".csv",
  debounce: "60s",
  maxWait: "10m",
  maxFiles: 500,
});

const extract = task("extract", {
  run: async ({ run, storage, staging, log }) => {
    const lake = storage.bucket(LAKE);
    const arrivals = new Map(run.files.map((file) => [file.key, file])); // A file that arrived twice is read once, as it is now.
    const deliveries: Delivery[] = [];
    for (const { key, arrivedAt } of arrivals.values()) {
      if ((await lake.head(key)) === undefined) {
        log.warn(`${JSON.stringify(key)} was taken back before it was read`);
        continue;
      }
      const bytes = await lake.get(key);
      const lines = new TextDecoder().decode(bytes).match(/[^\r\n]+/g)?.length ?? 1;
      deliveries.push({ key, arrivedAt, lines: lines - 1, file: await staging.put(`${nameOf(key)}.csv`, bytes) });
    }
    if (deliveries.length === 0) skip("no files: `freshet trigger process_new_orders --file KEY` names one");
    return deliveries;
  },
});

const transform = task("transform", {
  inputs: { deliveries: extract },
  run: ({ inputs, storage, staging, scratch, signal }) =>
    withDuckDB(signal, async (duckdb) => {
      const tables: Table[] = [];
      for (const delivery of inputs.deliveries) {
        const csv = await storage.bucket(delivery.file.bucket).download(delivery.file.key);
        const { dates, fault } = await readOrders(duckdb, csv);
        const days = [];
        for (const date of dates) {
          const name = `${nameOf(delivery.key)}.parquet`;
          const parquet = join(scratch, name);
          await writeDay(duckdb, date, parquet);
          days.push({ date, file: { ...(await staging.upload(`${date}/${name}`, parquet)), name } });
        }
        tables.push({ ...delivery, days, fault });
      }
      return tables;
    }),
});

const validate = task("validate", {
  inputs: { tables: transform },
  run: ({ inputs, storage, signal, log }) =>
    withDuckDB(signal, async (duckdb) => {
      const good: Table[] = [];
      const bad: Table[] = [];
      for (const table of inputs.tables) {
        const files = table.days.map(({ file }) => storage.bucket(file.bucket).download(file.key));
        const fault = table.fault ?? faultOf(table, await inspectOrders(duckdb, await Promise.all(files)));
        if (fault === null) good.push(table);
        else bad.push({ ...table, fault });
      }
      log.info("checked the files", { good: good.length, bad: bad.length });
      return { good, bad };
    }),
});

/** Why a table that could be made cannot be right; null: it may be published. */
function faultOf({ lines, arrivedAt }: Delivery, table: OrdersFacts): string | null {
  if (table.schema !== ORDERS_SCHEMA) return `its columns came out as ${table.schema}`;
  if (table.orders !== lines) return `it has ${lines} lines of orders, of which ${table.orders} came out`;
  if (table.first < FIRST_DAY) return `it has an order of ${table.first}, when there was no shop`;
  // The shop's clock is behind UTC: no order can be of a later day than its file.
  if (table.last > arrivedAt.slice(0, 10)) return `it has an order of ${table.last}, but arrived at ${arrivedAt}`;
  if (table.fewestCds < 1) return `it has an order of ${table.fewestCds} CDs`;
  if (table.lowestCents < 0) return `it has an order of ${table.lowestCents} cents`;
  return null;
}

const publish = task("publish", {
  inputs: { checked: validate },
  run: async ({ inputs, storage, log }) => {
    const parts = inputs.checked.good.flatMap(({ days }) => days);
    if (parts.length === 0) skip("no file was good");
    const lake = storage.bucket(LAKE);
    for (const [date, fresh] of Map.groupBy(parts, (part) => part.date)) {
      // A file that is delivered again replaces what it brought before; what other files brought to the day stays.
      const files = new Map(
        (await lake.current(ordersOf(date)))?.files.map((file) => [file.name, { ...file, bucket: LAKE }]),
      );
      for (const { file } of fresh) files.set(file.name, file);
      const { changed } = await lake.publish(ordersOf(date), [...files.values()]);
      log.info(changed ? `published the orders of ${date}` : `the orders of ${date} were published already`);
    }
  },
});

const setAside = task("set_aside", {
  inputs: { checked: validate },
  run: async ({ inputs, storage, run, log }) => {
    const { good, bad } = inputs.checked;
    if (bad.length === 0) skip("every file was good");
    const lake = storage.bucket(LAKE);
    for (const { key, arrivedAt, file, fault } of bad) {
      const to = quarantineOf(run.runId) + file.name;
      await lake.upload(to, await storage.bucket(file.bucket).download(file.key));
      await lake.put(`${to}.reason.json`, JSON.stringify({ key, arrivedAt, fault }, null, 2));
      log.warn("set aside", { key, to, fault });
    }
    const told = bad.slice(0, FAULTS_TOLD_MAX).map(({ key, fault }) => `${JSON.stringify(key)}: ${fault}`);
    quarantine(`${bad.length} of ${good.length + bad.length} files are bad: ${told.join("; ")}`);
  },
});

export default dag("process_new_orders", {
  description: "Orders that the shop delivers, checked and published by day",
  owner: "orders@shop.example",
  team: "orders",
  tier: 1,
  runbook: "docs/runbooks/process-new-orders.md",
  tags: ["orders"],
  triggers: [newOrders],
  maxActiveRuns: 1, // Publishing adds to what is published: one run after the other.
  defaults: { timeout: "5m", retry: { retries: 3, delay: "10s" } },
  onFailure: ({ owner, runbook, failed }, { run, log }) => {
    const causes = failed.map(({ taskId, cause }) => `${taskId}: ${cause}`);
    log.error(`${run.runId} failed, ${owner} please look: ${causes.join("; ")}. What to do: ${runbook}`);
  },
  tasks: [extract, transform, validate, publish, setAside],
});
