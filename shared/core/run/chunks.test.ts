import { describe, expect, test } from "vitest";
import {
  HAND,
  aMapSpec,
  aPauseOf,
  aResumeOf,
  aScene,
  aSelection,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import type { MapSpec, TaskSpec } from "../manifest.ts";
import type { RunAction, Signature } from "../operation.ts";

type Report = Extract<RunEvent, { type: "chunk_report" }>;

/** `load` is mapped over the items of `list`, two in each chunk; `sum` takes the results. */
const aWideMap = (length: number, map: Partial<MapSpec> = {}, overrides: Partial<TaskSpec> = {}): Scene => {
  const load = { after: ["list"], map: aMapSpec("list", { chunkWidth: 2, ...map }), ...overrides };
  return aScene([aTaskSpec("list"), aTaskSpec("load", load), aTaskSpec("sum", { after: ["load"] })]).giveList(
    "list",
    length,
  );
};
/** How the two instances of a chunk stand; by itself: both are at work, and it has heard its first order. */
const report = (index: number, version: number, overrides: Partial<Report> = {}): Report => ({
  type: "chunk_report",
  expansion: 1,
  index,
  version,
  heard: 1,
  ended: false,
  success: 0,
  skipped: 0,
  failed: 0,
  open: 2,
  attempt: 1,
  retried: false,
  cut: false,
  barred: false,
  failures: [],
  ...overrides,
});
const done = (index: number, version: number, overrides: Partial<Report> = {}): Report =>
  report(index, version, { ended: true, success: 2, open: 0, ...overrides });
/** What the last decision ordered: of each chunk by its index. */
const orders = (scene: Scene) =>
  scene
    .all("tell")
    .flatMap(({ effect }) => (effect.kind === "chunk_order" ? [[effect.index, effect.order] as const] : []));
const allowances = (scene: Scene) => orders(scene).map(([index, { allowance }]) => [index, allowance]);
const clearInstance = (mapIndex: number): RunAction & Signature => ({
  type: "clear",
  selection: aSelection([], { tasks: [{ taskId: "load", mapIndex }] }),
  ...HAND,
});
const usual = { stop: false, held: false, hands: [] };

describe("a map that is wider than a chunk", () => {
  test("orders each of its chunks to start", () => {
    const scene = aWideMap(5);

    expect(orders(scene)).toEqual([0, 1, 2].map((index) => [index, { number: 1, allowance: null, ...usual }]));
    expect(scene.run.tasks.expansions).toMatchObject([
      { length: 5, rows: 0, chunks: [{ open: 2 }, { open: 2 }, { open: 1 }] },
    ]);
  });

  test("waits until the last chunk has told that it is done", () => {
    const scene = aWideMap(3).tell(done(0, 1));
    expect(scene.states()).toMatchObject({ load: "deferred", sum: "none" });

    scene.tell(done(1, 1, { success: 1 }));

    expect(scene.states()).toMatchObject({ load: "success", sum: "queued" });
  });

  test("hands the results of its chunks to what takes them", () => {
    const scene = aWideMap(3).tell(done(0, 1), done(1, 1, { success: 1 }));

    const name = `${scene.run.runId}.map-1`;
    expect(scene.all("dispatch")[0]?.upstream).toEqual([
      {
        taskId: "load",
        attempt: 0,
        instances: [
          { runId: `${name}-0`, first: 0, length: 2, attempts: [] },
          { runId: `${name}-1`, first: 2, length: 1, attempts: [] },
        ],
      },
    ]);
  });

  test("fails with what its chunks named, three at the most, and counts the others", () => {
    const failures = ["[0] no", "[1] never"];
    const scene = aWideMap(4).tell(
      done(0, 1, { success: 0, failed: 2, failures }),
      done(1, 1, { success: 0, failed: 2, failures: ["[2] not here", "[3] gone"] }),
    );

    expect(scene.detail("load")?.cause?.text).toBe(
      "4 of 4 instances failed: [0] no; [1] never; [2] not here, and 1 more",
    );
  });

  test("is skipped if all of its instances were", () => {
    const scene = aWideMap(3).tell(done(0, 1, { success: 0, skipped: 2 }), done(1, 1, { success: 0, skipped: 1 }));

    expect([scene.state("load"), scene.detail("load")?.cause?.text]).toEqual([
      "skipped",
      "all 3 instances were skipped",
    ]);
  });
});

describe("reports of chunks", () => {
  test.each([
    ["an older one", report(0, 1)],
    ["the same one", report(0, 2)],
    ["one of an earlier expansion", { ...report(0, 3), expansion: 0 }],
    ["one of a chunk that there is not", report(7, 3)],
  ])("are snapshots: %s says nothing after a newer one", (_which, late) => {
    const scene = aWideMap(4).tell(report(0, 2, { open: 1, success: 1 }));
    const before = scene.run;

    expect(scene.tell(late).run).toBe(before);
  });

  test("that do not know of the last order do not end anything", () => {
    const scene = aWideMap(3).tell(done(0, 1), done(1, 1, { success: 1, heard: 0 }));

    expect(scene.state("load")).toBe("deferred");
  });

  test("of a retry are told to the task's hook, once for all instances", () => {
    const hooks = { onSuccess: false, onFailure: false, onRetry: true };
    const scene = aWideMap(4, {}, { hooks }).tell(report(0, 1, { retried: true }));
    expect(scene.dispatched()).toEqual(["load$onRetry#1"]);

    scene.succeed("load$onRetry").tell(report(1, 1, { retried: true }));

    expect(scene.dispatched()).toEqual([]);
  });

  test("without a retry tell no hook", () => {
    const hooks = { onSuccess: false, onFailure: false, onRetry: true };

    expect(aWideMap(4, {}, { hooks }).tell(report(0, 1)).dispatched()).toEqual([]);
  });
});

describe("a limit on what is at work at once", () => {
  test("is shared out to the first chunks", () => {
    expect(allowances(aWideMap(6, { concurrency: 3 }))).toEqual([
      [0, 2],
      [1, 1],
      [2, 0],
    ]);
  });

  test("is passed on as instances end", () => {
    const scene = aWideMap(6, { concurrency: 3 }).tell(report(0, 1, { open: 1, success: 1 }));

    expect(allowances(scene)).toEqual([[1, 2]]);
  });

  test("is passed on from a chunk that is done, which hears nothing more", () => {
    const scene = aWideMap(6, { concurrency: 3 }).tell(done(0, 1));

    expect(allowances(scene)).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test("beyond the instances that there are leaves nothing over", () => {
    expect(allowances(aWideMap(3, { concurrency: 9 }))).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });
});

describe("chunks of a map of which too many instances failed", () => {
  test("are told to stop, but for those that are done", () => {
    const scene = aWideMap(6, { tolerance: { count: 1 } }).tell(done(0, 1, { success: 0, failed: 2 }));

    expect(orders(scene)).toEqual([1, 2].map((index) => [index, { ...usual, number: 2, allowance: null, stop: true }]));
  });

  test("go on as long as it is tolerated", () => {
    const scene = aWideMap(6, { tolerance: { count: 2 } }).tell(done(0, 1, { success: 0, failed: 2 }));

    expect(orders(scene)).toEqual([]);
  });

  test("are told once", () => {
    const scene = aWideMap(6, { tolerance: { count: 0 } }).tell(report(0, 1, { open: 1, failed: 1 }));

    expect(orders(scene.tell(report(0, 2, { open: 0, failed: 2 })))).toEqual([]);
  });
});

describe("chunks and what happens to their run", () => {
  test("a cancelled run ends all that is open in them, and says why", () => {
    const scene = aWideMap(4).tell(done(0, 1)).cancel();

    const end = { reason: "cancelled", cause: { code: "cancelled", text: "the run was cancelled by ann" } };
    expect(orders(scene)).toEqual([[1, { ...usual, number: 2, allowance: null, end }]]);
  });

  test.each([
    ["the run", aPauseOf(), aResumeOf()],
    ["the task", aPauseOf("load"), aResumeOf("load")],
  ])("a pause of %s holds them, until it is over", (_what, pause, resume) => {
    const scene = aWideMap(4).tell(pause);
    expect(orders(scene).map(([, { held }]) => held)).toEqual([true, true]);

    expect(orders(scene.tell(resume)).map(([, { held, number }]) => [held, number])).toEqual([
      [false, 3],
      [false, 3],
    ]);
  });

  test("a pause of another task is nothing to them", () => {
    expect(orders(aWideMap(4).tell(aPauseOf("sum")))).toEqual([]);
  });

  test("a pause while the list is awaited starts them held", () => {
    const load = { after: ["list"], map: aMapSpec("list", { chunkWidth: 2 }) };
    const scene = aScene([aTaskSpec("list"), aTaskSpec("load", load)])
      .tell(aPauseOf("load"))
      .giveList("list", 4);

    expect([scene.state("load"), orders(scene)]).toEqual(["none", []]);
  });
});

describe("what an operator does to instances in chunks", () => {
  test("is told to the chunk that has the instance, with whose hand it was", () => {
    const scene = aWideMap(4).tell(clearInstance(3));

    const cause = { code: "cleared", text: "cleared by ann: bad data" };
    const hands = [{ to: "none", indexes: [3], cause, number: 2 }];
    expect(orders(scene)).toEqual([[1, { ...usual, number: 2, allowance: null, hands }]]);
  });

  test("is told again with each order until the chunk has heard it", () => {
    const scene = aWideMap(4).tell(clearInstance(3)).tell(report(1, 1)).tell(clearInstance(2));

    expect(orders(scene).map(([, { hands }]) => hands.map(({ indexes }) => indexes))).toEqual([[[3], [2]]]);
  });

  test("is told no more once the chunk has heard it", () => {
    const scene = aWideMap(4)
      .tell(clearInstance(3))
      .tell(report(1, 1, { heard: 2 }))
      .tell(clearInstance(2));

    expect(orders(scene).map(([, { hands }]) => hands.map(({ indexes }) => indexes))).toEqual([[[2]]]);
  });
});
