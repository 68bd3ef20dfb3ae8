import { describe, expect, test } from "vitest";
import { HOUR_MS, NOON, aRun, aVersionHash } from "../../../../test/builders/index.ts";
import { packExpansions, packHead, unpackExpansions, unpackHead } from "./head-codec.ts";
import { backfillId, dagId, poolId, runId, taskId, triggerId } from "../../ids.ts";
import { chunkRunId } from "../../run-id.ts";
import type { ChunkHand, ChunkState, Expansion, Run } from "../../run.ts";
import { plus } from "../../time.ts";

type Head = Omit<Run, "tasks">;

const headOf = (overrides: Partial<Run>): Head => {
  const { tasks: _tasks, ...head } = aRun(overrides);
  return head;
};
/** As it comes back from the store, which keeps JSON. */
const stored = (overrides: Partial<Run>): Head =>
  unpackHead(JSON.parse(JSON.stringify(packHead(headOf(overrides)))) as Readonly<Record<string, unknown>>);

const CAUSE = { code: "cleared", text: "cleared by ann" } as const;
const HAND: ChunkHand = { number: 3, to: "none", indexes: [4, 5], cause: CAUSE };

describe("the head of a run", () => {
  test("that is like most is short", () => {
    const usual = headOf({
      epoch: 0,
      startedAt: plus(NOON, 250),
      transitions: 7,
      effectsRecorded: 1,
      state: "running",
    });

    expect(packHead(usual)).toEqual({
      q: NOON,
      s: 250,
      t: 7,
      e: 1,
      v: aVersionHash(),
      st: "running",
      rt: "manual",
      runId: "orders.run-1",
      schema: 1,
      origin: { kind: "manual", by: "tester", idempotencyKey: null },
    });
  });

  test("has equal texts where it is equal, in whatever order it was put together", () => {
    const { runId: id, ...rest } = headOf({ due: NOON });

    expect(JSON.stringify(packHead({ runId: id, ...rest }))).toBe(JSON.stringify(packHead({ ...rest, runId: id })));
  });

  test.each<[string, Partial<Run>]>([
    ["is like most", {}],
    ["has only just come into being", { epoch: 0, startedAt: null, transitions: 0 }],
    ["started the instant it was queued", { startedAt: NOON }],
    ["started long after", { startedAt: plus(NOON, HOUR_MS) }],
    [
      "is of a schedule",
      {
        runType: "scheduled",
        origin: { kind: "schedule" },
        logicalDate: plus(NOON, -HOUR_MS),
        dataInterval: { start: plus(NOON, -HOUR_MS), end: NOON },
        partial: true,
        previous: runId("orders.run-0"),
        past: { seen: [taskId("a")], since: NOON, due: plus(NOON, 5) },
      },
    ],
    [
      "is of arrivals",
      {
        origin: { kind: "arrival", triggerId: triggerId("files"), window: 4 },
        files: { blob: "files/4" },
        params: { day: "monday", nested: { of: [1, null] } },
      },
    ],
    [
      "has ended",
      {
        state: "failed",
        endedAt: plus(NOON, 9),
        degraded: true,
        cause: CAUSE,
        cancel: { by: "ann", reason: "", at: NOON },
        firstFailureAt: NOON,
        expanded: 2,
        due: plus(NOON, 99),
        refused: backfillId("b-1"),
        formerAttempts: { gone: 3 },
      },
    ],
    [
      "is paused, and tells others",
      {
        pauses: [{ taskId: null, by: "ann", reason: "why", at: NOON }],
        pausedMs: 5,
        effects: [
          {
            kind: "pool_final",
            pool: poolId("db"),
            number: 1,
            epoch: 1,
            since: NOON,
            sends: 0,
            due: plus(NOON, 1),
          },
        ],
        heldBy: { backfillId: backfillId("b-1"), epoch: 2, pool: poolId("db") },
        pools: [{ pool: poolId("db"), granted: 2, released: 1, told: null }],
      },
    ],
    ["is named after no DAG", { runId: runId("elsewhere.run-1"), dagId: dagId("orders") }],
    [
      "has deadlines",
      {
        deadlines: [
          { name: "by 07:00", at: plus(NOON, 5) },
          { name: "2h", at: plus(NOON, -5), missedAt: plus(NOON, 7) },
        ],
      },
    ],
  ])("that %s is the same after it has been stored", (_what, overrides) => {
    expect(stored(overrides)).toStrictEqual(headOf(overrides));
  });

  test("does not share what it says of nothing with other heads", () => {
    expect(stored({}).params).not.toBe(stored({}).params);
    expect(stored({}).pauses).not.toBe(stored({}).pauses);
  });
});

describe("the head of a chunk", () => {
  const parent = runId("orders.run-1");
  const origin = { kind: "chunk", parent, taskId: taskId("load"), number: 2, index: 3 } as const;
  const order = { number: 5, allowance: 7, stop: false, held: false, hands: [] };

  test("says in its id where it belongs", () => {
    const far = { ...origin, number: 12, index: 345 };
    const head = { runId: chunkRunId(parent, 2, 3), origin };

    expect(stored({ runId: chunkRunId(parent, 12, 345), origin: far }).origin).toEqual(far);

    expect(packHead(headOf(head))).toMatchObject({ origin: "load" });
    expect(stored(head)).toStrictEqual(headOf(head));
  });

  test("says so itself if its id does not", () => {
    const head = { runId: runId("orders.odd"), origin };

    expect(stored(head)).toStrictEqual(headOf(head));
  });

  test.each<[string, NonNullable<Run["chunk"]>]>([
    ["goes on", { order, hand: 0 }],
    ["is to stop", { order: { ...order, stop: true, allowance: null }, hand: 4 }],
    ["is held", { order: { ...order, held: true }, hand: 4, told: "0,1,2" }],
    ["is barred", { order: { ...order, bar: { to: "skipped", cause: CAUSE } }, hand: 0 }],
    ["is to end", { order: { ...order, end: { reason: "cancelled", cause: CAUSE } }, hand: 0, told: "" }],
  ])("that %s is the same after it has been stored", (_what, chunk) => {
    expect(stored({ chunk }).chunk).toStrictEqual(chunk);
  });

  test("keeps no hands that are done", () => {
    expect(stored({ chunk: { order: { ...order, hands: [HAND] }, hand: 3 } }).chunk?.order.hands).toEqual([]);
  });
});

describe("the instances of a map", () => {
  const expansion: Expansion = {
    slot: 1,
    number: 2,
    length: 30,
    first: 4,
    base: 5,
    attemptBase: 6,
    rows: 7,
    list: 8,
  };
  const chunk: ChunkState = {
    success: 1,
    skipped: 2,
    failed: 3,
    open: 4,
    attempt: 5,
    ordered: 6,
    allowance: 7,
    version: 8,
    heard: 9,
    retried: false,
    cut: false,
    ended: false,
    barred: false,
    failures: [],
  };
  const back = (given: Expansion): unknown => unpackExpansions(JSON.parse(JSON.stringify(packExpansions([given]))))[0];

  test.each<[string, Partial<Expansion>]>([
    ["are rows", {}],
    ["are rows, and a hook has heard of a retry", { retryTold: true }],
    ["are in no chunk yet", { chunks: [] }],
    ["are told to stop", { stop: true, held: true, bar: { to: "upstream_failed", cause: CAUSE } }],
    ["are told to end", { end: { reason: "cancelled", cause: CAUSE } }],
    ["are in chunks", { chunks: [chunk, { ...chunk, allowance: null, failures: ["[0] no disk"], hands: [HAND] }] }],
    ...(["retried", "cut", "ended", "barred"] as const).map((flag): [string, Partial<Expansion>] => [
      `are in a chunk that is ${flag}`,
      { chunks: [{ ...chunk, [flag]: true }] },
    ]),
  ])("that %s are the same after they have been stored", (_what, more) => {
    expect(back({ ...expansion, ...more })).toStrictEqual({ ...expansion, ...more });
  });
});
