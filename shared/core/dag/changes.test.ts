import { describe, expect, test } from "vitest";
import {
  DAY_MS,
  HOUR_MS,
  NOON,
  aDagRecord,
  aManifest,
  aSchedule,
  aTaskSpec,
  aVersionHash,
  anActiveRun,
} from "../../../test/builders/index.ts";
import type { Manifest } from "../manifest.ts";
import { plus } from "../time.ts";
import { dagChanges } from "./changes.ts";

const side = (manifest: Partial<Manifest>, digit = "a") => ({
  version: aVersionHash(digit),
  manifest: aManifest(manifest),
});
const before = side({ schedule: aSchedule(), tasks: [aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })] });
const dag = aDagRecord({
  cursor: plus(NOON, -8 * HOUR_MS),
  nextFire: plus(NOON, DAY_MS - 8 * HOUR_MS),
  active: [anActiveRun()],
});

describe("what a new version changes", () => {
  test("is told by tasks, edges, options, schedule and the next runs", () => {
    const tasks = [aTaskSpec("a", { timeoutMs: 1 }), aTaskSpec("c", { after: ["a"] })];
    const after = side(
      { schedule: aSchedule({ expression: "0 6 * * *" }), tasks, maxActiveRuns: 2, codeHash: "d" },
      "b",
    );

    expect(dagChanges(dag, before, after, NOON)).toEqual({
      dagId: "orders",
      change: "changed",
      schedule: { before: "0 4 * * * UTC", after: "0 6 * * * UTC" },
      next: {
        before: ["2026-03-03T04:00:00Z", "2026-03-04T04:00:00Z", "2026-03-05T04:00:00Z"],
        after: ["2026-03-03T06:00:00Z", "2026-03-04T06:00:00Z", "2026-03-05T06:00:00Z"],
      },
      tasks: { added: ["c"], removed: ["b"], changed: [{ taskId: "a", options: ["timeoutMs"] }] },
      edges: { added: ["a -> c"], removed: ["a -> b"] },
      options: ["maxActiveRuns"],
      code: true,
      inFlight: ["orders.run-1"],
    });
  });

  test("is nothing for the same version, and all of it for one that is new or gone", () => {
    expect(dagChanges(dag, before, before, NOON)).toMatchObject({ change: "unchanged", schedule: null, options: [] });
    expect(dagChanges(undefined, undefined, before, NOON)).toMatchObject({ change: "new", next: { before: [] } });
    expect(dagChanges(dag, before, undefined, NOON)).toMatchObject({ change: "removed", next: { after: [] } });
    expect(dagChanges({ ...dag, removed: true }, before, before, NOON).change).toBe("new");
  });
});
