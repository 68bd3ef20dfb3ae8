/** The stored form of a pool: JSON, with each run's part as a row without names, since a pool may know of very many runs. */
import { FreshetError } from "../errors.ts";
import { POOL_SCHEMA, type Pool, type PoolEntry } from "./record.ts";

/** In this order for ever, and new ones at the end. */
const FIELDS = [
  "runId",
  "epoch",
  "number",
  "granted",
  "released",
  "wanted",
  "seen",
  "priority",
  "deadline",
  "logicalDate",
  "since",
  "heardAt",
] as const satisfies readonly (keyof PoolEntry)[];

type Row = readonly [next: readonly [weight: number, count: number] | null, ...fields: readonly unknown[]];

export function encodePool({ entries, ...head }: Pool): string {
  const rows = entries.map((entry): Row => {
    const next = entry.next === null ? null : ([entry.next.weight, entry.next.count] as const);
    return [next, ...FIELDS.map((field) => entry[field])];
  });
  return JSON.stringify({ ...head, rows });
}

/** Throws RECORD_NEWER for a schema that this code does not know; anything else that cannot be read throws too. */
export function decodePool(text: string): Pool {
  const { rows, ...head } = JSON.parse(text) as Omit<Pool, "entries"> & { readonly rows: readonly Row[] };
  const schema: number = head.schema;
  if (schema !== POOL_SCHEMA) {
    throw new FreshetError(
      "RECORD_NEWER",
      `pool '${head.poolId}' has schema ${schema}; this Freshet knows schema ${POOL_SCHEMA}: upgrade it`,
    );
  }
  return { ...head, entries: rows.map((row) => entryOf(row)) };
}

function entryOf([next, ...values]: Row): PoolEntry {
  const entry: Record<string, unknown> = { next: next === null ? null : { weight: next[0], count: next[1] } };
  for (const [index, field] of FIELDS.entries()) entry[field] = values[index];
  return entry as unknown as PoolEntry;
}
