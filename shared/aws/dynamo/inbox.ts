import { createHash, randomBytes } from "node:crypto";
import type { ArrivedObject } from "../../core/attempt.ts";
import type { Arrival } from "../../core/dag/record.ts";
import type { RunId } from "../../core/ids.ts";
import { instant } from "../../core/time.ts";
import type { Inbox, InboxName } from "../../ports/inbox.ts";
import { eachAtOnce } from "../batches.ts";
import { putIf, queryPages, updateIf, type Item, type Query, type Table } from "./dynamo.ts";
import { expiresAt, timeOrder, type ItemKey } from "./keys.ts";
import { jsonOf } from "./records.ts";
import { EXPIRES, INBOX_RETENTION_MS, INBOX_SHARDS, WAITING } from "./tables.ts";

/** Arrivals of one `take` that are marked at once. */
const TAKEN_AT_ONCE = 16;

/**
 * Arrivals in the engine table, one item each. While it waits an item stands in a sparse local index, which is read
 * consistently; taking it removes it from there, and leaves the item to know later doubles by.
 */
export function createInbox(table: Table): Inbox {
  return {
    put: (arrival) => putArrival(table, arrival),

    async waiting(inbox, limit) {
      const shards = Array.from({ length: INBOX_SHARDS }, (_, shard) =>
        waitingIn(table, partitionOf(inbox, shard), limit),
      );
      const items = (await Promise.all(shards)).flat();
      return items
        .toSorted(byWaitingOrder)
        .slice(0, limit)
        .map((item) => decode(inbox, item));
    },

    async summary(inbox) {
      const shards = Array.from({ length: INBOX_SHARDS }, (_, shard) => summaryOf(table, partitionOf(inbox, shard)));
      const summaries = await Promise.all(shards);
      const newest = Math.max(...summaries.map((summary) => summary.newestAt));
      return {
        count: summaries.reduce((total, summary) => total + summary.count, 0),
        newestAt: newest === Number.NEGATIVE_INFINITY ? null : instant(newest),
      };
    },

    take: (arrivals, runId) => eachAtOnce(TAKEN_AT_ONCE, arrivals, (arrival) => takeArrival(table, arrival, runId)),
  };
}

const partitionOf = ({ dagId, triggerId }: InboxName, shard: number): string => `INBOX#${dagId}#${triggerId}#${shard}`;

/** Object keys are longer than a sort key may be, and hold any character: the hash of what names the arrival stands in. */
function arrivalKey(arrival: Arrival): ItemKey {
  const { bucket, key, version } = arrival.object;
  const hash = createHash("sha256")
    .update(JSON.stringify([bucket, key, version]))
    .digest();
  return { pk: partitionOf(arrival, (hash[0] ?? 0) % INBOX_SHARDS), sk: hash.toString("hex") };
}

async function putArrival(table: Table, arrival: Arrival): Promise<"new" | "known"> {
  const key = arrivalKey(arrival);
  const putId = randomBytes(8).toString("hex");
  const result = await putIf(
    table,
    {
      ...key,
      at: arrival.at,
      object: JSON.stringify(arrival.object),
      putId,
      [WAITING.sortKey]: timeOrder(arrival.at, key.sk),
    },
    `the arrival of '${arrival.object.key}'`,
    { condition: "attribute_not_exists(#pk)", names: { "#pk": "pk" } },
  );
  // The SDK sends a request again whose reply was lost, and then finds its own write in the way.
  return "written" in result || result.found?.["putId"] === putId ? "new" : "known";
}

const waitingQuery = (partition: string): Query => ({
  IndexName: WAITING.indexName,
  KeyConditionExpression: "#pk = :pk",
  ExpressionAttributeNames: { "#pk": WAITING.partitionKey },
  values: { ":pk": partition },
  ConsistentRead: true,
});

async function waitingIn(table: Table, partition: string, limit: number): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const { items } of queryPages(table, { ...waitingQuery(partition), Limit: limit })) {
    found.push(...items);
    if (found.length >= limit) break;
  }
  return found;
}

async function summaryOf(
  table: Table,
  partition: string,
): Promise<{ readonly count: number; readonly newestAt: number }> {
  const query: Query = {
    ...waitingQuery(partition),
    ProjectionExpression: "#at",
    ExpressionAttributeNames: { "#pk": WAITING.partitionKey, "#at": "at" },
  };
  let count = 0;
  let newestAt = Number.NEGATIVE_INFINITY;
  for await (const { items } of queryPages(table, query)) {
    count += items.length;
    newestAt = Math.max(newestAt, Number(items.at(-1)?.["at"] ?? newestAt));
  }
  return { count, newestAt };
}

async function takeArrival(table: Table, arrival: Arrival, runId: RunId): Promise<void> {
  // If the condition does not hold a run has it, this one or another: both are as they should be.
  await updateIf(table, arrivalKey(arrival), {
    update: "SET #takenBy = :run, #expires = :expires REMOVE #waiting",
    condition: "attribute_exists(#pk) AND attribute_not_exists(#takenBy)",
    names: { "#pk": "pk", "#takenBy": "takenBy", "#expires": EXPIRES, "#waiting": WAITING.sortKey },
    values: { ":run": runId, ":expires": expiresAt(arrival.at, INBOX_RETENTION_MS) },
  });
}

function decode({ dagId, triggerId }: InboxName, item: Item): Arrival {
  return { dagId, triggerId, at: instant(Number(item["at"])), object: jsonOf(item, "object") as ArrivedObject };
}

function byWaitingOrder(a: Item, b: Item): number {
  return String(a[WAITING.sortKey]) < String(b[WAITING.sortKey]) ? -1 : 1;
}
