import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aPool,
  aPoolEntry,
  aPoolRun,
  wanted,
} from "../../../test/builders/index.ts";
import { plus, type Instant } from "../time.ts";
import { decidePool, GRANT_AGAIN_AFTER_MS } from "./decide.ts";
import type { Pool, PoolCommand, PoolEvent } from "./record.ts";

const at = (ms: number): Instant => plus(NOON, ms);
const decided = (pool: Pool, ...events: readonly PoolEvent[]): Pool => decidePool(pool, events, NOON).pool;
const told = (pool: Pool, events: readonly PoolEvent[], now = NOON): readonly PoolCommand[] =>
  decidePool(pool, events, now).commands.filter(({ type }) => type === "tell_run");
const final = (name: string, epoch = 0): PoolEvent => ({ type: "final", runId: aPoolRun(name), epoch });
const some = (count: number, weight = 1) => ({ next: { weight, count } });

describe("looks", () => {
  test("a grant that no run has been heard to know is told again, and asked for", () => {
    const granted = decided(aPool(), wanted("a", some(2)));

    expect(granted.due).toBe(at(GRANT_AGAIN_AFTER_MS));
    expect(told(granted, [{ type: "wake" }], at(GRANT_AGAIN_AFTER_MS))).toMatchObject([{ granted: 2, confirm: true }]);
  });

  test("a look that comes earlier than the one that was planned is planned, with a timer", () => {
    const { pool, commands } = decidePool(aPool({ entries: [aPoolEntry()], due: at(HOUR_MS) }), [wanted("b")], NOON);

    expect(pool.due).toBe(at(GRANT_AGAIN_AFTER_MS));
    expect(commands).toContainEqual({ type: "timer", at: at(GRANT_AGAIN_AFTER_MS) });
  });

  test("as long as the next look stays when it was, no timer is set again", () => {
    const granted = decided(aPool(), wanted("a"));

    expect(decidePool(granted, [wanted("b")], NOON).commands.map(({ type }) => type)).toEqual(["tell_run"]);
  });

  test("a look that has come plans the next one later", () => {
    const granted = decided(aPool(), wanted("a"));

    const { due } = decidePool(granted, [{ type: "wake" }], at(GRANT_AGAIN_AFTER_MS)).pool;

    expect(due).toBe(at(2 * GRANT_AGAIN_AFTER_MS));
  });

  test("a look at grants of a moment ago tells them again to runs that have not been heard to know", () => {
    const pool = decided(aPool({ entries: [aPoolEntry({ runId: aPoolRun("heard") })] }), wanted("a", some(2)));

    expect(told(pool, [{ type: "wake", tell: true }], at(1))).toMatchObject([
      { runId: aPoolRun("a"), granted: 2, confirm: false },
    ]);
  });

  test("it is not told again before its time", () => {
    const granted = decided(aPool(), wanted("a", some(2)));

    expect(told(granted, [{ type: "wake" }], at(GRANT_AGAIN_AFTER_MS - 1))).toEqual([]);
  });

  test("once the run is known to have heard, an hour passes before it is asked again", () => {
    const heard = decided(decided(aPool(), wanted("a")), {
      type: "grant_seen",
      runId: aPoolRun("a"),
      epoch: 0,
      granted: 1,
    });

    // The stored time may be early, and is kept until it has passed.
    const later = decidePool(heard, [{ type: "wake" }], at(MINUTE_MS));

    expect(later.commands.filter(({ type }) => type === "tell_run")).toEqual([]);
    expect(later.pool.due).toBe(at(HOUR_MS));
  });

  test("a busy pool does not put off what has fallen due", () => {
    const granted = decided(aPool(), wanted("a", some(2)));

    expect(told(granted, [wanted("b", some(1))], at(31 * SECOND_MS))).toMatchObject([
      { runId: aPoolRun("a"), confirm: true },
      { runId: aPoolRun("b"), confirm: false },
    ]);
  });

  test("the interval grows while nobody answers", () => {
    const pool = aPool({ entries: [aPoolEntry({ granted: 2, seen: 0 })], due: NOON });

    const { due } = decidePool(pool, [{ type: "wake" }], at(10 * MINUTE_MS)).pool;

    expect(due).toBe(at(15 * MINUTE_MS));
  });

  test("with all, every run is asked at once", () => {
    const pool = aPool({ entries: [aPoolEntry()], due: at(HOUR_MS) });

    expect(told(pool, [{ type: "wake", all: true }])).toMatchObject([{ runId: aPoolRun("a"), confirm: true }]);
  });

  test("what a run held before it was ever heard of is asked for", () => {
    const pool = decided(aPool(), wanted("ghost", { granted: 3, released: 1, next: null }));

    expect(told(pool, [{ type: "wake" }], at(MINUTE_MS))).toMatchObject([{ runId: aPoolRun("ghost"), confirm: true }]);
  });

  test("a pool that nobody uses needs no look", () => {
    const used = decided(aPool(), wanted("a"));

    expect(decided(used, final("a")).due).toBeNull();
  });
});
