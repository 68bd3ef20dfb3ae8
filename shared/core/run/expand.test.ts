import { describe, expect, test } from "vitest";
import {
  aMapSpec,
  aRetrySpec,
  aScene,
  aSuccess,
  aTaskSpec,
  anUpstream,
  type Scene,
} from "../../../test/builders/index.ts";
import type { MapSpec, TaskSpec } from "../manifest.ts";

const mapped = (map: Partial<MapSpec> = {}, overrides: Partial<TaskSpec> = {}): TaskSpec =>
  aTaskSpec("load", {
    upstream: [{ taskId: "list" as TaskSpec["taskId"], input: null, optional: false }],
    map: aMapSpec("list", map),
    ...overrides,
  });

/** `list` gives `length` items, `load` is mapped over them, `sum` takes the results. */
const aMap = (length: number, map: Partial<MapSpec> = {}, overrides: Partial<TaskSpec> = {}): Scene =>
  aScene([aTaskSpec("list"), mapped(map, overrides), aTaskSpec("sum", { after: ["load"] })]).giveList("list", length);

describe("a task that is mapped over a list", () => {
  test("has an instance for each item, and waits for them", () => {
    const scene = aMap(3);

    expect(scene.dispatched()).toEqual(["load[0]#1", "load[1]#1", "load[2]#1"]);
    expect(scene.state("load")).toBe("deferred");
  });

  test("gives each instance its item", () => {
    const scene = aMap(2);

    expect(scene.all("dispatch").map(({ item }) => item)).toEqual([
      { over: "list", attempt: 1, length: 2, value: "item-0" },
      { over: "list", attempt: 1, length: 2, value: "item-1" },
    ]);
  });

  test("waits for its list, however early its rule holds", () => {
    const list = anUpstream("list", { input: null });
    const tasks = [
      aTaskSpec("list"),
      aTaskSpec("other"),
      mapped({}, { upstream: [list, anUpstream("other")], rule: "one_success" }),
    ];
    const scene = aScene(tasks).succeed("other");

    expect(scene.state("load")).toBe("none");
    expect(scene.giveList("list", 2).dispatched()).toEqual(["load[0]#1", "load[1]#1"]);
  });

  test("passes nulls over", () => {
    const scene = aScene([aTaskSpec("list"), mapped()]);
    const value = [null, "a", null, "b"];
    scene.tell(scene.completed("list", { kind: "success", output: { kind: "inline", value }, mapped: { length: 2 } }));

    expect(scene.all("dispatch").map(({ item }) => item?.value)).toEqual(["a", "b"]);
  });

  test("says where the list lies if it did not come along", () => {
    const list = { kind: "list", key: "runs/r/list.1.json", bytes: 9_000, sha256: "", length: 2 } as const;
    const scene = aScene([aTaskSpec("list"), mapped()]);
    scene.tell(scene.completed("list", { kind: "success", output: list, mapped: { length: 2 } }));

    expect(scene.all("dispatch")[1]?.item).toEqual({ over: "list", attempt: 1, length: 2, list });
  });

  test("tells the task that gives the list who is mapped over it", () => {
    const scene = aScene([aTaskSpec("list"), mapped()]);

    expect(scene.all("dispatch")).toMatchObject([{ key: { taskId: "list" }, mappedBy: ["load"] }]);
  });

  test("succeeds once all of its instances have, and hands their results on", () => {
    const scene = aMap(3).succeed("load[2]", "load[0]").succeed("load[1]");

    expect(scene.state("load")).toBe("success");
    expect(scene.dispatched()).toEqual(["sum#1"]);
    expect(scene.all("dispatch")[0]?.upstream).toEqual([
      {
        taskId: "load",
        attempt: 0,
        instances: [{ runId: scene.run.runId, first: 0, length: 3, attempts: [3, 1] }],
      },
    ]);
  });

  test("fails if an instance did, which it names, and lets the others end", () => {
    const scene = aMap(3).fail("load[1]", { class: "permanent", message: "bad shard" });

    expect(scene.state("load")).toBe("deferred");
    expect(scene.state("sum")).toBe("upstream_failed");
    scene.succeed("load[0]", "load[2]");
    expect(scene.detail("load")?.cause?.text).toBe("1 of 3 instances failed: [1] Error: bad shard");
    expect(scene.run).toMatchObject({ state: "failed" });
  });

  test("is skipped if there are no items", () => {
    const scene = aMap(0);

    expect(scene.states()).toEqual({ list: "success", load: "skipped", sum: "skipped" });
    expect(scene.detail("load")?.cause).toEqual({
      code: "empty_map",
      text: "empty map: the list of 'list' has no items",
    });
  });

  test("is skipped if all of its instances were", () => {
    const scene = aMap(2);
    const skipped = { kind: "skipped", reason: "nothing new" } as const;
    scene.tell(scene.completed("load[0]", skipped), scene.completed("load[1]", skipped));

    expect(scene.states()).toEqual({ list: "success", load: "skipped", sum: "skipped" });
  });

  test.each([
    ["a longer list than it allows", { length: 11 }, "has 11 items; the limit of the map is 10"],
    ["no list", { faults: { load: "expected a list, it gave an object" } }, "it gave an object"],
    ["keys that are the same", { length: 2, faults: { load: "items 0 and 1 have the same key" } }, "the same key"],
    ["nothing that is known of it", {}, "it gave no list"],
  ])("fails on %s", (_what, facts, text) => {
    const scene = aScene([aTaskSpec("list"), mapped()]);
    scene.tell(scene.completed("list", { kind: "success", output: { kind: "none" }, mapped: facts }));

    expect(scene.detail("load")?.cause).toMatchObject({ code: "map_input" });
    expect(scene.detail("load")?.cause?.text).toContain(text);
  });

  test("is skipped where its rule lets it run without a list", () => {
    const scene = aScene([aTaskSpec("list", { allowFailure: true }), mapped({}, { rule: "all_done" })]).fail("list", {
      class: "permanent",
    });

    expect(scene.detail("load")?.cause?.text).toBe("there is no list to map over: 'list' is failed");
  });
});

describe("an instance", () => {
  test("is retried by itself", () => {
    const scene = aMap(2, {}, { retry: aRetrySpec({ retries: 1 }) })
      .fail("load[1]")
      .after(60_000)
      .wake();

    expect(scene.dispatched()).toEqual(["load[1]#2"]);
    expect(scene.attempt("load[0]")).toBe(1);
  });

  test("has its own jitter", () => {
    const retry = aRetrySpec({ retries: 1, jitter: "full", delayMs: 600_000 });
    const scene = aMap(2, {}, { retry }).fail("load[0]").fail("load[1]");

    expect(scene.detail("load[0]")?.due).not.toBe(scene.detail("load[1]")?.due);
  });

  test("hears nothing that is for another one, or for none", () => {
    const scene = aMap(2);
    scene.tell({ ...scene.completed("load[1]", aSuccess()), key: { ...scene.key("load[1]"), mapIndex: 7 } } as never);

    expect(scene.changed).toBe(false);
  });
});

describe("concurrency", () => {
  test("starts so many, and the next in their order as others end", () => {
    const scene = aMap(4, { concurrency: 2 });

    expect(scene.dispatched()).toEqual(["load[0]#1", "load[1]#1"]);
    expect(scene.succeed("load[1]").dispatched()).toEqual(["load[2]#1"]);
  });

  test("gives the place of an instance that waits for its retry to another one", () => {
    const scene = aMap(3, { concurrency: 1 }, { retry: aRetrySpec({ retries: 1 }) }).fail("load[0]");

    expect(scene.dispatched()).toEqual(["load[1]#1"]);
  });

  test("lets a retry that has come due take its turn", () => {
    const retry = aRetrySpec({ retries: 1 });
    const scene = aMap(3, { concurrency: 1 }, { retry }).fail("load[0]").after(60_000).wake();

    expect(scene.dispatched()).toEqual([]);
    expect(scene.succeed("load[1]").dispatched()).toEqual(["load[0]#2"]);
  });
});

describe("a tolerance", () => {
  test("lets the task succeed with failed instances, and the run is degraded", () => {
    const scene = aMap(3, { tolerance: { count: 1 } }).fail("load[1]", { class: "permanent" });
    scene.succeed("load[0]", "load[2]").succeed("sum");

    expect(scene.states()).toEqual({ list: "success", load: "success", sum: "success" });
    expect(scene.run).toMatchObject({ state: "success", degraded: true });
  });

  test("leaves the results of failed instances out", () => {
    const scene = aMap(3, { tolerance: { share: 0.5 } }).fail("load[1]", { class: "permanent" });
    scene.succeed("load[0]", "load[2]");

    expect(scene.all("dispatch")[0]?.upstream[0]?.instances?.[0]?.attempts).toEqual([1, 1, 1, 0, 1, 1]);
  });

  test("starts nothing more once too many have failed, and what is at work ends", () => {
    const scene = aMap(5, { tolerance: { count: 0 }, concurrency: 2 }).fail("load[0]", { class: "permanent" });

    expect(scene.dispatched()).toEqual([]);
    expect([2, 3, 4].map((index) => scene.state(`load[${index}]`))).toEqual(["skipped", "skipped", "skipped"]);
    expect(scene.state("load")).toBe("deferred");
    scene.succeed("load[1]");
    expect(scene.states()).toEqual({ list: "success", load: "failed", sum: "upstream_failed" });
  });

  test("fails what waits for its retry once too many have failed", () => {
    const scene = aMap(2, { tolerance: { count: 0 } }, { retry: aRetrySpec({ retries: 1 }) }).fail("load[0]");
    scene.fail("load[1]", { class: "permanent" });

    expect(scene.state("load[0]")).toBe("failed");
    expect(scene.run.state).toBe("failed");
  });
});

describe("what comes after a mapped task counts its instances", () => {
  test("one_success runs with the first of them", () => {
    const scene = aScene([aTaskSpec("list"), mapped(), aTaskSpec("first", { after: ["load"], rule: "one_success" })]);
    scene.giveList("list", 3).succeed("load[1]");

    expect(scene.dispatched()).toEqual(["first#1"]);
  });

  test("all_done waits for all of them", () => {
    const scene = aScene([aTaskSpec("list"), mapped(), aTaskSpec("last", { after: ["load"], rule: "all_done" })]);
    scene.giveList("list", 2).fail("load[1]", { class: "permanent" });

    expect(scene.state("last")).toBe("none");
    expect(scene.succeed("load[0]").dispatched()).toEqual(["last#1"]);
  });

  test("says how they ended", () => {
    const scene = aMap(3).fail("load[1]", { class: "permanent" });

    expect(scene.detail("sum")?.cause?.text).toBe("all_success: 'load' 1 of 3 failed");
  });
});

describe("hooks of a mapped task", () => {
  const hooks = { onSuccess: true, onFailure: true, onRetry: true };

  test("are told once for all of its instances", () => {
    const scene = aMap(3, {}, { hooks }).succeed("load[0]", "load[1]");

    expect(scene.dispatched()).toEqual([]);
    expect(scene.succeed("load[2]").dispatched()).toEqual(["load$onSuccess#1", "sum#1"]);
  });

  test("are told of the first retry", () => {
    const scene = aMap(2, {}, { hooks, retry: aRetrySpec({ retries: 1 }) }).fail("load[1]");

    expect(scene.dispatched()).toEqual(["load$onRetry#1"]);
    expect(scene.all("dispatch")[0]?.subject?.failed).toMatchObject([{ taskId: "load", cause: /^\[1\] / }]);
    scene.succeed("load$onRetry");
    expect(scene.fail("load[0]").dispatched()).toEqual([]);
  });
});

describe("a run that is cancelled", () => {
  test("ends the instances, then the task that stands for them", () => {
    const scene = aMap(3, { concurrency: 1 }).cancel();

    expect(scene.all("close")).toMatchObject([{ key: { taskId: "load", mapIndex: 0, attempt: 1 } }]);
    expect(scene.state("load[2]")).toBe("skipped");
    scene.see("load[0]", { status: "closed", reason: "cancelled" });
    expect(scene.states()).toEqual({ list: "success", load: "skipped", sum: "skipped" });
    expect(scene.run.state).toBe("cancelled");
  });
});
