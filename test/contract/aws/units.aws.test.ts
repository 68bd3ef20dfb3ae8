/** What the hot path writes, in write units: 1 KB of an item or an index entry each. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freshTable, type FreshTable } from "../../../scripts/emulators/resources.ts";
import { measureUnits, type Units } from "../../../scripts/emulators/capacity.ts";
import { createAttemptStore } from "../../../shared/aws/dynamo/attempt-store.ts";
import { createInbox } from "../../../shared/aws/dynamo/inbox.ts";
import { createRunStore } from "../../../shared/aws/dynamo/run-store.ts";
import { ATTEMPTS_TABLE, ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { OUTPUT_INLINE_BYTES_MAX } from "../../../shared/core/attempt.ts";
import { commitId, runId } from "../../../shared/core/ids.ts";
import type { Run } from "../../../shared/core/run.ts";
import { plus } from "../../../shared/core/time.ts";
import { NOON, aRun, aSuccess, aTaskTable, anArrival, anAttemptKey } from "../../builders/index.ts";
import { present } from "../subject.ts";
import { dynamoClients, hasDynamo } from "./subjects.ts";

const ID = runId("orders.scheduled-2026-03-02T12_00_00Z");
const KEY = anAttemptKey({ runId: ID });
const CLAIM = { owner: "0e8b3c6a-4c8e-4c57-9d9f-2f1f6a7b8c9d", at: NOON, leaseUntil: plus(NOON, 90_000) };

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();
  const units = measureUnits(dynamo);
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

  async function unitsOf(call: () => Promise<unknown>): Promise<Units> {
    units();
    await call();
    return units();
  }

  test("an attempt with the largest inline output takes one unit to claim, renew and finish each", async () => {
    const store = createAttemptStore(attempts);
    const output = aSuccess("x".repeat(OUTPUT_INLINE_BYTES_MAX - 2));

    expect(await unitsOf(() => store.claim(KEY, CLAIM))).toEqual({ table: 1, indexes: 0 });
    expect(await unitsOf(() => store.heartbeat(KEY, CLAIM.owner, plus(NOON, 180_000)))).toEqual({
      table: 1,
      indexes: 0,
    });
    expect(await unitsOf(() => store.finish(KEY, CLAIM.owner, output, plus(NOON, 1)))).toEqual({
      table: 1,
      indexes: 0,
    });
  });

  test("a close takes one unit, of a running attempt and of one that nobody claimed", async () => {
    const store = createAttemptStore(attempts);
    await store.claim(KEY, CLAIM);

    const close = { reason: "timeout", at: NOON } as const;
    expect(await unitsOf(() => store.close(KEY, close))).toEqual({ table: 1, indexes: 0 });
    expect(await unitsOf(() => store.close({ ...KEY, attempt: 2 }, close))).toEqual({ table: 1, indexes: 0 });
  });

  /** A run of 20 tasks, some of them done, in the middle of its life. */
  const inFlight = (done: number): Run =>
    aRun({
      runId: ID,
      runType: "scheduled",
      origin: { kind: "schedule" },
      logicalDate: NOON,
      dataInterval: { start: plus(NOON, -86_400_000), end: NOON },
      state: "running",
      startedAt: NOON,
      transitions: done * 2,
      tasks: aTaskTable(
        Array.from({ length: 20 }, (_, n) => {
          if (n < done) return { state: "success", attempt: 1 };
          const detail = { since: NOON, due: plus(NOON, 600_000), sends: 1, queuedAt: NOON };
          return n === done ? { state: "queued", attempt: 1, detail } : "none";
        }),
      ),
      due: plus(NOON, 600_000),
    });

  test("a commit in the middle of a run of 20 tasks takes one unit, and none for indexes", async () => {
    const store = createRunStore(engine);
    await store.create(inFlight(3), commitId("c1"));
    const read = present(await store.load(ID));

    expect(await unitsOf(() => store.commit(read, inFlight(4), commitId("c2")))).toEqual({ table: 1, indexes: 0 });
  });

  test("a run takes index writes only as it is put, starts and ends, and as its due time moves", async () => {
    const store = createRunStore(engine);
    const queued: Run = { ...inFlight(0), state: "queued", startedAt: null };
    const commit = async (next: Run, id: string): Promise<Units> => {
      const read = present(await store.load(ID));
      return unitsOf(() => store.commit(read, next, commitId(id)));
    };

    const put = await unitsOf(() => store.create(queued, commitId("c1")));
    const started = await commit(inFlight(0), "c2");
    const moved = await commit({ ...inFlight(1), due: plus(NOON, 1_000) }, "c3");
    const ended = await commit({ ...inFlight(20), state: "success", endedAt: plus(NOON, 9), due: null }, "c4");

    expect([put, started, moved, ended].map(({ indexes }) => indexes)).toEqual([4, 3, 2, 3]);
  });

  test("an arrival takes two units to put and two to take", async () => {
    const inbox = createInbox(engine);

    expect(await unitsOf(() => inbox.put(anArrival()))).toEqual({ table: 1, indexes: 1 });
    expect(await unitsOf(() => inbox.take([anArrival()], ID))).toEqual({ table: 1, indexes: 1 });
  });
});
