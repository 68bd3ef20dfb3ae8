/** Runs by time: merged from the index of one DAG, or from the shards of the index of all runs. */
import type { RunId } from "../../core/ids.ts";
import type { Run } from "../../core/run.ts";
import { RUN_PAGE_MAX, type RunPage, type RunQuery } from "../../ports/run-store.ts";
import { keyText, queryPages, readItems, type Item, type Query, type Table } from "./dynamo.ts";
import { runIdOf, runKey, shardOf } from "./keys.ts";
import { LISTING, LISTING_SHARDS, RUNS_OF_DAG } from "./tables.ts";

/**
 * Index pages (of up to 1 MB) that one listing reads of each part. A state that is rare among very many runs may so give a
 * short page, with the place to go on from.
 */
const LISTING_PAGES_MAX = 10;

const shardName = (shard: number): string => `runs#${shard}`;
export const listingShardOf = (id: RunId): string => shardName(shardOf(id, LISTING_SHARDS));

interface Entry {
  readonly order: string;
  readonly runId: RunId;
}

/** What was read of one part, newest first. `end`: nothing older than this was looked at; absent: there is nothing older. */
interface Part {
  readonly entries: readonly Entry[];
  readonly end?: string;
}

export function createRunListing(table: Table, decode: (item: Item) => Run): (query: RunQuery) => Promise<RunPage> {
  return async (query) => {
    const limit = Math.min(query.limit, RUN_PAGE_MAX);
    const parts = await Promise.all(partsOf(query).map((part) => readPart(table, part, query, limit)));
    const { entries, next } = merged(parts, limit);
    const items = await readItems(
      table,
      entries.map((entry) => runKey(entry.runId)),
    );
    const runs: Run[] = [];
    for (const { runId } of entries) {
      const item = items.get(keyText(runKey(runId)));
      if (item === undefined) continue;
      const run = decode(item);
      // The index may be behind the record.
      if (query.state === undefined || run.state === query.state) runs.push(run);
    }
    return next === undefined ? { runs } : { runs, next };
  };
}

interface PartName {
  readonly index: typeof RUNS_OF_DAG | typeof LISTING;
  readonly value: string;
}

function partsOf({ dagId }: RunQuery): readonly PartName[] {
  if (dagId !== undefined) return [{ index: RUNS_OF_DAG, value: dagId }];
  return Array.from({ length: LISTING_SHARDS }, (_, shard) => ({ index: LISTING, value: shardName(shard) }));
}

async function readPart(table: Table, part: PartName, query: RunQuery, limit: number): Promise<Part> {
  const entries: Entry[] = [];
  let pages = 0;
  for await (const { items, more } of queryPages(table, partQuery(part, query, limit))) {
    for (const item of items) {
      entries.push({ order: String(item[part.index.sortKey]), runId: runIdOf(String(item["pk"])) });
    }
    pages += 1;
    if (more !== undefined && (entries.length >= limit || pages >= LISTING_PAGES_MAX)) {
      return { entries, end: String(more[part.index.sortKey]) };
    }
  }
  return { entries };
}

function partQuery({ index, value }: PartName, { state, after }: RunQuery, limit: number): Query {
  return {
    IndexName: index.indexName,
    KeyConditionExpression: after === undefined ? "#part = :part" : "#part = :part AND #order < :after",
    ExpressionAttributeNames: {
      "#part": index.partitionKey,
      ...(after === undefined ? {} : { "#order": index.sortKey }),
      ...(state === undefined ? {} : { "#state": "state" }),
    },
    values: {
      ":part": value,
      ...(after === undefined ? {} : { ":after": after }),
      ...(state === undefined ? {} : { ":state": state }),
    },
    ScanIndexForward: false,
    // With a filter the limit would count what is filtered out.
    ...(state === undefined ? { Limit: limit } : { FilterExpression: "#state = :state" }),
  };
}

/** The newest `limit` entries of all parts, as far as every part was read. */
function merged(parts: readonly Part[], limit: number): { readonly entries: readonly Entry[]; readonly next?: string } {
  const ends = parts.flatMap((part) => (part.end === undefined ? [] : [part.end]));
  const end = ends.toSorted(descending).at(0);
  const known = parts
    .flatMap((part) => part.entries)
    .filter((entry) => end === undefined || entry.order >= end)
    .toSorted((a, b) => descending(a.order, b.order));
  const entries = known.slice(0, limit);
  const next = known.length > limit ? entries.at(-1)?.order : end;
  return next === undefined ? { entries } : { entries, next };
}

const descending = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0);
