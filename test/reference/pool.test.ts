import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePool, encodePool } from "../../shared/core/pool/codec.ts";
import { decidePool } from "../../shared/core/pool/decide.ts";
import { slotsUsed, type Pool, type PoolEvent } from "../../shared/core/pool/record.ts";
import { plus } from "../../shared/core/time.ts";
import { NOON, SECOND_MS, aPool, aPoolRun } from "../builders/index.ts";
import { poolModel } from "./pool-model.ts";

/** Each run has a weight and a priority of its own, different from the others', so that the order is one. */
const RUNS = [
  { name: "a", weight: 1, priority: 3 },
  { name: "b", weight: 2, priority: 5 },
  { name: "c", weight: 3, priority: 1 },
  { name: "d", weight: 1, priority: 9 },
] as const;

const step = fc.oneof(
  fc.record({ do: fc.constant("queue" as const), run: fc.nat(3), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("end" as const), run: fc.nat(3), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant("leave" as const), run: fc.nat(3), count: fc.constant(0) }),
  fc.record({ do: fc.constant("resize" as const), run: fc.constant(0), count: fc.nat(8) }),
);
const history = fc.array(step, { minLength: 1, maxLength: 30 });

const entryOf = (pool: Pool, name: string) => pool.entries.find(({ runId }) => runId === aPoolRun(name));
const heldBy = (pool: Pool, name: string): number => {
  const entry = entryOf(pool, name);
  return entry === undefined ? 0 : entry.granted - entry.released;
};

/** Honest runs: each knows at once what it was granted, tells every change, and numbers what it tells. */
function honestly() {
  const told = new Map<string, { number: number; released: number; epoch: number }>();
  return {
    want(pool: Pool, { name, weight, priority }: (typeof RUNS)[number], waiting: number, ended: number): PoolEvent {
      const before = told.get(name) ?? { number: 0, released: 0, epoch: 0 };
      const now = { ...before, number: before.number + 1, released: before.released + ended };
      told.set(name, now);
      const granted = entryOf(pool, name)?.granted ?? 0;
      const next = waiting === 0 ? null : { weight, count: waiting };
      const rank = { priority, deadline: null, logicalDate: null };
      const want = {
        number: now.number,
        granted,
        released: now.released,
        wanted: granted + waiting * weight,
        next,
        ...rank,
      };
      return { type: "wanted", runId: aPoolRun(name), epoch: now.epoch, want };
    },
    leave(name: string): PoolEvent {
      const { epoch } = told.get(name) ?? { epoch: 0 };
      told.set(name, { number: 0, released: 0, epoch: epoch + 1 });
      return { type: "final", runId: aPoolRun(name), epoch };
    },
  };
}

describe("a pool", () => {
  test("gives its slots to whom a queue would, served one by one", () => {
    fc.assert(
      fc.property(fc.nat(6), history, (slots, steps) => {
        const model = poolModel(slots);
        const runs = honestly();
        let pool = aPool({ slots, declared: slots });
        for (const [index, { do: what, run, count }] of steps.entries()) {
          const who = RUNS[run] as (typeof RUNS)[number];
          const events: PoolEvent[] = [];
          if (what === "resize") {
            model.resize(count);
            events.push({ type: "resized", slots: count, by: "ann" });
          } else if (what === "leave") {
            model.leave(who.name);
            events.push(runs.leave(who.name));
          } else if (what === "queue") {
            const before = model.waiting(who.name).length;
            events.push(runs.want(pool, who, before + count, 0));
            for (let n = 0; n < count; n++) model.queue({ run: who.name, weight: who.weight, priority: who.priority });
          } else {
            const ended = Math.min(count, heldBy(pool, who.name) / who.weight);
            events.push(runs.want(pool, who, model.waiting(who.name).length, ended * who.weight));
            model.end(who.name, ended);
          }
          pool = decidePool(pool, events, plus(NOON, index * SECOND_MS)).pool;
          for (const { name } of RUNS) expect([name, heldBy(pool, name)]).toEqual([name, model.held(name)]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("keeps its promises whatever comes, twice and in any order", () => {
    const number = fc.nat(12);
    const event: fc.Arbitrary<PoolEvent> = fc.oneof(
      fc.record({
        type: fc.constant("wanted" as const),
        runId: fc.constantFrom("a", "b", "c").map(aPoolRun),
        epoch: fc.nat(1),
        want: fc
          .tuple(
            number,
            number,
            number,
            number,
            fc.option(fc.record({ weight: fc.integer({ min: 1, max: 4 }), count: fc.integer({ min: 1, max: 4 }) })),
            fc.nat(3),
          )
          .map(([numbered, x, y, more, next, priority]) => ({
            number: numbered,
            granted: Math.max(x, y),
            released: Math.min(x, y),
            wanted: Math.max(x, y) + more,
            next,
            priority,
            deadline: null,
            logicalDate: null,
          })),
      }),
      fc.record({
        type: fc.constant("final" as const),
        runId: fc.constantFrom("a", "b", "c").map(aPoolRun),
        epoch: fc.nat(1),
      }),
      fc.record({
        type: fc.constant("grant_seen" as const),
        runId: fc.constantFrom("a", "b", "c").map(aPoolRun),
        epoch: fc.nat(1),
        granted: number,
      }),
      fc.record({ type: fc.constant("resized" as const), slots: fc.nat(10), by: fc.constant("ann") }),
      fc.record({ type: fc.constant("declared" as const), slots: fc.nat(10) }),
      fc.record({ type: fc.constant("wake" as const), all: fc.boolean() }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(event, { minLength: 1, maxLength: 4 }), fc.nat(90_000)), { maxLength: 12 }),
        (batches) => {
          let pool = aPool({ slots: 6, declared: 6 });
          let now = NOON;
          for (const [events, passed] of batches) {
            now = plus(now, passed);
            const decision = decidePool(pool, events, now);
            mustKeep(pool, decision.pool, events);
            expect(decidePool(pool, events, now)).toEqual(decision);
            expect(decodePool(encodePool(decision.pool))).toEqual(decision.pool);
            const again = decidePool(
              decision.pool,
              events.filter(({ type }) => type !== "declared" && type !== "resized"),
              now,
            );
            expect(slotsUsed(again.pool)).toBeLessThanOrEqual(Math.max(slotsUsed(decision.pool), decision.pool.slots));
            ({ pool } = decision);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

/** Totals only grow, nobody holds less than nothing, and what is granted here fits into the size. */
function mustKeep(before: Pool, after: Pool, events: readonly PoolEvent[]): void {
  const claimed = new Map<string, number>();
  for (const event of events) {
    if (event.type !== "wanted") continue;
    claimed.set(event.runId, Math.max(claimed.get(event.runId) ?? 0, event.want.granted));
  }
  let grantedHere = 0;
  for (const entry of after.entries) {
    // A run that was over in between began anew.
    const over = events.some(
      (event) => event.type === "final" && event.runId === entry.runId && event.epoch >= entry.epoch,
    );
    const known = before.entries.find(({ runId, epoch }) => runId === entry.runId && epoch === entry.epoch);
    const old = over ? undefined : known;
    expect(entry.released).toBeLessThanOrEqual(entry.granted);
    expect(entry.granted).toBeLessThanOrEqual(entry.wanted);
    expect(entry.granted).toBeGreaterThanOrEqual(old?.granted ?? 0);
    expect(entry.released).toBeGreaterThanOrEqual(old?.released ?? 0);
    grantedHere += Math.max(0, entry.granted - Math.max(old?.granted ?? 0, claimed.get(entry.runId) ?? 0));
  }
  if (grantedHere > 0) expect(slotsUsed(after)).toBeLessThanOrEqual(after.slots);
  if (after.entries.length > 0) expect(after.due).not.toBeNull();
}
