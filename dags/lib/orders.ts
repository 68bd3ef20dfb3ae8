/** Orders: what a delivered file must look like, and the table that is made of it. */
import type { DuckDB } from "./duckdb.ts";

/** A file brings a day, or a few if some came late. More days than this are a mistake and no orders. */
const DAYS_OF_FILE_MAX = 31;
/** A broken export has thousands of faults; the first few tell enough. */
const FAULTS_TOLD_MAX = 3;

/** Each column of the file, what it must look like, and the typed column it becomes. Money is in whole cents: sums are exact. */
const COLUMNS = [
  {
    from: "customer_id",
    pattern: "[0-9]{1,10}",
    expected: "digits such as 00001",
    to: "customer_id",
    type: "VARCHAR", // 00001 is not 1.
    value: "customer_id",
  },
  {
    from: "date",
    pattern: "[0-9]{8}",
    expected: "a day such as 19970131",
    to: "order_date",
    type: "DATE",
    value: "try_strptime(date, '%Y%m%d')::date",
  },
  {
    from: "number_of_cds",
    pattern: "-?[0-9]{1,6}",
    expected: "a whole number such as 2",
    to: "cds",
    type: "INTEGER",
    value: "try_cast(number_of_cds as integer)",
  },
  {
    from: "dollar_value",
    pattern: "-?[0-9]{1,9}([.][0-9]{1,2})?",
    expected: "dollars such as 11.77",
    to: "cents",
    type: "BIGINT",
    value: "(try_cast(dollar_value as decimal(11, 2)) * 100)::bigint",
  },
] as const;

/** The columns of published orders. */
export const ORDERS_SCHEMA = COLUMNS.map(({ to, type }) => `${to} ${type}`).join(", ");

/** Everything is text at first, so that nothing is guessed. Line 1 is the header; blank lines do not count. */
const READ = `
  create or replace table lines as
  select row_number() over () as line, *
  from read_csv($path, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', strict_mode = true,
    columns = {${COLUMNS.map(({ from }) => `${from}: 'VARCHAR'`).join(", ")}})`;

/** What does not look like a value of its column is null. */
const TYPED = `
  create or replace table orders as
  select line, ${COLUMNS.map(({ from, pattern, value, to }) => `case when regexp_full_match(${from}, '${pattern}') then ${value} end as ${to}`).join(", ")}
  from lines
  where line > 1`;

const FAULTS = COLUMNS.map(
  ({ from, to, expected }, column) => `
  select line, ${column} as position, '${from}' as name, left(coalesce(lines.${from}, ''), 40) as value, '${expected}' as expected
  from lines join orders using (line)
  where orders.${to} is null`,
).join(" union all ");

/** The days that a file has orders of; or none, and what is wrong with it. */
export interface OrdersRead {
  readonly dates: readonly string[];
  readonly fault: string | null;
}
const unreadable = (fault: string): OrdersRead => ({ dates: [], fault });

/** Reads a delivered file into the table `orders`. */
export async function readOrders(duckdb: DuckDB, path: string): Promise<OrdersRead> {
  try {
    await duckdb.run(READ, { path });
  } catch (error) {
    return unreadable(csvFault(error));
  }
  const [header] = await duckdb.rows("select * exclude (line) from lines where line = 1");
  const names = Object.values(header ?? {}).join(",");
  const expected = COLUMNS.map(({ from }) => from).join(",");
  if (names !== expected) return unreadable(`the columns are ${JSON.stringify(names)}, expected "${expected}"`);

  await duckdb.run(TYPED);
  const faults = await duckdb.rows<Fault>(`${FAULTS} order by line, position limit ${FAULTS_TOLD_MAX}`);
  if (faults.length > 0) return unreadable(faults.map(faultText).join("; "));
  const days = await duckdb.rows<{ date: string }>(
    "select distinct order_date::varchar as date from orders order by 1",
  );
  if (days.length === 0) return unreadable("it has no orders");
  if (days.length > DAYS_OF_FILE_MAX) {
    return unreadable(`it has orders of ${days.length} days; a file brings ${DAYS_OF_FILE_MAX} at the most`);
  }
  return { dates: days.map(({ date }) => date), fault: null };
}

type Fault = { readonly line: number; readonly name: string; readonly value: string; readonly expected: string };

const faultText = ({ line, name, value, expected }: Fault): string =>
  `line ${line}: ${name} is ${JSON.stringify(value)}, expected ${expected}`;

/** What DuckDB says of a file that is no CSV of four columns. Whatever else goes wrong is not the file's fault. */
function csvFault(error: unknown): string {
  if (!(error instanceof Error) || !error.message.startsWith("Invalid Input Error")) throw error;
  const line = /CSV Error on Line: (\d+)/.exec(error.message)?.[1];
  const said =
    /Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found|Invalid unicode|Maximum line size of \d+ bytes exceeded/.exec(
      error.message,
    )?.[0] ?? "it is no CSV with one kind of line end and of quotes";
  return line === undefined ? said : `line ${line}: ${said}`;
}

/** Writes the orders of a day in the order of their file: the same orders give the same bytes. */
export async function writeDay(duckdb: DuckDB, date: string, path: string): Promise<void> {
  const columns = COLUMNS.map(({ to }) => to).join(", ");
  await duckdb.run(
    `copy (select ${columns} from orders where order_date = $date::date order by line) to $path (format parquet, compression zstd)`,
    { date, path },
  );
}

/** Facts about orders, read back from the files that hold them. */
export type OrdersFacts = {
  readonly schema: string;
  readonly orders: number;
  /** Dates. */
  readonly first: string;
  readonly last: string;
  readonly fewestCds: number;
  readonly lowestCents: number;
  readonly cents: number;
};

export async function inspectOrders(duckdb: DuckDB, paths: readonly string[]): Promise<OrdersFacts> {
  const columns = await duckdb.rows<{ column: string }>(
    "select column_name || ' ' || column_type as column from (describe select * from read_parquet($paths))",
    { paths },
  );
  const [facts] = await duckdb.rows<Omit<OrdersFacts, "schema">>(
    `select count(*) as orders, min(order_date)::varchar as first, max(order_date)::varchar as last,
       min(cds) as "fewestCds", min(cents) as "lowestCents", sum(cents)::bigint as cents
     from read_parquet($paths)`,
    { paths },
  );
  if (facts === undefined) throw new Error("a query for sums gave no row");
  return { schema: columns.map(({ column }) => column).join(", "), ...facts };
}
