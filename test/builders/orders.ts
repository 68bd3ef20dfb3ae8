/** Files of orders as the shop delivers them, and sums over them that no database has made. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../dags/data/orders");
export const ORDERS_HEADER = "customer_id,date,number_of_cds,dollar_value";

/** The days that the repository has real orders of. */
export const realDays = (): readonly string[] => readdirSync(FOLDER).map((name) => name.replace(".csv", ""));
/** The real orders of a day, as delivered. */
export const realOrders = (day: string): string => readFileSync(join(FOLDER, `${day}.csv`), "utf8");

/** A delivery with these lines after the header. */
export const ordersCsv = (...lines: readonly string[]): string => [ORDERS_HEADER, ...lines, ""].join("\n");

export interface OrderSums {
  readonly orders: number;
  readonly cds: number;
  readonly customers: number;
  readonly cents: number;
}

/** For files whose amounts have two decimals, as all real ones have. */
export function sumsOf(...csvs: readonly string[]): OrderSums {
  const rows = csvs.flatMap((csv) => csv.trimEnd().split("\n").slice(1)).map((line) => line.split(","));
  const sum = (column: number): number =>
    rows.reduce((total, row) => total + Number((row[column] ?? "").replace(".", "")), 0);
  return {
    orders: rows.length,
    cds: sum(2),
    customers: new Set(rows.map(([customer]) => customer)).size,
    cents: sum(3),
  };
}
