import { describe, expect, test } from "vitest";
import {
  HAND,
  HOUR_MS,
  NOON,
  aClear,
  aMapSpec,
  aMark,
  aRetrySpec,
  aScene,
  aSelection,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { Outcome } from "../attempt.ts";
import type { RunEvent } from "../events.ts";
import type { Manifest, MapSpec, TaskSpec } from "../manifest.ts";
import type { RunAction, Signature } from "../operation.ts";

const BROKEN = { class: "permanent" } as const;
const SKIPPED: Outcome = { kind: "skipped", reason: "nothing to do" };

const aMap = (
  length: number,
  map: Partial<MapSpec> = {},
  overrides: Partial<TaskSpec> = {},
  dag: Partial<Manifest> = {},
): Scene => {
  const load = aTaskSpec("load", { after: ["list"], map: aMapSpec("list", map), ...overrides });
  return aScene([aTaskSpec("list"), load, aTaskSpec("sum", { after: ["load"] })], dag).giveList("list", length);
};
const failAll = (scene: Scene, ...indexes: readonly number[]): Scene => {
  for (const index of indexes) scene.fail(`load[${index}]`, BROKEN);
  return scene;
};
const skipAll = (scene: Scene, ...indexes: readonly number[]): Scene =>
  scene.tell(...indexes.map((index) => scene.completed(`load[${index}]`, SKIPPED)));
const clearInstances = (...indexes: readonly number[]): RunAction & Signature => ({
  type: "clear",
  selection: aSelection([], { tasks: indexes.map((mapIndex) => ({ taskId: "load", mapIndex })) }),
  ...HAND,
});
const chunkEnds = (index: number, overrides: Partial<Extract<RunEvent, { type: "chunk_report" }>> = {}): RunEvent => ({
  type: "chunk_report",
  expansion: 1,
  index,
  version: 1,
  heard: 1,
  ended: true,
  success: 2,
  skipped: 0,
  failed: 0,
  open: 0,
  attempt: 1,
  retried: false,
  cut: false,
  barred: false,
  failures: [],
  ...overrides,
});
const handsOf = (scene: Scene) =>
  scene
    .all("tell")
    .flatMap(({ effect }) =>
      effect.kind === "chunk_order" ? [[effect.index, effect.order.hands.map(({ to, indexes }) => [to, indexes])]] : [],
    );

describe("a map becomes its instances", () => {
  test("up to its very limit", () => {
    expect([aMap(2, { limit: 2 }).state("load"), aMap(3, { limit: 2 }).state("load")]).toEqual(["deferred", "failed"]);
  });

  test("in its run's own table up to the width of a chunk", () => {
    const rows = (length: number): unknown =>
      aMap(length, { chunkWidth: 3 }).run.tasks.expansions.map((expansion) => [
        expansion.rows,
        expansion.chunks?.length,
      ]);

    expect([rows(3), rows(4)]).toEqual([[[3, undefined]], [[0, 2]]]);
  });

  test("that remember in chunks what they take besides their items", () => {
    const tasks = [
      aTaskSpec("list"),
      aTaskSpec("rates"),
      aTaskSpec("load", { after: ["list", "rates"], map: aMapSpec("list", { chunkWidth: 1 }) }),
    ];
    const scene = aScene(tasks).succeed("rates").giveList("list", 2);

    expect(scene.run.tasks.expansions[0]?.inputs).toEqual([
      { taskId: "list", attempt: 1 },
      { taskId: "rates", attempt: 1 },
    ]);
  });

  test("and is not if a fault is that of another task's map", () => {
    const other = aTaskSpec("other", { after: ["list"], map: aMapSpec("list") });
    const scene = aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list") }), other]);
    const mapped = { length: 1, faults: { other: "no key" } };

    scene.tell(scene.completed("list", { kind: "success", output: { kind: "none" }, mapped }));

    expect(scene.states()).toEqual({ list: "success", load: "deferred", other: "failed" });
    expect(scene.detail("other")?.cause?.text).toBe("cannot be mapped over 'list': no key");
  });

  test("or tells its hook that it cannot", () => {
    const hooks = { onSuccess: false, onFailure: true, onRetry: false };

    expect(aMap(3, { limit: 2 }, { hooks }).dispatched()).toEqual(["load$onFailure#1"]);
  });
});

describe("a map ends", () => {
  test("as failed, naming three failures and counting the others", () => {
    expect(failAll(aMap(5), 0, 1, 2, 3, 4).detail("load")?.cause).toEqual({
      code: "instances",
      text: "5 of 5 instances failed: [0] Error: the warehouse did not answer; [1] Error: the warehouse did not answer; [2] Error: the warehouse did not answer, and 2 more",
    });
    expect(failAll(aMap(3), 0, 1, 2).detail("load")?.cause?.text).not.toMatch(/more/u);
  });

  test.each([
    [1, "its only instance was skipped"],
    [2, "all 2 instances were skipped"],
  ])("as skipped if all %i of its instances were", (length, text) => {
    const scene = skipAll(aMap(length), ...Array.from({ length }, (_, index) => index));

    expect([scene.state("load"), scene.detail("load")]).toEqual([
      "skipped",
      { since: NOON, cause: { code: "instances", text } },
    ]);
  });

  test("as a success if one of them was", () => {
    expect(skipAll(aMap(2), 0).succeed("load[1]").state("load")).toBe("success");
  });

  test("as a success with no more failures than it tolerates", () => {
    const map = { tolerance: { count: 1 } };

    expect(failAll(aMap(2, map), 0).succeed("load[1]").state("load")).toBe("success");
    expect(failAll(aMap(1, map), 0).state("load")).toBe("success");
  });

  test("with its run, as that ended", () => {
    const cancelled = aMap(2).cancel();
    for (const name of ["load[0]", "load[1]"]) cancelled.see(name, { status: "closed", reason: "cancelled" });
    const late = aMap(2, {}, {}, { runTimeoutMs: HOUR_MS }).after(HOUR_MS).wake();
    for (const name of ["load[0]", "load[1]"]) late.see(name, { status: "closed", reason: "run_timeout" });

    expect([cancelled, late].map((scene) => [scene.state("load"), scene.detail("load")?.cause])).toEqual([
      ["skipped", { code: "cancelled", text: "the run was cancelled by ann" }],
      ["failed", { code: "run_timeout", text: "the run ran longer than its timeout" }],
    ]);
  });

  test("by itself if its instances had all ended when its run was cancelled", () => {
    const tasks = [aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list") }), aTaskSpec("z")];
    const scene = aScene(tasks).giveList("list", 1).cancel();

    scene.see("load[0]", { status: "finished", outcome: { kind: "success", output: { kind: "none" } } });

    expect(scene.state("load")).toBe("skipped");
  });

  test("in chunks with its run, as that ended", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(chunkEnds(0)).cancel();

    scene.tell(chunkEnds(1, { version: 2, heard: 2, success: 0, skipped: 2, cut: true }));

    expect([scene.state("load"), scene.detail("load")?.cause?.code]).toEqual(["skipped", "cancelled"]);
  });

  test("in chunks by itself, if none of them was cut short", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(chunkEnds(0)).cancel();

    scene.tell(chunkEnds(1, { version: 2, heard: 2 }));

    expect(scene.state("load")).toBe("success");
  });
});

describe("a map of which too many instances failed", () => {
  const RETRIED = { retry: aRetrySpec({ retries: 1 }) };

  test("starts no more, and says of each why", () => {
    const scene = failAll(aMap(4, { tolerance: { count: 0 }, concurrency: 2 }), 0);

    expect([scene.state("load[2]"), scene.detail("load[2]")]).toEqual([
      "skipped",
      { since: NOON, cause: { code: "tolerance", text: "more instances failed than the map tolerates" } },
    ]);
    expect(scene.state("load")).toBe("deferred");
  });

  test("tries nothing again: what waits for that failed as it did", () => {
    const scene = aMap(3, { tolerance: { count: 0 } }, RETRIED).fail("load[1]");

    failAll(scene, 0);

    expect([scene.state("load[1]"), scene.detail("load[1]")?.cause?.text]).toEqual([
      "failed",
      "Error: the warehouse did not answer",
    ]);
    expect(scene.state("load")).toBe("deferred");
  });

  test("ends with what was at work", () => {
    const scene = failAll(aMap(3, { tolerance: { count: 0 }, concurrency: 1 }), 0);

    expect([scene.state("load"), scene.detail("load")?.cause?.text]).toEqual([
      "failed",
      "1 of 3 instances failed: [0] Error: the warehouse did not answer",
    ]);
  });

  test("may have instances cleared that were passed over", () => {
    const scene = failAll(aMap(2, { tolerance: { count: 0 }, concurrency: 1 }), 0);

    scene.tell(aClear([], { onlyFailed: true }), { type: "admitted", epoch: 1 });

    expect([scene.state("load[0]"), scene.state("load[1]")]).toEqual(["queued", "none"]);
  });
});

describe("a map that is made anew", () => {
  test("counts attempts from above every one that its instances used", () => {
    const scene = failAll(aMap(2), 0).succeed("load[1]");
    scene.tell(clearInstances(0), { type: "admitted", epoch: 1 });
    expect(scene.dispatched()).toEqual(["load[0]#2"]);
    failAll(scene, 0);

    scene.tell(aClear(["load"]), { type: "admitted", epoch: 2 });

    expect(scene.dispatched()).toEqual(["load[0]#3", "load[1]#3"]);
  });

  test("waits until what is at work has been closed", () => {
    const scene = aMap(2)
      .succeed("load[0]")
      .tell(aClear(["load"]));
    expect([scene.state("load"), scene.state("load[1]"), scene.all("close").length]).toEqual([
      "deferred",
      "restarting",
      1,
    ]);

    scene.see("load[1]", { status: "closed", reason: "cleared" });

    expect(scene.dispatched()).toEqual(["load[0]#2", "load[1]#2"]);
  });

  test("tells its chunks to end, and counts from above the attempts that they used", () => {
    const scene = aMap(4, { chunkWidth: 2 })
      .tell(chunkEnds(0, { attempt: 5 }))
      .tell(aClear(["load"]));
    const order = scene
      .all("tell")
      .flatMap(({ effect }) => (effect.kind === "chunk_order" ? [effect.order.end?.reason] : []));
    expect(order).toEqual(["cleared"]);

    scene.tell(chunkEnds(1, { version: 2, heard: 2, attempt: 3, cut: true, success: 0, skipped: 2 }));

    expect(scene.run.tasks.expansions.at(-1)).toMatchObject({ number: 2, attemptBase: 5, length: 4 });
  });

  test("is marked with all of its chunks", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(chunkEnds(0)).tell(aMark("success", "load"));

    expect(handsOf(scene)).toEqual([
      [0, [["success", "all"]]],
      [1, [["success", "all"]]],
    ]);
  });
});

describe("a person's hand on instances", () => {
  test("marks one that is at work once it has been closed, and the map ends with it", () => {
    const scene = aMap(2).succeed("load[0]");
    const selection = aSelection([], { tasks: [{ taskId: "load", mapIndex: 1 }] });
    scene.tell({ type: "mark", selection, to: "success", ...HAND });
    expect([scene.state("load[1]"), scene.all("close").map(({ reason }) => reason)]).toEqual([
      "restarting",
      ["marked"],
    ]);

    scene.see("load[1]", { status: "closed", reason: "marked" });

    expect([scene.state("load[1]"), scene.detail("load[1]")?.cause?.code, scene.state("load")]).toEqual([
      "success",
      "marked",
      "success",
    ]);
  });

  test("marks one that has failed, and the map waits for nobody then", () => {
    const scene = failAll(aMap(2).succeed("load[0]"), 1);
    const selection = aSelection([], { tasks: [{ taskId: "load", mapIndex: 1 }] });

    scene.tell({ type: "mark", selection, to: "success", ...HAND }, { type: "admitted", epoch: 1 });

    expect(scene.states()).toEqual({ list: "success", load: "success", sum: "queued" });
    expect(scene.detail("load[1]")).toEqual({
      since: NOON,
      cause: { code: "marked", text: "marked success by ann: bad data" },
    });
  });

  test("tries one again now that waits for it, by its name or with its task", () => {
    const retried = { retry: aRetrySpec({ retries: 1 }) };
    for (const tasks of [[{ taskId: "load", mapIndex: 1 }], [{ taskId: "load", mapIndex: null }], []]) {
      const scene = aMap(3, {}, retried).fail("load[1]");

      scene.tell({ type: "retry_now", selection: aSelection([], { tasks }), ...HAND });

      expect(scene.dispatched()).toEqual(["load[1]#2"]);
    }
  });

  test("clears in chunks what failed there, or was cut short", () => {
    const some = { success: 1, failed: 1 };
    const failed = aMap(6, { chunkWidth: 2 }).tell(chunkEnds(0), chunkEnds(1, some), chunkEnds(2));

    const hands = [["none", "failed"]];
    // Of the others it is known that nothing in them failed.
    expect(handsOf(failed.tell(aClear([], { onlyFailed: true })))).toEqual([[1, hands]]);
  });

  test("of a cleared instance that lies in a chunk goes with its whole map, if what gives the list is cleared", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(chunkEnds(0), chunkEnds(1)).succeed("sum");
    const tasks = [
      { taskId: "list", mapIndex: null },
      { taskId: "load", mapIndex: 3 },
    ];

    scene.tell({ type: "clear", selection: aSelection([], { tasks }), ...HAND });

    expect([scene.state("load"), handsOf(scene).filter(([, hands]) => (hands as unknown[]).length > 0)]).toEqual([
      "none",
      [],
    ]);
  });

  test("runs again what its run's end cut short, instance by instance", () => {
    const scene = aMap(3).succeed("load[0]").cancel();
    for (const name of ["load[1]", "load[2]"]) scene.see(name, { status: "closed", reason: "cancelled" });

    scene.tell(aClear(["sum"]), { type: "admitted", epoch: 1 });

    expect(scene.dispatched()).toEqual(["load[1]#2", "load[2]#2"]);
  });
});
