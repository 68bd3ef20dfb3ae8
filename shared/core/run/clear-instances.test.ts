import { describe, expect, test } from "vitest";
import {
  aClear,
  aMapSpec,
  aMark,
  aRetrySpec,
  aScene,
  aSelection,
  aTaskSpec,
  HAND,
  NOON,
  type Scene,
} from "../../../test/builders/index.ts";
import type { MapSpec, TaskSpec } from "../manifest.ts";
import type { RunAction, Signature } from "../operation.ts";
import { advance } from "./advance.ts";
import { newChunk } from "./chunk.ts";

/** `list` gives `length` items, `load` is mapped over them, `sum` takes the results. */
const aMap = (length: number, map: Partial<MapSpec> = {}, overrides: Partial<TaskSpec> = {}): Scene => {
  const list = { taskId: "list" as TaskSpec["taskId"], input: null, optional: false };
  const load = aTaskSpec("load", { upstream: [list], map: aMapSpec("list", map), ...overrides });
  return aScene([aTaskSpec("list"), load, aTaskSpec("sum", { after: ["load"] })]).giveList("list", length);
};

const clearInstances = (...indexes: readonly number[]): RunAction & Signature => ({
  type: "clear",
  selection: aSelection([], { tasks: indexes.map((mapIndex) => ({ taskId: "load", mapIndex })) }),
  ...HAND,
});

describe("an operator's hand on a mapped task", () => {
  const BROKEN = { class: "permanent" } as const;

  test("clears one failed instance and what depended on it, and touches no other", () => {
    const scene = aMap(3).fail("load[1]", BROKEN).succeed("load[0]", "load[2]");
    scene.tell(clearInstances(1), { type: "admitted", epoch: 1 });

    expect(scene.dispatched()).toEqual(["load[1]#2"]);
    expect(scene.states()).toEqual({ list: "success", load: "deferred", sum: "none" });
    expect(scene.succeed("load[1]").dispatched()).toEqual(["sum#1"]);
  });

  test("clears what failed, and of a mapped task only the instances that did", () => {
    const scene = aMap(3).fail("load[1]", BROKEN).succeed("load[0]", "load[2]");
    scene.tell(aClear([], { onlyFailed: true }), { type: "admitted", epoch: 1 });

    expect(scene.dispatched()).toEqual(["load[1]#2"]);
  });

  test("gives a cleared instance a full set of retries", () => {
    const scene = aMap(1, {}, { retry: aRetrySpec({ retries: 1 }) })
      .fail("load[0]")
      .after(60_000)
      .wake()
      .fail("load[0]");
    scene.tell(clearInstances(0), { type: "admitted", epoch: 1 }).fail("load[0]");

    expect(scene.state("load[0]")).toBe("up_for_retry");
  });

  test("clears the whole map only once all of its attempts are closed, and starts above them", () => {
    const scene = aMap(2)
      .succeed("load[0]")
      .tell(aClear(["load"]));

    expect(scene.dispatched()).toEqual([]);
    expect(scene.all("close")).toMatchObject([{ key: { mapIndex: 1 }, reason: "cleared" }]);
    scene.see("load[1]", { status: "closed", reason: "cleared" });
    expect(scene.dispatched()).toEqual(["load[0]#2", "load[1]#2"]);
    expect(scene.run.tasks.expansions).toMatchObject([{ number: 2, attemptBase: 1, base: 3, rows: 2 }]);
    expect(scene.run.tasks.states.length).toBe(5);
  });

  test("makes the map anew from the list as it is then", () => {
    const scene = aMap(2)
      .succeed("load[0]", "load[1]")
      .succeed("sum")
      .tell(aClear(["list"], { downstream: true }));
    scene.tell({ type: "admitted", epoch: 1 }).giveList("list", 3);

    expect(scene.dispatched()).toEqual(["load[0]#2", "load[1]#2", "load[2]#2"]);
  });

  /** `load[1]` was cleared while `list` was, too, and runs again. */
  const clearedBelow = (map: Partial<MapSpec> = {}): Scene =>
    aMap(3, map)
      .fail("load[1]", BROKEN)
      .succeed("load[0]", "load[2]")
      .tell(aClear(["list"]), { type: "admitted", epoch: 1 })
      .tell(clearInstances(1));

  test("lets a cleared instance wait for what is above it and runs again", () => {
    const scene = clearedBelow();

    expect(scene.dispatched()).toEqual([]);
    expect(scene.giveList("list", 3).dispatched()).toEqual(["load[1]#2"]);
  });

  test("ends a cleared instance as what is above it lets it, and its task with it", () => {
    const scene = clearedBelow().fail("list", BROKEN);

    expect(scene.state("load[1]")).toBe("upstream_failed");
    expect(scene.states()).toEqual({ list: "failed", load: "upstream_failed", sum: "upstream_failed" });
    expect(scene.detail("load")?.cause?.text).toBe("all_success: 'list' failed");
  });

  test("makes a map anew whose instance could not run, once what is above it is cleared again", () => {
    const scene = clearedBelow().fail("list", BROKEN);
    scene.tell(aClear(["list"]), { type: "admitted", epoch: 2 }).giveList("list", 2);

    expect(scene.dispatched()).toEqual(["load[0]#2", "load[1]#2"]);
  });

  test("makes the map anew if an instance is cleared together with the list", () => {
    const scene = aMap(2).succeed("load[0]", "load[1]").succeed("sum");
    scene.tell(
      {
        type: "clear",
        selection: aSelection(["list"], {
          tasks: [
            { taskId: "list", mapIndex: null },
            { taskId: "load", mapIndex: 1 },
          ],
        }),
        ...HAND,
      },
      { type: "admitted", epoch: 1 },
    );

    expect(scene.giveList("list", 3).dispatched()).toEqual(["load[0]#2", "load[1]#2", "load[2]#2"]);
  });

  const orders = (scene: Scene): unknown[] =>
    scene.all("tell").flatMap(({ effect }) => (effect.kind === "chunk_order" ? [effect.order] : []));
  const report = (index: number, version: number, failed: number) =>
    ({
      type: "chunk_report",
      expansion: 1,
      index,
      version,
      heard: version,
      ended: true,
      success: 2 - failed,
      skipped: 0,
      failed,
      open: 0,
      attempt: 1,
      retried: false,
      cut: false,
      barred: false,
      failures: [],
    }) as const;

  test("holds cleared instances of chunks until what is above them has run again", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(report(0, 1, 0), report(1, 1, 1));
    scene.tell(aClear(["list"]), { type: "admitted", epoch: 1 }).tell(clearInstances(3));

    expect(orders(scene)).toMatchObject([{ held: true, hands: [{ indexes: [3] }] }]);
    expect(orders(scene.giveList("list", 4))).toContainEqual(expect.objectContaining({ held: false, stop: false }));
  });

  test("lets chunks go on once a pause is over", () => {
    const pause = { tasks: [], ...HAND } as const;
    const scene = aMap(4, { chunkWidth: 2 })
      .tell({ type: "pause", ...pause })
      .wake();
    const resumed = scene.tell({ type: "resume", ...pause });

    expect(orders(resumed)).toContainEqual(expect.objectContaining({ held: false }));
  });

  test("lets no cleared instance of a chunk run if what is above it fails, and says why", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(report(0, 1, 0), report(1, 1, 1));
    scene
      .tell(aClear(["list"]), { type: "admitted", epoch: 1 })
      .tell(clearInstances(3))
      .fail("list", BROKEN);
    const cause = { code: "rule", text: "all_success: 'list' failed" };
    expect(orders(scene)).toContainEqual(
      expect.objectContaining({ held: false, stop: false, bar: { to: "upstream_failed", cause } }),
    );

    const [, chunk] = scene.run.tasks.expansions[0]?.chunks ?? [];
    scene.tell({ ...report(1, 9, 0), heard: chunk?.ordered ?? 0, success: 1, skipped: 1, barred: true });

    expect(scene.states()).toEqual({ list: "failed", load: "upstream_failed", sum: "upstream_failed" });
  });

  test("ends instances of a chunk that has heard so as what is above them ended, and tells the reason", () => {
    const cause = { code: "rule", text: "all_success: 'list' failed" } as const;
    const parent = aMap(4, { chunkWidth: 2 });
    const [effect] = parent.all("tell").flatMap(({ effect: each }) => (each.kind === "chunk_order" ? [each] : []));
    const chunk = effect && newChunk(parent.run, parent.manifest, effect, NOON);
    if (chunk === undefined) throw new Error("there is no chunk");
    const order = { number: 1, allowance: null, stop: false, held: false, hands: [] };
    const barred = { ...order, bar: { to: "upstream_failed", cause } } as const;

    const { run, commands } = advance(chunk, parent.manifest, [{ type: "chunk_ordered", order: barred }], NOON);

    expect(run.tasks.details[1]?.cause).toEqual(cause);
    expect(run.tasks.details[0]?.cause).toEqual(cause);
    expect(commands).toContainEqual(
      expect.objectContaining({ effect: expect.objectContaining({ kind: "chunk_report", skipped: 2, barred: true }) }),
    );
  });

  test("makes a map anew whose chunks have all ended, with instances above all that were", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(report(0, 1, 0), report(1, 1, 1));
    scene.tell(aClear(["load"]), { type: "admitted", epoch: 1 });

    expect(scene.run.tasks.expansions).toMatchObject([{ number: 2, attemptBase: 1 }]);
    expect(orders(scene)).toMatchObject([{ number: 1 }, { number: 1 }]);
  });

  test("asks only chunks in which something may have failed", () => {
    const scene = aMap(6, { chunkWidth: 2 }).tell(report(0, 1, 0), report(1, 1, 1), report(2, 1, 0));
    scene.tell(aClear([], { onlyFailed: true }), { type: "admitted", epoch: 1 });

    expect(scene.all("tell").flatMap(({ effect }) => (effect.kind === "chunk_order" ? [effect.index] : []))).toEqual([
      1,
    ]);
  });

  test("leaves a map alone whose instances have all ended, where nothing is to be tried again", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(report(0, 1, 0), report(1, 1, 0));
    scene.tell({ type: "retry_now", selection: aSelection([]), ...HAND });

    expect(scene.state("load")).toBe("success");
    expect(orders(scene)).toEqual([]);
  });

  test("decides what comes after it by the instances that are to come, not by those that were", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell({ ...report(0, 1, 1), ended: false, open: 1, success: 0 });
    expect(scene.state("sum")).toBe("upstream_failed");
    scene.tell(aClear(["load"], { downstream: true }));

    expect(scene.states()).toEqual({ list: "success", load: "deferred", sum: "none" });
  });

  test("tries again at once what waits in chunks, of the task or of all of the run", () => {
    for (const tasks of [[], ["load"]]) {
      const scene = aMap(4, { chunkWidth: 2 });
      scene.tell({ type: "retry_now", selection: aSelection(tasks), ...HAND });

      expect(orders(scene)).toMatchObject([{ hands: [{ to: "now" }] }, { hands: [{ to: "now" }] }]);
    }
  });

  test("marks a map as done with all of its instances", () => {
    const scene = aMap(2).fail("load[1]", BROKEN).tell(aMark("success", "load"));
    scene.see("load[0]", { status: "closed", reason: "marked" });

    expect(scene.states()).toEqual({ list: "success", load: "success", sum: "queued" });
  });

  test("is refused for an instance that there is not", () => {
    const before = aMap(2).run;
    const scene = aMap(2).tell(clearInstances(7));

    expect(scene.run.tasks).toEqual(before.tasks);
  });
});
