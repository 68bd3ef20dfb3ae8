/** What lies in the tables beside what the ports show: expiry, damage, records of a newer Freshet. */
import { GetItemCommand, ScanCommand, UpdateItemCommand, type AttributeValue } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshTable, type FreshTable } from "../../../scripts/emulators/resources.ts";
import { createAttemptStore } from "../../../shared/aws/dynamo/attempt-store.ts";
import { createDagStore } from "../../../shared/aws/dynamo/dag-store.ts";
import { createInbox } from "../../../shared/aws/dynamo/inbox.ts";
import { attemptItemKey, dagKey, runKey, versionKey, type ItemKey } from "../../../shared/aws/dynamo/keys.ts";
import { createRunStore } from "../../../shared/aws/dynamo/run-store.ts";
import {
  ATTEMPTS_TABLE,
  ATTEMPT_RETENTION_MS,
  ENGINE_TABLE,
  EXPIRES,
  INBOX_RETENTION_MS,
} from "../../../shared/aws/dynamo/tables.ts";
import type { Outcome } from "../../../shared/core/attempt.ts";
import { commitId, dagId, runId } from "../../../shared/core/ids.ts";
import { plus } from "../../../shared/core/time.ts";
import {
  DAY_MS,
  NOON,
  aDagRecord,
  aDagVersion,
  aRun,
  aSuccess,
  aVersionHash,
  anArrival,
  anAttemptKey,
} from "../../builders/index.ts";
import { dynamoClients, hasDynamo, noBlobs } from "./subjects.ts";

const KEY = anAttemptKey();
const CLAIM = { owner: "ann", at: NOON, leaseUntil: plus(NOON, 90_000) };
const RUN = aRun();

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();
  let engine: FreshTable;
  let attempts: FreshTable;
  beforeEach(async () => {
    engine = await freshTable(dynamo, ENGINE_TABLE);
    attempts = await freshTable(dynamo, ATTEMPTS_TABLE);
  });
  afterEach(async () => {
    await engine.close();
    await attempts.close();
  });

  const keyOf = ({ pk, sk }: ItemKey) => ({ pk: { S: pk }, sk: { S: sk } });
  async function itemAt(table: FreshTable, key: ItemKey): Promise<Record<string, AttributeValue>> {
    const { Item } = await dynamo.send(new GetItemCommand({ TableName: table.tableName, Key: keyOf(key) }));
    return Item ?? {};
  }
  const setAttribute = (table: FreshTable, key: ItemKey, name: string, value: AttributeValue) =>
    dynamo.send(
      new UpdateItemCommand({
        TableName: table.tableName,
        Key: keyOf(key),
        UpdateExpression: "SET #name = :value",
        ExpressionAttributeNames: { "#name": name },
        ExpressionAttributeValues: { ":value": value },
      }),
    );
  const seconds = (ms: number): AttributeValue => ({ N: String(ms / 1000) });

  describe("an attempt", () => {
    test("is kept for its retention after it was claimed, and after it ended", async () => {
      const store = createAttemptStore(attempts);
      await store.claim(KEY, CLAIM);
      expect((await itemAt(attempts, attemptItemKey(KEY)))[EXPIRES]).toEqual(seconds(NOON + ATTEMPT_RETENTION_MS));

      await store.finish(KEY, "ann", aSuccess(), plus(NOON, DAY_MS));

      const expires = seconds(NOON + DAY_MS + ATTEMPT_RETENTION_MS);
      expect((await itemAt(attempts, attemptItemKey(KEY)))[EXPIRES]).toEqual(expires);
    });

    test("that was revoked is kept as long as its table is told to keep", async () => {
      await createAttemptStore(attempts, { retentionMs: DAY_MS }).close(KEY, { reason: "cancelled", at: NOON });

      expect((await itemAt(attempts, attemptItemKey(KEY)))[EXPIRES]).toEqual(seconds(NOON + DAY_MS));
    });

    test("with an outcome that no item holds is refused with its size and the limit, and still runs", async () => {
      const store = createAttemptStore(attempts);
      await store.claim(KEY, CLAIM);
      const outcome: Outcome = aSuccess("x".repeat(500 * 1024));

      await expect(store.finish(KEY, "ann", outcome, NOON)).rejects.toMatchObject({
        code: "RECORD_TOO_LARGE",
        message: expect.stringMatching(/orders\.run-1#extract#-#1 has \d+ bytes; at most 409600/) as string,
      });
      expect(await store.read([KEY])).toMatchObject([{ status: "running" }]);
    });

    test.each([
      ["a status of its own", "status", { S: "paused" }],
      ["an outcome that is no JSON", "outcome", { S: "{" }],
      ["no number for a time", "endedAt", { S: "noon" }],
    ])("with %s is damaged, and the message names the item", async (_, name, value) => {
      const store = createAttemptStore(attempts);
      await store.claim(KEY, CLAIM);
      await store.finish(KEY, "ann", aSuccess(), NOON);
      await setAttribute(attempts, attemptItemKey(KEY), name, value);

      await expect(store.read([KEY])).rejects.toMatchObject({
        code: "RECORD_DAMAGED",
        message: expect.stringContaining("extract#-#1") as string,
      });
    });
  });

  describe("an arrival", () => {
    test("that waits never expires; one that was taken does, long after every queue has forgotten it", async () => {
      const inbox = createInbox(engine);
      await inbox.put(anArrival());
      expect((await onlyArrival())[EXPIRES]).toBeUndefined();

      await inbox.take([anArrival()], runId("orders.files-1"));

      expect((await onlyArrival())[EXPIRES]).toEqual(seconds(NOON + INBOX_RETENTION_MS));
    });

    async function onlyArrival(): Promise<Record<string, AttributeValue>> {
      const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: engine.tableName }));
      expect(Items).toHaveLength(1);
      return Items[0] ?? {};
    }
  });

  describe("a run", () => {
    test("of a newer schema is refused, and never written over", async () => {
      const store = createRunStore(engine);
      await store.create(RUN, commitId("c1"));
      const head = JSON.parse((await itemAt(engine, runKey(RUN.runId)))["head"]?.S ?? "{}") as object;
      await setAttribute(engine, runKey(RUN.runId), "head", { S: JSON.stringify({ ...head, schema: 99 }) });

      await expect(store.load(RUN.runId)).rejects.toMatchObject({ code: "RECORD_NEWER" });
      await expect(store.create(RUN, commitId("c2"))).rejects.toMatchObject({ code: "RECORD_NEWER" });
    });

    test.each([
      ["a head that is no JSON", "head", { S: "{" }],
      ["a head that is no text", "head", { N: "1" }],
      ["no packed tasks", "tasks", { S: "x" }],
    ])("with %s is damaged, and the message names the item", async (_, name, value) => {
      const store = createRunStore(engine);
      await store.create(RUN, commitId("c1"));
      await setAttribute(engine, runKey(RUN.runId), name, value);

      await expect(store.load(RUN.runId)).rejects.toMatchObject({
        code: "RECORD_DAMAGED",
        message: expect.stringContaining("RUN#orders.run-1") as string,
      });
    });
  });

  describe("a DAG", () => {
    test("of a newer schema is refused", async () => {
      const store = createDagStore(engine, noBlobs);
      await store.create(aDagRecord(), commitId("c1"));
      const newer = JSON.stringify({ ...aDagRecord(), schema: 99 });
      await setAttribute(engine, dagKey(dagId("orders")), "head", { S: newer });

      await expect(store.load(dagId("orders"))).rejects.toMatchObject({ code: "RECORD_NEWER" });
    });

    test("whose manifest should be a blob and is not says which, and what to do", async () => {
      const store = createDagStore(engine, noBlobs);
      await store.putVersion(aDagVersion());
      await setAttribute(engine, versionKey(aVersionHash()), "blob", { S: "manifests/a.json" });

      await expect(store.loadVersion(aVersionHash())).rejects.toMatchObject({
        code: "VERSION_NOT_FOUND",
        message: expect.stringMatching(/manifests\/a\.json.*deploy/) as string,
      });
    });
  });
});
