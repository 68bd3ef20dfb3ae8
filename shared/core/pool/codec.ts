/** The stored form of a pool: JSON, with each run's part as a row without names, since a pool may know of very many runs. */
import type { RunId } from "../ids.ts";
import { checkSchema } from "../schema.ts";
import type { Instant } from "../time.ts";
import { POOL_SCHEMA, type Pool, type PoolEntry } from "./record.ts";

/** In this order for ever, and new ones at the end. */
type Row = readonly [
  weight: number,
  /** 0: nothing waits. */
  count: number,
  runId: RunId,
  epoch: number,
  number: number,
  granted: number,
  released: number,
  wanted: number,
  seen: number,
  priority: number,
  deadline: Instant | null,
  logicalDate: Instant | null,
  since: Instant | null,
  heardAt: Instant,
  /** 1: of a backfill. */
  past: 0 | 1,
];

export function encodePool({ entries, ...head }: Pool): string {
  return JSON.stringify({ ...head, rows: entries.map((entry) => rowOf(entry)) });
}

/** Throws RECORD_NEWER for a schema that this code does not know; anything else that cannot be read throws too. */
export function decodePool(text: string): Pool {
  const { rows, ...head } = JSON.parse(text) as Omit<Pool, "entries"> & { readonly rows: readonly Row[] };
  checkSchema(`pool '${head.poolId}'`, head.schema, POOL_SCHEMA);
  return { ...head, entries: rows.map((row) => entryOf(row)) };
}

// Written out, one by one: with every grant all of them are.
const rowOf = (entry: PoolEntry): Row => [
  entry.next?.weight ?? 0,
  entry.next?.count ?? 0,
  entry.runId,
  entry.epoch,
  entry.number,
  entry.granted,
  entry.released,
  entry.wanted,
  entry.seen,
  entry.priority,
  entry.deadline,
  entry.logicalDate,
  entry.since,
  entry.heardAt,
  entry.past === true ? 1 : 0,
];

const entryOf = (row: Row): PoolEntry => ({
  runId: row[2],
  epoch: row[3],
  number: row[4],
  granted: row[5],
  released: row[6],
  wanted: row[7],
  seen: row[8],
  next: row[1] === 0 ? null : { weight: row[0], count: row[1] },
  priority: row[9],
  deadline: row[10],
  logicalDate: row[11],
  since: row[12],
  heardAt: row[13],
  ...(row[14] === 1 ? { past: true } : {}),
});
