import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, NOON, aPool, aPoolEntry, aPoolRun, wanted } from "../../../test/builders/index.ts";
import { plus, type Instant } from "../time.ts";
import { decidePool } from "./decide.ts";
import { POOL_RUNS_MAX, slotsUsed, type Pool, type PoolCommand, type PoolEvent, type Want } from "./record.ts";

const at = (ms: number): Instant => plus(NOON, ms);
const decided = (pool: Pool, ...events: readonly PoolEvent[]): Pool => decidePool(pool, events, NOON).pool;
const told = (pool: Pool, events: readonly PoolEvent[], now = NOON): readonly PoolCommand[] =>
  decidePool(pool, events, now).commands.filter(({ type }) => type === "tell_run");
/** What each run was granted so far, by the name it has here. */
const grants = (pool: Pool): Readonly<Record<string, number>> =>
  Object.fromEntries(pool.entries.map(({ runId, granted }) => [runId.slice("orders.".length), granted]));
const final = (name: string, epoch = 0): PoolEvent => ({ type: "final", runId: aPoolRun(name), epoch });
const wide = wanted("wide", { next: { weight: 4, count: 1 }, priority: 9 });
const some = (count: number, weight = 1) => ({ next: { weight, count } });

describe("grants", () => {
  test("what is wanted is granted, and the run is told", () => {
    const { pool, commands } = decidePool(aPool(), [wanted("a", some(3))], NOON);

    expect(grants(pool)).toEqual({ a: 3 });
    expect(commands[0]).toEqual({
      type: "tell_run",
      runId: aPoolRun("a"),
      epoch: 0,
      number: 1,
      granted: 3,
      confirm: false,
    });
  });

  test("as many whole instances as there are slots for", () => {
    expect(grants(decided(aPool({ slots: 8 }), wanted("a", some(5, 3))))).toEqual({ a: 6 });
  });

  test("what is given back goes to those who wait, in order", () => {
    const full = decided(aPool({ slots: 2 }), wanted("a", some(2)), wanted("b", some(1)), wanted("c", some(1)));

    const freed = decided(full, wanted("a", { number: 2, granted: 2, released: 1, next: null }));

    expect(grants(full)).toEqual({ a: 2, b: 0, c: 0 });
    expect(grants(freed)).toEqual({ a: 2, b: 1, c: 0 });
  });

  test("a want that is not granted is answered all the same", () => {
    expect(told(aPool({ slots: 0 }), [wanted("a", { number: 7 })])).toMatchObject([{ number: 7, granted: 0 }]);
  });

  test.each<[string, Partial<Want>, Partial<Want>]>([
    ["the higher priority", { priority: 5 }, { priority: 9 }],
    ["at one priority the earlier deadline", { deadline: at(2) }, { deadline: at(1) }],
    ["a deadline before none", {}, { deadline: at(1) }],
    ["then the earlier logical date", { logicalDate: at(2) }, { logicalDate: at(1) }],
    ["a logical date before none", {}, { logicalDate: at(1) }],
    ["what is live before a backfill, whatever its priority", { past: true, priority: 9, logicalDate: at(1) }, {}],
    ["priority before deadline", { deadline: at(1) }, { priority: 2 }],
    ["deadline before logical date", { logicalDate: at(1) }, { deadline: at(5), logicalDate: at(2) }],
  ])("%s comes first", (_what, lower, higher) => {
    // By id the other one would come first.
    const pool = decided(aPool({ slots: 1 }), wanted("a", lower), wanted("b", higher));

    expect(grants(pool)).toEqual({ a: 0, b: 1 });
  });

  test("of equals the one that has waited longest comes first", () => {
    const drained = decided(aPool({ slots: 0 }), wanted("z"));
    const both = decidePool(drained, [wanted("a")], at(5)).pool;

    expect(grants(decidePool(both, [{ type: "resized", slots: 1, by: "ann" }], at(6)).pool)).toEqual({ z: 1, a: 0 });
  });

  test("of equals that come together the id decides, not the order of their messages", () => {
    const pool = decided(aPool({ slots: 1 }), wanted("b"), wanted("a"), wanted("c"));

    expect(grants(pool)).toEqual({ a: 1, b: 0, c: 0 });
  });

  test("all that fit are granted at once", () => {
    expect(grants(decided(aPool(), wanted("a", some(2)), wanted("b", some(3))))).toEqual({ a: 2, b: 3 });
  });

  test("a run that gets what another gave back is told", () => {
    const full = decided(aPool({ slots: 1 }), wanted("a"), wanted("b"));

    expect(told(full, [final("a")])).toMatchObject([{ runId: aPoolRun("b"), granted: 1 }]);
  });

  test("one that was granted a part keeps its place in the queue for the rest", () => {
    const { pool } = decidePool(decided(aPool({ slots: 1 }), wanted("a", some(2))), [{ type: "wake" }], at(5));

    expect(pool.entries).toMatchObject([{ granted: 1, next: { weight: 1, count: 1 }, since: NOON }]);
  });

  test("one that waits for nothing more, and then again, waits since then", () => {
    const served = decided(aPool(), wanted("a"));
    const drained = decided(served, { type: "resized", slots: 0, by: "ann" });

    const { pool } = decidePool(drained, [wanted("a", { number: 2, granted: 1 })], at(5));

    expect([served.entries[0]?.since, pool.entries[0]?.since]).toEqual([null, at(5)]);
  });

  test("who waits is not taken for heard because somebody else is", () => {
    const full = decided(aPool({ slots: 1 }), wanted("a"), wanted("b"));

    const { pool } = decidePool(full, [wanted("c")], at(MINUTE_MS));

    expect(pool.entries[1]).toEqual(full.entries[1]);
  });

  test("a wide instance holds back the lower ones until it fits", () => {
    const pool = decided(decided(aPool({ slots: 4 }), wanted("a", some(2))), wide);
    const events = [wanted("small"), wanted("a", { number: 2, granted: 2, released: 1, next: null })];

    expect(grants(decided(pool, ...events))).toEqual({ a: 2, wide: 0, small: 0 });
  });

  test("and comes to its turn once there is room", () => {
    const pool = decided(decided(aPool({ slots: 4 }), wanted("a", some(2))), wide);
    const events = [wanted("small"), wanted("a", { number: 2, granted: 2, released: 2, next: null })];

    expect(grants(decided(pool, ...events))).toEqual({ a: 2, wide: 4, small: 0 });
  });

  test("an instance wider than the pool holds back nobody", () => {
    const pool = decided(aPool({ slots: 2 }), wide, wanted("small"));

    expect(grants(pool)).toEqual({ wide: 0, small: 1 });
  });
});

describe("doubles and disorder", () => {
  test("the same want twice is one want", () => {
    const once = decided(aPool(), wanted("a", some(2)));

    expect(decided(once, wanted("a", some(2)))).toEqual(once);
  });

  test("a want that was overtaken by a newer one changes nothing", () => {
    const newest = decided(aPool({ slots: 0 }), wanted("a", { number: 2, ...some(1) }));

    expect(decided(newest, wanted("a", { number: 1, ...some(5) }))).toEqual(newest);
  });

  test("what it tells of slots given back counts nevertheless", () => {
    const pool = decided(
      aPool({ slots: 2, entries: [aPoolEntry({ granted: 2, seen: 2, number: 5 })] }),
      wanted("a", { number: 4, granted: 2, released: 1, next: null }),
    );

    expect(slotsUsed(pool)).toBe(1);
  });

  test("an older total never takes back a newer one", () => {
    const held = aPool({ entries: [aPoolEntry({ granted: 5, released: 3, seen: 5 })] });

    const [entry] = decided(held, wanted("a", { number: 1, granted: 2, released: 1 })).entries;

    expect(entry).toMatchObject({ granted: 5, released: 3, seen: 5 });
  });

  test("an echo that tells nothing new changes nothing, and is answered", () => {
    const heard = aPool({ entries: [aPoolEntry()], due: at(HOUR_MS) });

    const { changed, commands } = decidePool(heard, [wanted("a", { granted: 1, next: null })], at(1));

    expect([changed, commands.length]).toEqual([false, 1]);
  });

  test("an echo that knows of a grant shows that its run does", () => {
    const granted = decided(aPool(), wanted("a"));

    const [entry] = decided(granted, wanted("a", { granted: 1, next: null })).entries;

    expect(entry).toMatchObject({ granted: 1, seen: 1 });
  });

  test.each([
    ["by a run that is new", aPool(), wanted("a", { granted: 3, wanted: 1, next: null })],
    [
      "by a newer message",
      aPool({ entries: [aPoolEntry()] }),
      wanted("a", { number: 2, granted: 3, wanted: 1, next: null }),
    ],
    [
      "by one that was overtaken",
      aPool({ entries: [aPoolEntry({ number: 2 })] }),
      wanted("a", { granted: 3, wanted: 1, next: null }),
    ],
  ])("no less is wanted than was granted, told %s", (_by, pool, event) => {
    expect(decided(pool, event).entries).toMatchObject([{ granted: 3, wanted: 3 }]);
  });

  test("no more is given back than was granted", () => {
    expect(slotsUsed(decided(aPool(), wanted("a", { granted: 2, released: 5, next: null })))).toBe(0);
  });

  test("what the run knows was granted is not counted against what waits", () => {
    const held = aPool({ entries: [aPoolEntry()] });

    expect(grants(decided(held, wanted("a", { number: 2, granted: 1, ...some(2) })))).toEqual({ a: 3 });
  });

  test.each([
    ["a run that is not known", aPoolRun("b"), 0],
    ["another epoch", aPoolRun("a"), 1],
  ])("that %s knows of its grants says nothing", (_whose, runId, epoch) => {
    const granted = decided(aPool(), wanted("a"));

    expect(decidePool(granted, [{ type: "grant_seen", runId, epoch, granted: 9 }], NOON).changed).toBe(false);
  });

  test("a grant on its way counts for the instances that its run still names as waiting", () => {
    const granted = decided(aPool(), wanted("a", some(2)));

    // The run knew of no grant when it said that three wait now.
    const pool = decided(granted, wanted("a", { number: 2, granted: 0, ...some(3) }));

    expect(grants(pool)).toEqual({ a: 3 });
  });

  test("a want of an earlier epoch is dropped, and not answered", () => {
    const pool = decided(aPool(), wanted("a", some(1), 2));

    expect(decidePool(pool, [wanted("a", { number: 9, ...some(5) }, 1)], NOON)).toEqual({
      pool,
      commands: [],
      changed: false,
    });
  });

  test("with a newer epoch the run begins anew", () => {
    const pool = decided(aPool({ entries: [aPoolEntry({ granted: 5, number: 9 })] }), wanted("a", some(1), 1));

    expect(pool.entries).toMatchObject([{ epoch: 1, number: 1, granted: 1 }]);
  });
});

describe("ends", () => {
  test("a run that is over holds nothing, and what it held goes to others", () => {
    const full = decided(aPool({ slots: 2 }), wanted("a", some(2)), wanted("b"));

    expect(grants(decided(full, final("a")))).toEqual({ b: 1 });
  });

  test("a run that held nothing is gone as well", () => {
    const full = decided(aPool({ slots: 1 }), wanted("a"), wanted("b"));

    const { pool, changed } = decidePool(full, [final("b")], NOON);

    expect([grants(pool), changed]).toEqual([{ a: 1 }, true]);
  });

  test("the end of an earlier epoch is not the end of this one", () => {
    const pool = decided(aPool(), wanted("a", some(1), 1));

    expect(decided(pool, final("a", 0))).toEqual(pool);
  });

  test("an end that is told twice is one end", () => {
    expect(decidePool(aPool(), [final("a")], NOON).changed).toBe(false);
  });
});

describe("size", () => {
  test("a pool that shrinks below its use admits nobody until there is room", () => {
    const full = decided(aPool({ slots: 4 }), wanted("a", some(4)), wanted("b"));
    const small = decided(full, { type: "resized", slots: 2, by: "ann" });

    const freed = decided(small, wanted("a", { number: 2, granted: 4, released: 2, next: null }));

    expect([grants(small), grants(freed)]).toEqual([
      { a: 4, b: 0 },
      { a: 4, b: 0 },
    ]);
  });

  test("a pool that grows admits at once", () => {
    const full = decided(aPool({ slots: 1 }), wanted("a", some(1)), wanted("b"));

    expect(grants(decided(full, { type: "resized", slots: 2, by: "ann" }))).toEqual({ a: 1, b: 1 });
  });

  test("a drained pool grants nothing", () => {
    const pool = decided(aPool(), { type: "resized", slots: 0, by: "ann" }, wanted("a"));

    expect(grants(pool)).toEqual({ a: 0 });
    expect(pool).toMatchObject({ slots: 0, declared: 8, resized: { by: "ann", at: NOON } });
  });

  test("an operator's resize stands when the source says what it said before", () => {
    const resized = decided(aPool(), { type: "resized", slots: 3, by: "ann" });

    expect(decidePool(resized, [{ type: "declared", slots: 8 }], NOON).changed).toBe(false);
  });

  test("a new number in the source takes the place of an operator's", () => {
    const pool = decided(aPool(), { type: "resized", slots: 3, by: "ann" }, { type: "declared", slots: 10 });

    expect(pool).toMatchObject({ slots: 10, declared: 10, resized: null });
  });

  test("an operator who sets the size that it has leaves everything as it is", () => {
    expect(decidePool(aPool(), [{ type: "resized", slots: 8, by: "ann" }], NOON).changed).toBe(false);
  });

  test("a full table of runs still hears those that are in it", () => {
    const entries = Array.from({ length: POOL_RUNS_MAX }, (_, n) => aPoolEntry({ runId: aPoolRun(`r${n}`) }));

    const { pool } = decidePool(aPool({ slots: 2_000, entries }), [wanted("r7", { number: 2, granted: 1 })], NOON);

    expect(pool.entries[7]).toMatchObject({ granted: 2 });
  });

  test(`of more than ${POOL_RUNS_MAX} runs the last is not heard, and not answered`, () => {
    const entries = Array.from({ length: POOL_RUNS_MAX }, (_, n) => aPoolEntry({ runId: aPoolRun(`r${n}`) }));

    const { pool, commands } = decidePool(aPool({ entries }), [wanted("late")], NOON);

    expect([pool.entries.length, commands.filter(({ type }) => type === "tell_run")]).toEqual([POOL_RUNS_MAX, []]);
  });
});
