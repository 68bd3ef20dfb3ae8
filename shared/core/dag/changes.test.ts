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

  test("shows of each side no more than the next three runs, and none without a schedule", () => {
    const without = side({}, "b");

    expect(dagChanges(dag, before, without, NOON)).toMatchObject({
      schedule: { before: "0 4 * * * UTC", after: null },
      next: { after: [] },
    });
    expect(dagChanges(aDagRecord(), without, before, NOON)).toMatchObject({
      schedule: { before: null, after: "0 4 * * * UTC" },
      next: { before: [], after: ["2026-03-03T04:00:00Z", "2026-03-04T04:00:00Z", "2026-03-05T04:00:00Z"] },
    });
  });

  test("shows the runs that a schedule has left, if they are fewer", () => {
    const ending = side({ schedule: aSchedule({ end: plus(NOON, 2 * DAY_MS) }) });

    expect(dagChanges(dag, ending, ending, NOON).next.before).toEqual(["2026-03-03T04:00:00Z", "2026-03-04T04:00:00Z"]);
  });

  test("of a DAG that is new is every task and every edge, and no option", () => {
    expect(dagChanges(undefined, undefined, before, NOON)).toMatchObject({
      dagId: "orders",
      tasks: { added: ["a", "b"], removed: [], changed: [] },
      edges: { added: ["a -> b"], removed: [] },
      options: [],
      code: false,
      inFlight: [],
    });
  });

  test("of a DAG that goes is every task and every edge, too, and names what is still at work", () => {
    expect(dagChanges(dag, before, undefined, NOON)).toMatchObject({
      dagId: "orders",
      tasks: { added: [], removed: ["a", "b"], changed: [] },
      edges: { added: [], removed: ["a -> b"] },
      options: [],
      code: false,
      inFlight: ["orders.run-1"],
    });
  });

  test("is unchanged code as long as its hash is, and an edge is no option of its task", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b")];
    const after = side({ schedule: aSchedule(), tasks, owner: "ann" }, "b");

    expect(dagChanges(dag, before, after, NOON)).toMatchObject({
      change: "changed",
      schedule: null,
      code: false,
      options: ["owner"],
      tasks: { added: [], removed: [], changed: [] },
      edges: { added: [], removed: ["a -> b"] },
    });
  });

  test("of a DAG that was removed is what comes back with it", () => {
    expect(dagChanges({ ...dag, removed: true }, before, undefined, NOON)).toMatchObject({
      dagId: "orders",
      change: "removed",
      tasks: { added: [], removed: [] },
    });
  });
});
