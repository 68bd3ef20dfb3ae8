import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aPool,
  aPoolEntry,
  aPoolId,
  aPoolRun,
  aRun,
  wanted,
} from "../../../test/builders/index.ts";
import { plus } from "../time.ts";
import { decodePool, encodePool } from "./codec.ts";
import { byRank, decidePool } from "./decide.ts";
import { explainWait } from "./explain.ts";
import type { PoolEntry } from "./record.ts";

const LATER = plus(NOON, 1);
const waiting = (name: string, overrides: Partial<PoolEntry> = {}): PoolEntry =>
  aPoolEntry({ runId: aPoolRun(name), granted: 0, seen: 0, next: { weight: 1, count: 1 }, since: NOON, ...overrides });

describe("of two runs that want slots comes first", () => {
  test.each<[string, Partial<PoolEntry>, Partial<PoolEntry>]>([
    ["what is live, whatever the priority of a backfill", { priority: 1 }, { priority: 9, past: true }],
    ["the higher priority", { priority: 2, deadline: null }, { priority: 1, deadline: NOON }],
    ["the earlier deadline", { deadline: NOON }, { deadline: LATER }],
    ["the one that has a deadline", { deadline: LATER }, { deadline: null, logicalDate: NOON }],
    ["the earlier date", { logicalDate: NOON }, { logicalDate: LATER }],
    ["the one that has a date", { logicalDate: LATER, since: LATER }, { logicalDate: null }],
    ["the one that has waited for longer", { since: NOON }, { since: LATER }],
    ["the one whose id does, of equals", {}, {}],
  ])("%s", (_what, first, second) => {
    const [a, b] = [waiting("a", first), waiting("b", second)];
    // Equal in all but their ids, the other way round.
    expect([byRank(a, b) < 0, byRank(b, a) > 0, byRank(a, a)]).toEqual([true, true, 0]);
  });
});

describe("a run of a backfill", () => {
  const pool = aPool({ slots: 1, entries: [waiting("live"), waiting("old", { past: true })] });

  test("is one after it has been stored", () => {
    expect(decodePool(encodePool(pool))).toStrictEqual(pool);
  });

  test("is told that what is live comes before it, and what is live hears of priorities", () => {
    const why = (name: string, entries: readonly PoolEntry[]) =>
      explainWait(
        aRun({ runId: aPoolRun(name), epoch: 0 }),
        { pool: aPoolId(), slots: 1 },
        aPool({ slots: 1, entries }),
      );

    expect(why("old", pool.entries)).toMatch(/behind orders\.live \(not a backfill's\)$/u);
    expect(why("b", [waiting("b"), waiting("a", { priority: 3 })])).toMatch(/behind orders\.a \(priority 3\)$/u);
  });
});

describe("people are told", () => {
  const why = (slots: number, entries: readonly PoolEntry[], need = 1): string =>
    explainWait(aRun({ runId: aPoolRun("m"), epoch: 0 }), { pool: aPoolId(), slots: need }, aPool({ slots, entries }));
  const holding = (name: string): PoolEntry => aPoolEntry({ runId: aPoolRun(name), priority: 99 });

  test("who comes before them, and not who has what he wants", () => {
    expect(why(1, [holding("h"), waiting("m")])).toMatch(/held by orders\.h \(1\); it is the next$/u);
  });

  test("three names, and how many more there are", () => {
    const ahead = ["a", "b", "c", "d"].map((name) => waiting(name, { priority: 2 }));

    expect(why(1, [...ahead.slice(0, 3), waiting("m")])).toMatch(
      /orders\.b \(priority 2\), orders\.c \(priority 2\)$/u,
    );
    expect(why(1, [...ahead, waiting("m")])).toMatch(/orders\.c \(priority 2\) and 1 more$/u);
  });

  test("that a pool is too narrow only if it is", () => {
    expect(why(2, [waiting("m", { next: { weight: 2, count: 1 } })], 2)).toMatch(/2 slots of .*it is the next$/u);
  });
});

describe("a pool", () => {
  test("is the same where nothing has changed", () => {
    const pool = aPool({ slots: 1, entries: [aPoolEntry()], due: plus(NOON, HOUR_MS) });

    expect(decidePool(pool, [{ type: "wake" }], NOON).pool).toBe(pool);
  });

  test("grants nothing where less is free than the first that wants it takes", () => {
    const entries = [aPoolEntry(), waiting("b", { next: { weight: 2, count: 1 }, wanted: 2 })];
    const pool = aPool({ slots: 2, entries, due: plus(NOON, MINUTE_MS) });

    expect(decidePool(pool, [{ type: "wake" }], plus(NOON, SECOND_MS))).toMatchObject({ commands: [], changed: false });
  });

  test("that grants a part of what is wanted knows what is left, and since when that waits", () => {
    const entries = [waiting("a", { next: { weight: 1, count: 3 }, wanted: 3 })];
    const [entry] = decidePool(aPool({ slots: 2, entries }), [{ type: "wake" }], plus(NOON, SECOND_MS)).pool.entries;

    expect(entry).toMatchObject({ granted: 2, wanted: 3, next: { weight: 1, count: 1 }, since: NOON });
  });

  test("knows nobody as waiting who wants nothing, nor since when", () => {
    const once = decidePool(aPool(), [wanted("a", { next: null, granted: 1 })], NOON).pool;
    const [first] = once.entries;
    const [then] = decidePool(once, [wanted("a", { number: 2, next: null, granted: 1, released: 1 })], LATER).pool
      .entries;

    expect([first?.since, then?.since]).toEqual([null, null]);
  });

  test("believes an old word about grants that it has forgotten", () => {
    const entries = [aPoolEntry({ number: 5, granted: 1, released: 0 })];
    const [entry] = decidePool(aPool({ entries }), [wanted("a", { number: 3, granted: 4, next: null })], NOON).pool
      .entries;

    expect(entry).toMatchObject({ number: 5, granted: 4, wanted: 4, seen: 4 });
  });

  test("takes over from a person once the source says the same", () => {
    const pool = aPool({ slots: 5, declared: 3, resized: { by: "ann", at: NOON } });
    const declared = decidePool(pool, [{ type: "declared", slots: 5 }], NOON);

    expect([declared.pool.declared, declared.pool.slots, declared.pool.resized]).toEqual([5, 5, null]);
    expect(decidePool(pool, [{ type: "resized", slots: 5, by: "bob" }], NOON).changed).toBe(false);
  });

  test("is not looked at later than it was to be, as long as that lies ahead", () => {
    const pool = aPool({ slots: 1, entries: [aPoolEntry()], due: plus(NOON, MINUTE_MS) });
    const due = (at: typeof NOON) => decidePool(pool, [{ type: "wake" }], at).pool.due;

    expect(due(NOON)).toBe(plus(NOON, MINUTE_MS));
    expect(due(plus(NOON, MINUTE_MS))).toBe(plus(NOON, HOUR_MS));
    expect(decidePool({ ...pool, entries: [] }, [{ type: "wake" }], NOON).pool.due).toBeNull();
  });
});
