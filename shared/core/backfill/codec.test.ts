import { describe, expect, test } from "vitest";
import { MINUTE_MS, NOON, aBackfill, aRun } from "../../../test/builders/index.ts";
import type { RunState } from "../states.ts";
import { plus } from "../time.ts";
import { decodeBackfill, encodeBackfill } from "./codec.ts";
import { endOf, toldEnd } from "./end-of.ts";

describe("what is stored of a backfill", () => {
  test("gives back the same backfill", () => {
    const backfill = aBackfill({ skipped: [{ from: 0, to: 3, reason: "it has a run" }], taken: 4 });

    expect(decodeBackfill(encodeBackfill(backfill))).toEqual(backfill);
  });

  test("by a newer Freshet is not read, and says what to do", () => {
    const text = encodeBackfill({ ...aBackfill(), schema: 9 as 1 });

    expect(() => decodeBackfill(text)).toThrow(
      expect.objectContaining({
        code: "RECORD_NEWER",
        message: "backfill 'orders.backfill.1' has schema 9; this Freshet knows schema 1: upgrade it",
      }),
    );
  });
});

describe("how a run ended, as its backfill counts it", () => {
  test.each<[RunState, string]>([
    ["success", "success"],
    ["failed", "failed"],
    ["cancelled", "cancelled"],
  ])("%s is %s", (state, counted) => {
    const run = aRun({ state, startedAt: NOON, endedAt: plus(NOON, MINUTE_MS) });

    expect(endOf(run)).toEqual({ state: counted, tookMs: MINUTE_MS });
  });

  test("has taken no time if it never started", () => {
    expect(endOf(aRun({ state: "cancelled", endedAt: NOON })).tookMs).toBe(0);
    expect(endOf(aRun({ state: "running", startedAt: NOON })).tookMs).toBe(0);
  });

  test("is what it told, should it have been cleared since", () => {
    const told = { number: 1, epoch: 0, since: NOON, sends: 1, due: NOON };

    expect(toldEnd({ kind: "run_finished", state: "failed", tookMs: 7, ...told })).toEqual({
      state: "failed",
      tookMs: 7,
    });
  });
});
