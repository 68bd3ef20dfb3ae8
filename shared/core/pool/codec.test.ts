import { describe, expect, test } from "vitest";
import { NOON, aPool, aPoolEntry, aPoolRun } from "../../../test/builders/index.ts";
import { decodePool, encodePool } from "./codec.ts";
import { POOL_RUNS_MAX } from "./record.ts";

/** What any store takes. */
const RECORD_BYTES = 350 * 1024;

describe("the stored form of a pool", () => {
  test("says all that the record does", () => {
    const pool = aPool({
      slots: 3,
      resized: { by: "ann", at: NOON },
      entries: [
        aPoolEntry({ next: { weight: 2, count: 7 }, deadline: NOON, logicalDate: NOON, since: NOON, priority: 40 }),
        aPoolEntry({ runId: aPoolRun("b"), epoch: 3, released: 1, wanted: 9, seen: 0 }),
      ],
      due: NOON,
    });

    expect(decodePool(encodePool(pool))).toEqual(pool);
  });

  test("has room for as many runs as a pool may know, with the longest ids", () => {
    const entries = Array.from({ length: POOL_RUNS_MAX }, (_, n) =>
      aPoolEntry({
        runId: aPoolRun("r".repeat(188) + String(n).padStart(4, "0")),
        next: { weight: 1_000, count: 5_000 },
        granted: 1_000_000_000,
        released: 999_000_000,
        deadline: NOON,
        logicalDate: NOON,
        since: NOON,
      }),
    );

    expect(encodePool(aPool({ entries })).length).toBeLessThan(RECORD_BYTES);
  });

  test("one of a newer schema is refused", () => {
    const text = encodePool(aPool()).replace('"schema":1', '"schema":2');

    expect(() => decodePool(text)).toThrow(expect.objectContaining({ code: "RECORD_NEWER" }));
    expect(() => decodePool(text)).toThrow("pool 'warehouse' has schema 2; this Freshet knows schema 1: upgrade it");
  });
});
