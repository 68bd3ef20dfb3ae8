/** Where things lie in the data lake. */
import { createHash } from "node:crypto";

export const LAKE = "data-lake";
export const RAW_ORDERS = "raw/orders/";

/** What is published of a day; readers follow `_CURRENT` there. */
export const ordersOf = (date: string): string => `published/orders/date=${date}/`;
export const revenueOf = (date: string): string => `published/daily_revenue/date=${date}/`;

/** Files that a run could not use, each with the reason. */
export const quarantineOf = (runId: string): string => `quarantine/orders/${runId}/`;

/** Hex digits: so many that no two keys share them. */
const HASH_DIGITS = 16;
const READABLE_LENGTH_MAX = 40;

/**
 * A name for what comes of a delivered file, of its own for each key: `1997-01-01` for `raw/orders/1997-01-01.csv`. Keys may hold
 * what file names cannot; of such a key the name has what can be read, and a hash.
 */
export function nameOf(key: string): string {
  const plain = /^raw[/]orders[/](\w[\w.-]{0,99})[.]csv$/.exec(key)?.[1];
  if (plain !== undefined) return plain;
  const readable = (key.split("/").at(-1) ?? "").replaceAll(/[^\w.-]+/g, "-").slice(0, READABLE_LENGTH_MAX);
  const hash = createHash("sha256").update(key).digest("hex").slice(0, HASH_DIGITS);
  return `${readable}~${hash}`; // `~` is in no plain name.
}
