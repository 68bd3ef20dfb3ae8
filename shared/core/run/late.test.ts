import { describe, expect, test } from "vitest";
import { HOUR_MS, NOON, aClear, aManifest, aRun, aScene, aTaskSpec, aTaskTable } from "../../../test/builders/index.ts";
import { planOf } from "../plan.ts";
import { plus } from "../time.ts";
import { frontOf, isLate } from "./deadlines.ts";
import { newRun } from "./new-run.ts";

const LATER = plus(NOON, HOUR_MS);
const at = (when: typeof NOON) => ({ name: "soon", at: when });

describe("a deadline", () => {
  test("of several makes its run late by itself", () => {
    expect(isLate({ deadlines: [at(NOON), at(LATER)] }, NOON)).toBe(true);
    expect([isLate({ deadlines: [at(LATER)] }, NOON), isLate({}, NOON)]).toEqual([false, false]);
  });

  test("that has not passed changes nothing when its run is looked at; the next one is waited for when it has", () => {
    const deadlines = [
      { name: "soon", from: "due", withinMs: HOUR_MS },
      { name: "later", from: "due", withinMs: 2 * HOUR_MS },
    ] as const;
    const scene = aScene([aTaskSpec("a")], { deadlines });
    expect(scene.wake().changed).toBe(false);

    expect(scene.after(HOUR_MS).wake().all("timer")).toEqual([{ type: "timer", at: plus(NOON, 2 * HOUR_MS) }]);
  });
});

describe("what keeps a run from its end", () => {
  const ids = ["a", "b", "c", "d", "e", "f", "g"];
  const plan = planOf(
    aManifest({ tasks: ids.map((id) => aTaskSpec(id)), hooks: { onSuccess: true, onFailure: true } }),
  );
  const front = (state: "running" | "queued", states: Parameters<typeof aTaskTable>[0]) =>
    frontOf(plan, { state }, aTaskTable(states));

  test("is five of its tasks at the most, and none of its hooks", () => {
    expect(front("running", [...ids.map(() => "queued" as const), "none", "none"])).toEqual([0, 1, 2, 3, 4]);
    expect(front("running", [...ids.map(() => "success" as const), "none", "none"])).toEqual([]);
  });

  test("is nothing of its own while it waits for its place", () => {
    expect(front("queued", [...ids.map(() => "none" as const), "none", "none"])).toEqual([]);
  });
});

test("a run that starts again says nothing of what had failed before", () => {
  const scene = aScene([aTaskSpec("a"), aTaskSpec("b")])
    .fail("a", { class: "permanent" })
    .fail("b", { class: "permanent" });
  scene.tell(aClear(["a"])).tell({ type: "admitted", epoch: 1 });

  expect(scene.all("publish").map(({ fact }) => [fact.type, fact.failed])).toEqual([["run_started", []]]);
});

test("a new run is of the date at which its interval begins, and has no deadlines if its DAG has none", () => {
  const { runId, version, origin } = aRun();
  const manifest = aManifest();
  const given = { runId, version, origin, manifest, runType: "manual", params: {}, files: [], now: LATER } as const;
  const dated = newRun({ ...given, dataInterval: { start: NOON, end: LATER } });

  expect([dated.logicalDate, newRun({ ...given, dataInterval: null }).logicalDate]).toEqual([NOON, null]);
  expect(Object.keys(dated)).not.toContain("deadlines");
});
