/** Records with a version: runs and DAGs. */
import { FreshetError } from "../../core/errors.ts";
import type { CommitId } from "../../core/ids.ts";
import type { AuditEntry } from "../../core/operation.ts";
import { RECORD_BYTES_MAX, type CommitResult, type Stored } from "../../ports/stored.ts";
import { auditItem } from "./audit-log.ts";
import {
  getItem,
  keyText,
  putBothIf,
  putIf,
  queryPages,
  readItems,
  refuseTooLarge,
  type Item,
  type NewItem,
  type Table,
} from "./dynamo.ts";
import type { ItemKey } from "./keys.ts";
import { LISTING } from "./tables.ts";

/** How a record of one kind is stored. */
export interface RecordForm<T> {
  /** Names the record in messages. */
  readonly subject: (value: T) => string;
  /** The item without its version and commit id; the record itself is in `head` and `tasks`. */
  readonly encode: (value: T) => NewItem;
  /** Throws RECORD_NEWER and RECORD_DAMAGED. */
  readonly decode: (item: Item) => T;
}

export interface RecordStore<T> {
  readonly load: (key: ItemKey) => Promise<Stored<T> | undefined>;
  readonly create: (value: T, commitId: CommitId) => Promise<"created" | Stored<T>>;
  readonly commit: (read: Stored<T>, next: T, commitId: CommitId, audit?: AuditEntry) => Promise<CommitResult>;
}

export function createRecordStore<T>(table: Table, form: RecordForm<T>): RecordStore<T> {
  const stored = (item: Item): Stored<T> => ({ value: form.decode(item), version: Number(item["version"]) });
  const itemOf = (value: T, version: number, commitId: CommitId): NewItem => {
    const item = form.encode(value);
    refuseTooLarge({ head: item["head"], tasks: item["tasks"] }, RECORD_BYTES_MAX, form.subject(value));
    return { ...item, version, commitId };
  };
  return {
    async load(key) {
      const item = await getItem(table, key);
      return item === undefined ? undefined : stored(item);
    },

    async create(value, commitId) {
      const result = await putIf(table, itemOf(value, 1, commitId), form.subject(value), {
        condition: "attribute_not_exists(#pk)",
        names: { "#pk": "pk" },
      });
      if ("written" in result) return "created";
      const { found } = result;
      if (found === undefined) throw new TypeError("DynamoDB refused a put if absent and showed nothing in its place");
      return isOwn(found, 1, commitId) ? "created" : stored(found);
    },

    async commit(read, next, commitId, audit) {
      const version = read.version + 1;
      const item = itemOf(next, version, commitId);
      const unchanged = {
        condition: "#version = :read",
        names: { "#version": "version" },
        values: { ":read": read.version },
      };
      const subject = form.subject(next);
      const result =
        audit === undefined
          ? await putIf(table, item, subject, unchanged)
          : await putBothIf(table, [item, auditItem(item, version, audit)], subject, unchanged);
      if (result === "busy") return "stale";
      if ("written" in result) return "committed";
      if (result.found === undefined) return "missing";
      return isOwn(result.found, version, commitId) ? "committed" : "stale";
    },
  };
}

/** The SDK sends a request again whose reply was lost, and then finds its own write in the way. */
const isOwn = (found: Item, version: number, commitId: CommitId): boolean =>
  found["version"] === version && found["commitId"] === commitId;

/** The record in an item's `head`. Throws RECORD_NEWER and RECORD_DAMAGED. */
export function recordOf<T>(item: Item, decode: (text: string) => T): T {
  const head = textOf(item, "head");
  try {
    return decode(head);
  } catch (cause) {
    if (cause instanceof FreshetError) throw cause;
    throw damaged(item, "has a record that cannot be read", cause);
  }
}

/**
 * The records of one part of the listing, a page at a time, in the order of its sort key or from its end. One that the index
 * still shows and the table has no more is left out. Throws as `decode` does.
 */
export async function* listedRecords<T>(
  table: Table,
  part: string,
  decode: (item: Item) => T,
  { newestFirst = false } = {},
): AsyncGenerator<readonly T[]> {
  const pages = queryPages(table, {
    IndexName: LISTING.indexName,
    KeyConditionExpression: "#part = :part",
    ExpressionAttributeNames: { "#part": LISTING.partitionKey },
    values: { ":part": part },
    ScanIndexForward: !newestFirst,
  });
  for await (const { items } of pages) {
    const keys = items.map((item): ItemKey => ({ pk: String(item["pk"]), sk: String(item["sk"]) }));
    const read = await readItems(table, keys);
    yield keys.flatMap((key) => {
      const item = read.get(keyText(key));
      return item === undefined ? [] : [decode(item)];
    });
  }
}

/** All of them. */
export async function allRecords<T>(table: Table, part: string, decode: (item: Item) => T): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const records of listedRecords(table, part, decode)) all.push(...records);
  return all;
}

/** A text attribute that the item must have. */
export function textOf(item: Item, name: string): string {
  const value = item[name];
  if (typeof value === "string") return value;
  throw damaged(item, `has no text '${name}'`);
}

/** What the JSON in a text attribute says. */
export function jsonOf(item: Item, name: string): unknown {
  const text = textOf(item, name);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged(item, `has no JSON in '${name}'`, cause);
  }
}

export function damaged(item: Item, fault: string, cause?: unknown): FreshetError {
  return new FreshetError(
    "RECORD_DAMAGED",
    `item '${String(item["pk"])}' ('${String(item["sk"])}') ${fault}: something else wrote it; restore the table to a time before`,
    { cause },
  );
}
