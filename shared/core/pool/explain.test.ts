import { expect, test } from "vitest";
import { NOON, aPool, aPoolEntry, aPoolId, aPoolRun, aRun } from "../../../test/builders/index.ts";
import { explainWait } from "./explain.ts";
import type { Pool, PoolEntry } from "./record.ts";

const run = aRun({ runId: aPoolRun("mine"), epoch: 0 });
const waiting = (name: string, overrides: Partial<PoolEntry> = {}): PoolEntry =>
  aPoolEntry({ runId: aPoolRun(name), granted: 0, seen: 0, next: { weight: 1, count: 1 }, since: NOON, ...overrides });
const holding = (name: string, granted: number, released = 0): PoolEntry =>
  aPoolEntry({ runId: aPoolRun(name), granted, released });
const explained = (pool: Pool | undefined, slots = 1, name = "warehouse"): string =>
  explainWait(run, { pool: aPoolId(name), slots }, pool);

test("before anybody has looked at the pool, only what it waits for is said", () => {
  expect(explained(undefined, 2)).toBe("waits for 2 slots of the pool 'warehouse'");
});

test.each([
  ["task:load", "its limit maxActive, 'task:load'"],
  ["dag:orders", "the limit maxActiveTasks of its DAG, 'dag:orders'"],
  ["dag", "the pool 'dag'"],
  ["task", "the pool 'task'"],
  ["other:orders", "the pool 'other:orders'"],
])("%s is called by what the author wrote", (name, called) => {
  expect(explained(undefined, 1, name)).toBe(`waits for 1 slot of ${called}`);
});

test("a pool that is too narrow says so, and what lets the task start", () => {
  expect(explained(aPool({ slots: 2 }), 3)).toBe(
    "waits for 3 slots of the pool 'warehouse', which has only 2; `freshet pools set warehouse 3` lets it start",
  );
});

test("a pool that somebody drained names who, and since when", () => {
  expect(explained(aPool({ slots: 0, resized: { by: "ann", at: NOON } }))).toBe(
    "waits for 1 slot of the pool 'warehouse', which is drained: it has none since ann set it so at " +
      "2026-03-02T12:00:00Z; `freshet pools set warehouse 1` lets it start",
  );
});

test.each([
  ["is not known to the pool", []],
  ["is known with nothing that waits", [holding("mine", 1)]],
  ["is known from an earlier epoch", [waiting("mine", { epoch: run.epoch + 1 })]],
])("a run that %s is about to ask", (_how, entries) => {
  const used = entries.reduce((sum, { granted }) => sum + granted, 0);

  expect(explained(aPool({ entries }))).toBe(
    `waits for 1 slot of the pool 'warehouse' (${used} of 8 in use); its run is about to ask for it`,
  );
});

test("a run that others come before names them, the best-ranked first", () => {
  const entries = [waiting("high", { priority: 5 }), waiting("mine"), waiting("low", { priority: 0 }), holding("x", 8)];

  expect(explained(aPool({ entries: [waiting("higher", { priority: 7 }), ...entries] }))).toBe(
    "waits for 1 slot of the pool 'warehouse' (8 of 8 in use), behind orders.higher (priority 7), orders.high (priority 5)",
  );
});

test("the next in line says who holds the slots", () => {
  const entries = [waiting("mine"), holding("x", 8, 3), holding("idle", 2, 2)];

  expect(explained(aPool({ slots: 5, entries }))).toBe(
    "waits for 1 slot of the pool 'warehouse' (5 of 5 in use), held by orders.x (5); it is the next",
  );
});

test("when nobody holds any, that is said", () => {
  expect(explained(aPool({ entries: [waiting("mine")] }))).toMatch(/held by nobody; it is the next$/u);
});

test("of many that hold some, three are named and the others counted", () => {
  const entries = [waiting("mine"), ...["a", "b", "c", "d", "e"].map((name) => holding(name, 1))];

  expect(explained(aPool({ slots: 5, entries }))).toMatch(
    /held by orders\.a \(1\), orders\.b \(1\), orders\.c \(1\) and 2 more; it is the next$/u,
  );
});
