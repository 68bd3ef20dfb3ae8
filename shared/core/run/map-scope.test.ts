import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HAND,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aClear,
  aMapSpec,
  aMark,
  aPauseOf,
  aRetryNow,
  aRetrySpec,
  aScene,
  aTaskSpec,
  aTaskTable,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import type { TaskSpec } from "../manifest.ts";
import { planOf, transitionsOf } from "../plan.ts";
import type { Cause, ChunkOrder } from "../run.ts";
import { plus } from "../time.ts";
import { isCut } from "./draft.ts";
import { lastAttempt, transitionsMax } from "./instances.ts";

type Report = Extract<RunEvent, { type: "chunk_report" }>;

const BROKEN = { class: "permanent" } as const;
const skipped = { kind: "skipped", reason: "nothing to do" } as const;

/** `load` is mapped over the items of `list`; `sum` takes the results; `other` goes on beside them. */
const aMap = (
  length: number,
  map: Parameters<typeof aMapSpec>[1] = {},
  sum: Parameters<typeof aTaskSpec>[1] = {},
): Scene =>
  aScene([
    aTaskSpec("list"),
    aTaskSpec("load", { after: ["list"], map: aMapSpec("list", map) }),
    aTaskSpec("sum", { after: ["load"], ...sum }),
    aTaskSpec("other"),
  ]).giveList("list", length);
const clearing = (...indexes: readonly number[]) => ({
  ...aClear([], { tasks: indexes.map((mapIndex) => ({ taskId: "load", mapIndex })) }),
  ...HAND,
});
const report = (index: number, version: number, more: Partial<Report> = {}): Report => ({
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
  ...more,
});
const orders = (scene: Scene): readonly (readonly [number, ChunkOrder])[] =>
  scene
    .all("tell")
    .flatMap(({ effect }) => (effect.kind === "chunk_order" ? [[effect.index, effect.order] as const] : []));
const indexes = (scene: Scene): readonly unknown[] =>
  orders(scene).map(([index, { hands }]) => [index, ...hands.map((hand) => hand.indexes)]);

describe("a mapped task", () => {
  test("without a list, where its rule lets it run, is skipped and says why", () => {
    const load = aTaskSpec("load", { after: ["list"], rule: "all_done", map: aMapSpec("list") });
    const scene = aScene([aTaskSpec("list"), load]).fail("list", BROKEN);

    expect([scene.state("load"), scene.detail("load")?.cause]).toEqual([
      "skipped",
      { code: "empty_map", text: "there is no list to map over: 'list' is failed" },
    ]);
  });

  test("that was to be made anew ends with its run when that is cancelled", () => {
    const scene = aMap(2)
      .tell(aClear(["load"]))
      .tell(CANCEL);
    for (const id of ["load[0]", "load[1]", "other"]) scene.see(id, { status: "closed", reason: "cancelled" });

    expect([scene.run.state, scene.state("load"), scene.state("load[0]")]).toEqual(["cancelled", "skipped", "skipped"]);
  });

  test("ends with its run although an instance had failed before", () => {
    const scene = aMap(2).fail("load[0]", BROKEN).tell(CANCEL);
    for (const id of ["load[1]", "other"]) scene.see(id, { status: "closed", reason: "cancelled" });

    expect([scene.state("load"), scene.detail("load")?.cause?.code]).toEqual(["skipped", "cancelled"]);
  });

  test("of which a cleared instance can no longer run says why, and leaves what the others came to", () => {
    const scene = aMap(3).succeed("load[0]").fail("load[1]", BROKEN).succeed("other");
    scene.tell(scene.completed("load[2]", skipped)).tell(aClear(["list"]), { type: "admitted", epoch: 1 });
    scene.tell(clearing(1)).fail("list", BROKEN);

    expect(["load[0]", "load[1]", "load[2]"].map((id) => scene.state(id))).toEqual([
      "success",
      "upstream_failed",
      "skipped",
    ]);
    expect([scene.state("load"), scene.detail("load")?.cause?.text]).toEqual([
      "upstream_failed",
      "all_success: 'list' failed",
    ]);
  });

  test("waits for its instances since it did first, whatever is cleared meanwhile", () => {
    const scene = aMap(2).fail("load[0]", BROKEN).after(MINUTE_MS).tell(clearing(0));

    expect([scene.detail("load")?.since, scene.dispatched()]).toEqual([NOON, ["load[0]#2"]]);
  });

  test("taken for done leaves of its instances those that were", () => {
    const scene = aMap(2).succeed("load[0]").tell(aMark("success", "load"));

    expect([scene.detail("load[0]"), scene.state("load[1]")]).toEqual([undefined, "restarting"]);
  });

  test("tells its hook how its instances failed, and nothing of other tasks", () => {
    const hooks = { onSuccess: false, onFailure: true, onRetry: false };
    const scene = aScene([
      aTaskSpec("list"),
      aTaskSpec("broken"),
      aTaskSpec("load", { after: ["list"], map: aMapSpec("list"), hooks }),
    ]).giveList("list", 2);
    scene.fail("broken", BROKEN).succeed("load[0]").fail("load[1]", BROKEN);

    expect(scene.all("dispatch").map(({ subject }) => subject?.failed)).toEqual([
      [{ taskId: "load", cause: "1 of 2 instances failed: [1] Error: the warehouse did not answer" }],
    ]);
  });

  test("gives an instance the item of its own list, not of a newer one that has just come", () => {
    const scene = aMap(3).succeed("load[0]", "load[2]", "other").fail("load[1]", BROKEN);
    scene
      .tell(aClear(["list"]), { type: "admitted", epoch: 1 })
      .tell(clearing(1))
      .giveList("list", 3);

    expect(scene.all("dispatch").map(({ item }) => item)).toEqual([{ over: "list", attempt: 1, length: 3 }]);
  });
});

describe("a task after a map in chunks", () => {
  test.each<[TaskSpec["rule"], Partial<Report>, string]>([
    ["one_success", { success: 1, open: 1 }, "queued"],
    ["none_skipped", { skipped: 1, open: 1 }, "skipped"],
    ["one_failed", { failed: 1, open: 1 }, "queued"],
    ["all_success", { success: 1, open: 1 }, "none"],
  ])("is decided by how their instances stand: %s", (rule, counts, state) => {
    expect(
      aMap(4, { chunkWidth: 2 }, { rule })
        .tell(report(0, 1, counts))
        .state("sum"),
    ).toBe(state);
  });
});

describe("chunks of a map", () => {
  test("are held until a run that had ended is admitted again", () => {
    const ended = { ended: true, open: 0 };
    const scene = aMap(4, { chunkWidth: 2 }).succeed("other");
    scene.tell(report(0, 1, { ...ended, success: 2 }), report(1, 1, { ...ended, failed: 2 })).tell(clearing(3));
    expect(orders(scene).map(([index, { held }]) => [index, held])).toEqual([[1, true]]);

    scene.tell({ type: "admitted", epoch: 1 });

    expect(orders(scene).map(([index, { held }]) => [index, held])).toEqual([[1, false]]);
  });

  test("are not told again what they have yet to hear, because another one has told something", () => {
    const scene = aMap(4, { chunkWidth: 2 }).tell(clearing(3));
    expect(indexes(scene)).toEqual([[1, [3]]]);

    expect(indexes(scene.tell(report(0, 1, { success: 1, open: 1 })))).toEqual([]);
  });

  test("are each told of their own instances", () => {
    expect(indexes(aMap(6, { chunkWidth: 2 }).tell(clearing(0, 3)))).toEqual([
      [0, [0]],
      [1, [3]],
    ]);
  });

  test("are known to need less as instances end, without being told", () => {
    const scene = aMap(6, { chunkWidth: 2, concurrency: 3 }).tell(report(0, 1, { success: 1, open: 1 }));

    expect(orders(scene).map(([index]) => index)).toEqual([1]);
    expect(scene.run.tasks.expansions[0]?.chunks?.map(({ allowance }) => allowance)).toEqual([1, 2, 0]);
  });

  test("that passed over what too many failures kept from running are cleared with those that failed", () => {
    const ended = { ended: true, open: 0 };
    const scene = aMap(4, { chunkWidth: 2, tolerance: { count: 0 } }).tell(report(0, 1, { ...ended, failed: 2 }));
    scene.tell(
      report(1, 1, { ...ended, heard: 2, skipped: 2 }),
      scene.completed("other", { kind: "success", output: { kind: "none" } }),
    );
    scene.tell(aClear([], { onlyFailed: true }));

    expect(indexes(scene)).toEqual([
      [0, "failed"],
      [1, "failed"],
    ]);
  });

  test("that have all ended hear nothing of a retry, which changes nothing", () => {
    const ended = { ended: true, open: 0, success: 2 };
    const scene = aMap(4, { chunkWidth: 2 }).tell(report(0, 1, ended), report(1, 1, ended));

    expect([scene.tell(aRetryNow("load")).state("load"), orders(scene), scene.changed]).toEqual(["success", [], false]);
  });
});

describe("a task that was sent", () => {
  test("is not sent again by an echo while somebody holds it back", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })]);
    const echo = scene.completed("a", { kind: "success", output: { kind: "none" } });

    expect(scene.tell(echo).tell(aPauseOf("b")).tell(echo).dispatched()).toEqual([]);
  });

  test("is looked at before its time to be taken is over, however often it was sent again", () => {
    const scene = aScene([aTaskSpec("a", { queuedTimeoutMs: MINUTE_MS })])
      .after(45 * SECOND_MS)
      .see("a", null);

    expect([scene.dispatched(), scene.detail("a")?.due]).toEqual([["a#1"], plus(NOON, MINUTE_MS)]);
  });

  test("is looked at for its run while it is paused, unlike one that waits for its next try", () => {
    const due = (scene: Scene) => scene.tell(aPauseOf("a")).after(HOUR_MS).tell(aPauseOf("z")).run.due;
    const tasks = [aTaskSpec("a", { retry: aRetrySpec({ retries: 1 }) }), aTaskSpec("z", { after: ["a"] })];

    expect(due(aScene(tasks))).not.toBeNull();
    expect(due(aScene(tasks).fail("a"))).toBeNull();
  });
});

describe("what the end of a run cut short", () => {
  const cause = (code: string): Cause => ({ code, text: "" }) as Cause;

  test.each([
    ["cancelled", true],
    ["run_timeout", true],
    ["deadlock", true],
    ["transition_budget", true],
    ["rule", false],
    ["author_skip", false],
  ])("%s: %s", (code, cut) => {
    const detail = { since: NOON, cause: cause(code) };

    expect(isCut(aTaskTable([{ state: "skipped", detail }]), 0)).toBe(cut);
    expect(isCut(aTaskTable([{ state: "none", detail }]), 0)).toBe(false);
  });

  test("is nothing of which no cause is known", () => {
    expect(isCut(aTaskTable(["failed"]), 0)).toBe(false);
  });
});

describe("what instances may spend", () => {
  test("is as many state changes more as there are rows", () => {
    const { run, manifest } = aMap(7);
    const plan = planOf(manifest);
    const each = transitionsOf(aTaskSpec("load"));

    expect(transitionsMax({ plan, expansions: run.tasks.expansions })).toBe(plan.transitionsMax + 7 * each);
  });

  test("is one try and its retries, above losses and what came before it was cleared", () => {
    const detail = { since: NOON, losses: 2, triesBefore: 10 };
    const table = aTaskTable([{ state: "queued", attempt: 11, detail }, "queued"]);
    const last = (slot: number) => lastAttempt(table, slot, { retry: aRetrySpec({ retries: 3 }) });

    expect([last(0), last(1)]).toEqual([16, 4]);
  });
});
