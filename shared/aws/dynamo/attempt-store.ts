import type { AttemptItem, CloseReason, Outcome, StoredAttempt } from "../../core/attempt.ts";
import { attemptKeyText, type AttemptKey, type RunId, type TaskId } from "../../core/ids.ts";
import { instant, type Instant } from "../../core/time.ts";
import { ATTEMPT_READ_MAX, type AttemptStore } from "../../ports/attempt-store.ts";
import {
  ITEM_BYTES_MAX,
  keyText,
  putIf,
  queryPages,
  readItems,
  refuseTooLarge,
  updateIf,
  type Item,
  type Table,
} from "./dynamo.ts";
import { attemptItemKey, attemptKeyOf, attemptPartition, expiresAt } from "./keys.ts";
import { damaged, jsonOf, textOf } from "./records.ts";
import { ATTEMPT_RETENTION_MS, ATTEMPT_SHARDS, EXPIRES } from "./tables.ts";

interface Settings {
  readonly table: Table;
  /** How long an item is kept after its last change. */
  readonly retentionMs: number;
}

/** Attempts in a table of their own, spread by hash: claim, heartbeat, finish and close are one conditional write each. */
export function createAttemptStore(
  table: Table,
  { retentionMs = ATTEMPT_RETENTION_MS }: { readonly retentionMs?: number } = {},
): AttemptStore {
  const settings = { table, retentionMs };
  return {
    claim: (key, claim) => claimAttempt(settings, key, claim),
    heartbeat: (key, owner, leaseUntil, startedAt) => renewLease(table, key, { owner, leaseUntil, startedAt }),
    finish: (key, owner, outcome, at) => finishAttempt(settings, key, { owner, outcome, at }),
    close: (key, close) => closeAttempt(settings, key, close),
    async read(keys) {
      if (keys.length > ATTEMPT_READ_MAX) {
        throw new RangeError(`${keys.length} attempts were to be read at once; at most ${ATTEMPT_READ_MAX} can be`);
      }
      const items = await readItems(table, keys.map(attemptItemKey));
      return keys.map((key) => {
        const item = items.get(keyText(attemptItemKey(key)));
        return item === undefined ? null : decode(item);
      });
    },
    list: (runId, taskId) => listAttempts(table, runId, taskId),
  };
}

const NAMES = {
  pk: { "#pk": "pk" },
  running: { "#status": "status", "#owner": "owner" },
  lease: { "#lease": "leaseUntil" },
  ended: { "#endedAt": "endedAt", "#expires": EXPIRES },
} as const;

async function claimAttempt(
  { table, retentionMs }: Settings,
  key: AttemptKey,
  { owner, at, leaseUntil }: { readonly owner: string; readonly at: Instant; readonly leaseUntil: Instant },
): Promise<"claimed" | AttemptItem> {
  const result = await putIf(
    table,
    {
      ...attemptItemKey(key),
      status: "running",
      owner,
      startedAt: at,
      leaseUntil,
      [EXPIRES]: expiresAt(at, retentionMs),
    },
    subjectOf(key),
    { condition: "attribute_not_exists(#pk)", names: NAMES.pk },
  );
  if ("written" in result) return "claimed";
  const found = foundItem(result.found);
  return found.status === "running" && found.owner === owner ? "claimed" : found;
}

interface Renewal {
  readonly owner: string;
  readonly leaseUntil: Instant;
  readonly startedAt: Instant | undefined;
}

async function renewLease(
  table: Table,
  key: AttemptKey,
  { owner, leaseUntil, startedAt }: Renewal,
): Promise<"renewed" | "absent" | AttemptItem> {
  const start = startedAt !== undefined;
  const result = await updateIf(table, attemptItemKey(key), {
    update: `SET #lease = :lease${start ? ", #startedAt = :startedAt" : ""}`,
    condition: "#status = :running AND #owner = :owner",
    names: { ...NAMES.running, ...NAMES.lease, ...(start ? { "#startedAt": "startedAt" } : {}) },
    values: {
      ":running": "running",
      ":owner": owner,
      ":lease": leaseUntil,
      ...(start ? { ":startedAt": startedAt } : {}),
    },
  });
  if ("written" in result) return "renewed";
  return result.found === undefined ? "absent" : decode(result.found);
}

async function finishAttempt(
  { table, retentionMs }: Settings,
  key: AttemptKey,
  { owner, outcome, at }: { readonly owner: string; readonly outcome: Outcome; readonly at: Instant },
): Promise<"finished" | "absent" | AttemptItem> {
  const itemKey = attemptItemKey(key);
  const text = JSON.stringify(outcome);
  const expires = expiresAt(at, retentionMs);
  refuseTooLarge(
    { ...itemKey, status: "finished", owner, startedAt: at, endedAt: at, outcome: text, expires },
    ITEM_BYTES_MAX,
    `the outcome of ${subjectOf(key)}`,
  );
  const result = await updateIf(table, itemKey, {
    update: "SET #status = :finished, #outcome = :outcome, #endedAt = :at, #expires = :expires REMOVE #lease",
    condition: "#status = :running AND #owner = :owner",
    names: { ...NAMES.running, ...NAMES.lease, ...NAMES.ended, "#outcome": "outcome" },
    values: {
      ":running": "running",
      ":finished": "finished",
      ":owner": owner,
      ":outcome": text,
      ":at": at,
      ":expires": expires,
    },
  });
  if ("written" in result) return "finished";
  if (result.found === undefined) return "absent";
  const found = decode(result.found);
  return found.status === "finished" && found.owner === owner ? "finished" : found;
}

/** One write for both cases: what is closed and has no owner was never claimed, which is `revoked`. */
async function closeAttempt(
  { table, retentionMs }: Settings,
  key: AttemptKey,
  { reason, at, lease }: { readonly reason: CloseReason; readonly at: Instant; readonly lease?: Instant },
): Promise<AttemptItem> {
  const sameLease = lease === undefined ? "" : " AND #lease = :lease";
  const result = await updateIf(table, attemptItemKey(key), {
    update: "SET #status = :closed, #reason = :reason, #endedAt = :at, #expires = :expires REMOVE #lease",
    condition: `attribute_not_exists(#pk) OR (#status = :running${sameLease})`,
    names: { ...NAMES.pk, ...NAMES.lease, ...NAMES.ended, "#status": "status", "#reason": "reason" },
    values: {
      ":running": "running",
      ":closed": "closed",
      ":reason": reason,
      ":at": at,
      ":expires": expiresAt(at, retentionMs),
      ...(lease === undefined ? {} : { ":lease": lease }),
    },
  });
  return "written" in result ? decode(result.written) : foundItem(result.found);
}

/** All partitions of the run, read consistently: people look right after something ended. */
async function listAttempts(table: Table, runId: RunId, taskId?: TaskId): Promise<readonly StoredAttempt[]> {
  const shards = Array.from({ length: ATTEMPT_SHARDS }, async (_, shard) => {
    const attempts: StoredAttempt[] = [];
    const pages = queryPages(table, {
      KeyConditionExpression: taskId === undefined ? "#pk = :pk" : "#pk = :pk AND begins_with(#sk, :task)",
      ExpressionAttributeNames: { "#pk": "pk", ...(taskId === undefined ? {} : { "#sk": "sk" }) },
      values: { ":pk": attemptPartition(runId, shard), ...(taskId === undefined ? {} : { ":task": `${taskId}#` }) },
      ConsistentRead: true,
    });
    for await (const { items } of pages) {
      for (const item of items) attempts.push({ key: attemptKeyOf(runId, String(item["sk"])), item: decode(item) });
    }
    return attempts;
  });
  return (await Promise.all(shards)).flat().toSorted(byTaskAndAttempt);
}

function byTaskAndAttempt({ key: a }: StoredAttempt, { key: b }: StoredAttempt): number {
  if (a.taskId !== b.taskId) return a.taskId < b.taskId ? -1 : 1;
  return a.mapIndex - b.mapIndex || a.attempt - b.attempt;
}

function decode(item: Item): AttemptItem {
  const status = textOf(item, "status");
  if (status === "running") return { status, ...claimOf(item), leaseUntil: timeOf(item, "leaseUntil") };
  const endedAt = timeOf(item, "endedAt");
  if (status === "finished") return { status, ...claimOf(item), endedAt, outcome: jsonOf(item, "outcome") as Outcome };
  if (status !== "closed") throw damaged(item, `has status '${status}'`);
  const reason = textOf(item, "reason") as CloseReason;
  if (item["owner"] === undefined) return { status: "revoked", endedAt, reason };
  return { status, ...claimOf(item), endedAt, reason };
}

const claimOf = (item: Item) => ({ owner: textOf(item, "owner"), startedAt: timeOf(item, "startedAt") });

function timeOf(item: Item, name: string): Instant {
  const value = item[name];
  if (typeof value === "number") return instant(value);
  throw damaged(item, `has no time '${name}'`);
}

function foundItem(found: Item | undefined): AttemptItem {
  if (found !== undefined) return decode(found);
  throw new TypeError("DynamoDB refused a write that an absent item allows, and showed nothing in its place");
}

const subjectOf = (key: AttemptKey): string => `attempt ${attemptKeyText(key)}`;
