import { describe, expect, test } from "vitest";
import type { AttemptItem } from "../../shared/core/attempt.ts";
import { type AttemptKey, runId, taskId } from "../../shared/core/ids.ts";
import { hookTaskId } from "../../shared/core/manifest.ts";
import { plus } from "../../shared/core/time.ts";
import { ATTEMPT_READ_MAX, type AttemptStore } from "../../shared/ports/attempt-store.ts";
import { NOON, SECOND_MS, anAttemptKey } from "../builders/index.ts";
import { type Subject, atOnce } from "./subject.ts";

export interface AttemptStoreSubject extends Subject {
  readonly store: AttemptStore;
}

const KEY = anAttemptKey();
const LEASE = plus(NOON, 90 * SECOND_MS);
const RUNNING: AttemptItem = { status: "running", owner: "ann", startedAt: NOON, leaseUntil: LEASE };

/** The part of the contract of `AttemptStore` that reads many items. */
export function attemptStoreReads(subject: () => AttemptStoreSubject): void {
  const store = (): AttemptStore => subject().store;
  const claim = (owner = "ann", key: AttemptKey = KEY): Promise<"claimed" | AttemptItem> =>
    store().claim(key, { owner, at: NOON, leaseUntil: LEASE });

  describe("AttemptStore: read", () => {
    test("gives the items in the order of the keys, null where there is none", async () => {
      const [first, second, third] = [1, 2, 3].map((attempt) => anAttemptKey({ attempt })) as [
        AttemptKey,
        AttemptKey,
        AttemptKey,
      ];
      await claim("one", first);
      await claim("three", third);

      const items = await store().read([third, second, first]);

      expect(items).toEqual([{ ...RUNNING, owner: "three" }, null, { ...RUNNING, owner: "one" }]);
    });

    test("of no keys is nothing", async () => {
      expect(await store().read([])).toEqual([]);
    });

    test("gives an item as often as its key is there", async () => {
      await claim();

      expect(await store().read([KEY, KEY])).toEqual([RUNNING, RUNNING]);
    });

    test(`gives ${ATTEMPT_READ_MAX} items at once`, async () => {
      const keys = Array.from({ length: ATTEMPT_READ_MAX }, (_, n) => anAttemptKey({ attempt: n + 1 }));
      await atOnce(ATTEMPT_READ_MAX, (n) => claim(`owner-${n}`, keys[n]));

      const items = await store().read(keys);

      expect(items).toEqual(keys.map((_, n) => ({ ...RUNNING, owner: `owner-${n}` })));
    });

    test(`of more than ${ATTEMPT_READ_MAX} keys is a fault of the caller`, async () => {
      const keys = Array.from({ length: ATTEMPT_READ_MAX + 1 }, (_, n) => anAttemptKey({ attempt: n + 1 }));

      await expect(store().read(keys)).rejects.toThrow();
    });
  });

  describe("AttemptStore: list", () => {
    test("of a run without attempts is nothing", async () => {
      expect(await store().list(KEY.runId)).toEqual([]);
    });

    test("gives all attempts of the run by task, mapIndex and attempt, as numbers", async () => {
      const keys = [
        anAttemptKey({ taskId: taskId("a"), attempt: 10 }),
        anAttemptKey({ taskId: taskId("a"), attempt: 9 }),
        anAttemptKey({ taskId: taskId("a"), mapIndex: 10 }),
        anAttemptKey({ taskId: taskId("a"), mapIndex: 9, attempt: 2 }),
        anAttemptKey({ taskId: taskId("a"), mapIndex: 9 }),
        anAttemptKey({ taskId: taskId("a.b") }),
        anAttemptKey({ taskId: taskId("b") }),
        anAttemptKey({ taskId: hookTaskId(taskId("a"), "onRetry") }),
      ];
      for (const key of keys) await claim("ann", key);
      await claim("ann", anAttemptKey({ runId: runId("orders.run-10") }));
      await claim("ann", anAttemptKey({ runId: runId("orders.run") }));

      const listed = await store().list(KEY.runId);

      expect(listed.map(({ key }) => `${key.taskId} ${key.mapIndex} ${key.attempt}`)).toEqual([
        "a -1 9",
        "a -1 10",
        "a 9 1",
        "a 9 2",
        "a 10 1",
        "a$onRetry -1 1",
        "a.b -1 1",
        "b -1 1",
      ]);
      expect(listed[0]).toEqual({ key: keys[1], item: RUNNING });
    });

    test("gives the attempts of one task of the run, when asked, and of none whose name begins alike", async () => {
      const wanted = anAttemptKey({ attempt: 2 });
      for (const key of [
        wanted,
        KEY,
        anAttemptKey({ taskId: taskId("extract-2") }),
        anAttemptKey({ taskId: taskId("extract.x") }),
      ]) {
        await claim("ann", key);
      }

      const listed = await store().list(KEY.runId, KEY.taskId);

      expect(listed.map(({ key }) => key)).toEqual([KEY, wanted]);
    });

    test("gives all of many", async () => {
      await atOnce(300, (n) => claim("ann", anAttemptKey({ attempt: n + 1 })));

      expect(await store().list(KEY.runId)).toHaveLength(300);
    });
  });
}
