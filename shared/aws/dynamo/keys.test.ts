import fc from "fast-check";
import { expect, test } from "vitest";
import { NOON, anAttemptKey } from "../../../test/builders/index.ts";
import { UNMAPPED, attemptKeyText, runId, taskId, type AttemptKey } from "../../core/ids.ts";
import { attemptItemKey, attemptKeyOf, dueRecord, expiresAt, runKey, shardOf, timeOrder } from "./keys.ts";
import { ATTEMPT_SHARDS } from "./tables.ts";

const anyKey = (): fc.Arbitrary<AttemptKey> =>
  fc.record({
    runId: fc.constantFrom("orders.a", "orders.b").map(runId),
    taskId: fc.constantFrom("a", "a-1", "a.b", "ab").map(taskId),
    mapIndex: fc.integer({ min: UNMAPPED, max: 11 }),
    attempt: fc.integer({ min: 1, max: 11 }),
  });

test("different attempts have different keys, and equal ones the same", () => {
  fc.assert(
    fc.property(anyKey(), anyKey(), (a, b) => {
      const [one, other] = [attemptItemKey(a), attemptItemKey(b)].map((key) => JSON.stringify(key));
      expect(one === other).toBe(attemptKeyText(a) === attemptKeyText(b));
    }),
  );
});

test("an attempt's key is read back from its item", () => {
  fc.assert(
    fc.property(anyKey(), (key) => {
      expect(attemptKeyOf(key.runId, attemptItemKey(key).sk)).toEqual(key);
    }),
  );
});

test("all attempts of a task instance lie in one partition", () => {
  const partitions = [1, 2, 3, 40].map((attempt) => attemptItemKey(anAttemptKey({ attempt })).pk);

  expect(new Set(partitions).size).toBe(1);
});

test.each([
  ["10,000 instances of one task", (n: number) => anAttemptKey({ mapIndex: n })],
  ["10,000 tasks", (n: number) => anAttemptKey({ taskId: taskId(`task-${n}`) })],
])("%s spread evenly over all partitions of the run", (_, keyOf) => {
  const counts = new Map<string, number>();
  for (let n = 0; n < 10_000; n++) {
    const { pk } = attemptItemKey(keyOf(n));
    counts.set(pk, (counts.get(pk) ?? 0) + 1);
  }

  const even = 10_000 / ATTEMPT_SHARDS;
  expect(counts.size).toBe(ATTEMPT_SHARDS);
  for (const count of counts.values()) expect(Math.abs(count - even)).toBeLessThan(even * 0.2);
});

test("keys stay as they are: what is stored is found by them", () => {
  expect(attemptItemKey(anAttemptKey())).toEqual({ pk: "orders.run-1#3", sk: "extract#-#1" });
  expect(attemptItemKey(anAttemptKey({ mapIndex: 7, attempt: 3 }))).toEqual({
    pk: "orders.run-1#d",
    sk: "extract#7#3",
  });
  expect(runKey(runId("orders.run-1"))).toEqual({ pk: "RUN#orders.run-1", sk: "RUN" });
  expect(["", "orders.run-1", "naïve 日本"].map((text) => shardOf(text, 8))).toEqual([1, 2, 0]);
});

test("an index entry tells whose record it is", () => {
  expect(dueRecord("RUN#orders.run-1", NOON)).toEqual({ kind: "run", id: "orders.run-1", due: NOON });
  expect(dueRecord("DAG#orders", NOON)).toEqual({ kind: "dag", id: "orders", due: NOON });
});

test("times sort as text", () => {
  expect(timeOrder(NOON, "a")).toBe("2026-03-02T12:00:00.000Z#a");
});

test("an item expires in whole seconds, not before its time", () => {
  expect(expiresAt(NOON, 1_500)).toBe(NOON / 1000 + 2);
});
