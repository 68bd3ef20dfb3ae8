/** What the DynamoDB adapters share: conditional writes, batched reads, pages, and the size of an item. */
import { setTimeout as wait } from "node:timers/promises";
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { FreshetError } from "../../core/errors.ts";
import { batchesOf, eachAtOnce, jittered } from "../batches.ts";
import type { ItemKey } from "./keys.ts";

/** An item is refused above this, names of attributes included. */
export const ITEM_BYTES_MAX = 400 * 1024;
/** Keys of one BatchGetItem; what they hold comes back in parts of 16 MB. */
const BATCH_KEYS_MAX = 100;
/** BatchGetItem calls on their way at once. */
const BATCHES_AT_ONCE = 4;
/** Calls in a row in which DynamoDB left every key unprocessed, before we give up. */
export const BATCH_TRIES_MAX = 8;
const BATCH_DELAY_MS = 25;
const BATCH_DELAY_MS_MAX = 1_000;

export interface Table {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** How to wait between tries, in milliseconds. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

type Scalar = string | number | Uint8Array;
export type Item = Readonly<Record<string, Scalar>>;
/** Members that are undefined are left out. */
export type NewItem = ItemKey & Readonly<Record<string, Scalar | undefined>>;

/** The item as it now is, or what was found instead (undefined: nothing) when the condition did not hold. */
export type Written = { readonly written: Item } | { readonly found: Item | undefined };

const MARSHALL = { removeUndefinedValues: true } as const;
const toItem = (attributes: Record<string, AttributeValue>): Item => unmarshall(attributes) as Item;

export async function getItem({ client, tableName }: Table, key: ItemKey): Promise<Item | undefined> {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: tableName, Key: marshall({ ...key }), ConsistentRead: true }),
  );
  return Item === undefined ? undefined : toItem(Item);
}

export interface Condition {
  readonly condition: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, Scalar>>;
}

/** `subject` names the record in the message when it is too large. */
export async function putIf(
  { client, tableName }: Table,
  item: NewItem,
  subject: string,
  { condition, names, values }: Condition,
): Promise<Written> {
  refuseTooLarge(item, ITEM_BYTES_MAX, subject);
  const attributes = marshall(item, MARSHALL);
  const command = new PutItemCommand({
    TableName: tableName,
    Item: attributes,
    ConditionExpression: condition,
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  return orFound(async () => {
    await client.send(command);
    return item as Item;
  });
}

/**
 * As `putIf`, together with a second item that nobody else writes: both or neither. The SDK gives each
 * call a token, by which DynamoDB knows its retries. `busy`: another transaction had hold of an item; nothing was written.
 */
export async function putBothIf(
  { client, tableName }: Table,
  items: readonly [item: NewItem, beside: NewItem],
  subject: string,
  { condition, names, values }: Condition,
): Promise<Written | "busy"> {
  for (const item of items) refuseTooLarge(item, ITEM_BYTES_MAX, subject);
  const [item, beside] = items.map((each) => marshall(each, MARSHALL)) as [
    Record<string, AttributeValue>,
    Record<string, AttributeValue>,
  ];
  const conditional = {
    TableName: tableName,
    Item: item,
    ConditionExpression: condition,
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
  const command = new TransactWriteItemsCommand({
    TransactItems: [{ Put: conditional }, { Put: { TableName: tableName, Item: beside } }],
  });
  try {
    await client.send(command);
    return { written: items[0] as Item };
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    const reasons = error.CancellationReasons ?? [];
    const [refused] = reasons;
    if (refused?.Code === "ConditionalCheckFailed") {
      return { found: refused.Item === undefined ? undefined : toItem(refused.Item) };
    }
    if (reasons.some(({ Code }) => Code === "TransactionConflict")) return "busy";
    const codes = reasons.map(({ Code }) => Code).join(", ");
    throw new FreshetError("UNAVAILABLE", `the transaction on ${subject} was cancelled (${codes}); try again later`, {
      cause: error,
    });
  }
}

export async function updateIf(
  { client, tableName }: Table,
  key: ItemKey,
  { update, condition, names, values }: Condition & { readonly update: string },
): Promise<Written> {
  const command = new UpdateItemCommand({
    TableName: tableName,
    Key: marshall({ ...key }),
    UpdateExpression: update,
    ConditionExpression: condition,
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: marshall(values) }),
    ReturnValues: "ALL_NEW",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  return orFound(async () => toItem((await client.send(command)).Attributes ?? {}));
}

/** Translates one exception: the condition did not hold. Throttles and faults are the SDK's to retry, then the caller's. */
async function orFound(write: () => Promise<Item>): Promise<Written> {
  try {
    return { written: await write() };
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    return { found: error.Item === undefined ? undefined : toItem(error.Item) };
  }
}

export const keyText = ({ pk, sk }: ItemKey): string => `${pk}|${sk}`;

/** The items under the keys as they are now, by `keyText`; absent ones are not in it. */
export async function readItems(table: Table, keys: readonly ItemKey[]): Promise<ReadonlyMap<string, Item>> {
  const distinct = [...new Map(keys.map((key) => [keyText(key), key])).values()];
  const found = new Map<string, Item>();
  const batches = batchesOf(distinct, { count: BATCH_KEYS_MAX, bytes: Number.POSITIVE_INFINITY }, () => 0);
  await eachAtOnce(BATCHES_AT_ONCE, batches, async (batch) => {
    for (const item of await readBatch(table, batch)) found.set(keyText(item), item);
  });
  return found;
}

async function readBatch(table: Table, keys: readonly ItemKey[]): Promise<(Item & ItemKey)[]> {
  const { client, tableName, pause = wait } = table;
  const items: (Item & ItemKey)[] = [];
  let pending = keys.map((key) => marshall({ ...key }));
  for (let tries = 1; pending.length > 0;) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: pending, ConsistentRead: true } } }),
    );
    for (const attributes of Responses?.[tableName] ?? []) items.push(toItem(attributes) as Item & ItemKey);
    const left = UnprocessedKeys?.[tableName]?.Keys ?? [];
    if (left.length === pending.length) {
      if (tries >= BATCH_TRIES_MAX) throw unprocessed(tableName, left.length);
      await pause(jittered(BATCH_DELAY_MS, tries, BATCH_DELAY_MS_MAX));
      tries += 1;
    } else tries = 1;
    pending = left;
  }
  return items;
}

function unprocessed(tableName: string, count: number): FreshetError {
  return new FreshetError(
    "UNAVAILABLE",
    `table '${tableName}' left ${count} keys unread in ${BATCH_TRIES_MAX} tries: it is throttled; try again later`,
  );
}

export type Query = Omit<QueryCommandInput, "TableName" | "ExpressionAttributeValues" | "ExclusiveStartKey"> & {
  readonly values: Readonly<Record<string, Scalar>>;
};

/** The pages of a query; `more` tells whether another follows, and at which key this one ended. */
export async function* queryPages(
  { client, tableName }: Table,
  { values, ...query }: Query,
): AsyncGenerator<{ readonly items: readonly Item[]; readonly more: Item | undefined }> {
  let from: Record<string, AttributeValue> | undefined;
  do {
    const { Items, LastEvaluatedKey } = await client.send(
      new QueryCommand({
        ...query,
        TableName: tableName,
        ExpressionAttributeValues: marshall(values),
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      }),
    );
    from = LastEvaluatedKey;
    yield { items: (Items ?? []).map(toItem), more: from === undefined ? undefined : toItem(from) };
  } while (from !== undefined);
}

/** An upper bound of what DynamoDB counts: the UTF-8 of names and values; a number takes 21 bytes at the most. */
export function itemBytes(item: Readonly<Record<string, Scalar | undefined>>): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) {
    if (value === undefined) continue;
    bytes += Buffer.byteLength(name);
    if (typeof value === "number") bytes += 21;
    else bytes += typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
  }
  return bytes;
}

export function refuseTooLarge(
  item: Readonly<Record<string, Scalar | undefined>>,
  bytesMax: number,
  subject: string,
): void {
  const bytes = itemBytes(item);
  if (bytes <= bytesMax) return;
  throw new FreshetError(
    "RECORD_TOO_LARGE",
    `${subject} has ${bytes} bytes; at most ${bytesMax} fit: put large params, outputs and error texts into storage and ` +
      "pass their keys, or split the pipeline",
  );
}
