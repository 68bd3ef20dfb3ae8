import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HAND,
  aClear,
  aMapSpec,
  aMark,
  aRetryNow,
  aScene,
  aTaskSpec,
  anUpstream,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunAction, TaskRef } from "../operation.ts";
import type { Run } from "../run.ts";
import { judge } from "./operate.ts";

const BROKEN = { class: "permanent" } as const;
const HOOKED = { hooks: { onSuccess: false, onFailure: true } };

const judged = ({ run, manifest, now }: Scene, action: RunAction, more: Partial<Run> = {}) =>
  judge({ ...run, ...more }, manifest, { ...HAND, ...action }, now);
/** `b: follows`, of an instance `load[1]: selected`. */
const why = (...given: Parameters<typeof judged>): readonly string[] =>
  judged(...given).changes.map(
    ({ taskId, mapIndex, because }) => `${taskId}${mapIndex === null ? "" : `[${mapIndex}]`}: ${because}`,
  );
const problems = (...given: Parameters<typeof judged>): readonly string[] =>
  judged(...given).problems.map(({ code, message }) => `${code} ${message}`);
const naming = (...refs: readonly (readonly [string, number | null])[]): readonly TaskRef[] =>
  refs.map(([taskId, mapIndex]) => ({ taskId, mapIndex }));
const clearing = (refs: readonly TaskRef[], more: Parameters<typeof aClear>[1] = {}): RunAction =>
  aClear([], { ...more, tasks: refs });

/** `list` gives so many items, `load` is mapped over them, `sum` takes the results. */
const aMap = (length: number, map: Parameters<typeof aMapSpec>[1] = {}, other = false): Scene =>
  aScene([
    aTaskSpec("list"),
    aTaskSpec("load", { after: ["list"], map: aMapSpec("list", map) }),
    aTaskSpec("sum", { after: ["load"] }),
    ...(other ? [aTaskSpec("other")] : []),
  ]).giveList("list", length);

const ordersOf = (scene: Scene): readonly unknown[] =>
  scene.all("tell").flatMap(({ effect }) => (effect.kind === "chunk_order" ? [effect.order] : []));

describe("a selection that names what there is not", () => {
  const scene = (): Scene => aScene([aTaskSpec("extract"), aTaskSpec("load")], HOOKED);

  test("tells which version the run has, and what that has", () => {
    expect(problems(scene(), aClear(["x"]))).toEqual([
      "TASK_NOT_FOUND run 'orders.run-1' runs version aaaaaaaaaaaa of dag 'orders', which has no task 'x'; it has extract, load",
    ]);
  });

  test("tells that a task is gone with the version before", () => {
    expect(problems(scene(), aClear(["cleanse"]), { formerAttempts: { cleanse: 2 } })[0]).toMatch(
      /which no longer has the task 'cleanse'; it has extract, load$/u,
    );
    expect(problems(scene(), aClear(["x"]), { formerAttempts: { cleanse: 2 } })[0]).toMatch(/which has no task 'x'/u);
  });

  test("has no hooks to name", () => {
    expect(problems(scene(), aClear(["$onFailure"]))[0]).toMatch(/has no task '\$onFailure'/u);
  });

  test("tells how many instances there are", () => {
    const message = (index: number) => `TASK_NOT_FOUND task 'load' has no instance ${index}; it has 2, from 0 to 1`;

    expect(problems(aMap(2), clearing(naming(["load", 2], ["load", 7])))).toEqual([message(2), message(7)]);
    expect(problems(aMap(2), clearing(naming(["load", 1])))).toEqual([]);
  });

  test("tells that there are no instances yet, or never will be", () => {
    const early = aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list") })]);

    expect(problems(early, clearing(naming(["load", 0], ["list", 3])))).toEqual([
      "TASK_NOT_FOUND task 'load' has no instances in this run: it has not come to its list",
      "TASK_NOT_FOUND task 'list' is not mapped: it has no instance 3; leave out [3]",
    ]);
  });
});

test("a refusal names five tasks, and how many more there are", () => {
  const ids = ["a", "b", "c", "d", "e", "f", "g"];
  const scene = aScene(ids.map((id) => aTaskSpec(id)));
  const five = "'a' (queued), 'b' (queued), 'c' (queued), 'd' (queued), 'e' (queued)";

  expect(problems(scene, aRetryNow(...ids.slice(0, 6)))[0]).toContain(`next try: ${five} and 1 more; `);
  expect(problems(scene, aRetryNow(...ids.slice(0, 5)))[0]).toContain(`next try: ${five}; `);
});

describe("a selection", () => {
  const TASKS = [
    aTaskSpec("a"),
    aTaskSpec("b", { after: ["a"] }),
    aTaskSpec("c", { upstream: [anUpstream("b", { optional: true })] }),
    aTaskSpec("d", { after: ["b", "c"] }),
  ];
  const done = (): Scene => aScene(TASKS).succeed("a").succeed("b").succeed("c").succeed("d");

  test("reaches up through all that it depends on, however far and whether it had to be there or not", () => {
    expect(why(done(), aClear(["d"], { upstream: true }))).toEqual([
      "a: upstream",
      "b: upstream",
      "c: upstream",
      "d: selected",
    ]);
    expect(why(done(), aClear(["c"], { upstream: true }))).toEqual(["a: upstream", "b: upstream", "c: selected"]);
  });

  test("has chosen by name what its neighbours would have brought along as well", () => {
    expect(why(done(), aClear(["a", "c"], { downstream: true, upstream: true }))).toEqual([
      "a: selected",
      "b: upstream",
      "c: selected",
      "d: downstream",
    ]);
  });

  test("reaches from an instance to what comes after its task", () => {
    const scene = aMap(2).succeed("load[0]", "load[1]").succeed("sum");

    expect(why(scene, clearing(naming(["load", 1]), { downstream: true }))).toEqual([
      "load: instances",
      "sum: downstream",
      "load[1]: selected",
    ]);
  });

  test("reaches from an instance to the list, and takes the whole map with it", () => {
    const scene = aMap(2).succeed("load[0]", "load[1]").succeed("sum");

    expect(why(scene, clearing(naming(["load", 1]), { upstream: true }))).toEqual(["list: upstream", "load: selected"]);
  });

  test("reaches from an instance in a chunk to the list, and ends the chunks instead of asking for that one", () => {
    const action = { ...aClear([], { tasks: naming(["load", 1]), upstream: true }), ...HAND };
    const scene = aMap(4, { chunkWidth: 2 }).tell(action);

    expect([scene.state("list"), scene.detail("load")?.target?.to]).toEqual(["queued", "none"]);
    expect(ordersOf(scene)).toMatchObject([
      { end: { reason: "cleared" }, hands: [] },
      { end: { reason: "cleared" }, hands: [] },
    ]);
  });

  test("of what failed leaves chunks alone in which nothing has", () => {
    const scene = aMap(4, { chunkWidth: 2 }, true).fail("other", BROKEN);
    scene.tell(aClear([], { onlyFailed: true }));

    expect([scene.state("other"), ordersOf(scene)]).toEqual(["queued", []]);
  });

  test("of two instances in one chunk is one order to it", () => {
    const action = { ...aClear([], { tasks: naming(["load", 2], ["load", 3]) }), ...HAND };

    expect(ordersOf(aMap(4, { chunkWidth: 2 }).tell(action))).toMatchObject([{ hands: [{ indexes: [2, 3] }] }]);
  });
});

describe("with what is cleared goes", () => {
  const chooser = (chosen: readonly string[]): Scene => {
    const tasks = [
      aTaskSpec("choose", { kind: "branch" }),
      aTaskSpec("left", { after: ["choose"] }),
      aTaskSpec("right", { after: ["choose"] }),
    ];
    const scene = aScene(tasks);
    return scene.tell(scene.completed("choose", { kind: "success", output: { kind: "none" }, chosen }));
  };

  test("what was not chosen by it", () => {
    expect(why(chooser(["left"]).succeed("left"), aClear(["choose"]))).toEqual(["choose: selected", "right: follows"]);
  });

  test("what was skipped by its rule, and not what skipped itself", () => {
    const scene = aScene([
      aTaskSpec("a"),
      aTaskSpec("b", { after: ["a"], rule: "all_done" }),
      aTaskSpec("c", { after: ["a"] }),
    ]);
    scene.tell(scene.completed("a", { kind: "skipped", reason: "nothing new" }));
    scene.tell(scene.completed("b", { kind: "skipped", reason: "nothing new" }));

    expect(scene.states()).toEqual({ a: "skipped", b: "skipped", c: "skipped" });
    expect(why(scene, aClear(["a"]))).toEqual(["a: selected", "c: follows"]);
  });

  const SET_UP = [
    aTaskSpec("cluster", { role: "setup" }),
    aTaskSpec("work", { after: ["cluster"] }),
    aTaskSpec("deep", { after: ["work"] }),
    aTaskSpec("stop", { after: ["deep"], role: "teardown", setups: ["cluster"], rule: "all_done_setup_success" }),
  ];
  const takenDown = (): Scene => aScene(SET_UP).succeed("cluster").succeed("work").succeed("deep").succeed("stop");

  test("the setup that it works within, without depending on it", () => {
    expect(why(takenDown(), aClear(["deep"]))).toEqual(["cluster: setup", "deep: selected", "stop: teardown"]);
  });

  test("with a teardown nothing: it is taken down once more", () => {
    expect(why(takenDown(), aClear(["stop"]))).toEqual(["stop: selected"]);
  });

  test("with a teardown nothing, although it depends on its setup", () => {
    const stop = { role: "teardown", setups: ["cluster"], rule: "all_done_setup_success" } as const;
    const tasks = [aTaskSpec("cluster", { role: "setup" }), aTaskSpec("stop", { after: ["cluster"], ...stop })];
    const scene = aScene(tasks).succeed("cluster").succeed("stop");

    expect(why(scene, aClear(["stop"]))).toEqual(["stop: selected"]);
  });

  test("a map of which an instance could not run because of it", () => {
    const load = aTaskSpec("load", { after: ["list", "x"], map: aMapSpec("list") });
    const scene = aScene([aTaskSpec("list"), aTaskSpec("x"), load])
      .succeed("x")
      .giveList("list", 2);
    scene
      .succeed("load[0]")
      .fail("load[1]", BROKEN)
      .tell(aClear(["x"]), { type: "admitted", epoch: 1 });
    scene.tell({ ...aClear([], { tasks: naming(["load", 1]) }) }).fail("x", BROKEN);
    expect(scene.state("load[1]")).toBe("upstream_failed");

    expect(why(scene, aClear(["x"]))).toEqual(["x: selected", "load: follows"]);
  });

  test("with a setup its teardown", () => {
    expect(why(takenDown(), aClear(["cluster"]))).toEqual(["cluster: selected", "stop: teardown"]);
  });

  test("with what is taken for done nothing that was set up for it", () => {
    expect(why(takenDown(), aMark("failed", "deep"))).toEqual(["deep: selected"]);
  });

  test("the setup as soon as one of its teardowns is at work", () => {
    const more = aTaskSpec("also", {
      after: ["deep", "slow"],
      role: "teardown",
      setups: ["cluster"],
      rule: "all_done_setup_success",
    });
    const scene = aScene([...SET_UP, aTaskSpec("slow", { after: ["cluster"] }), more]);
    scene.succeed("cluster").succeed("work").succeed("deep").succeed("stop");

    expect(scene.states()).toMatchObject({ stop: "success", also: "none" });
    expect(why(scene, aClear(["deep"]))).toEqual(["cluster: setup", "deep: selected", "stop: teardown"]);
  });
});

describe("a run that goes on", () => {
  test("takes up of a map the instances that its end kept from running", () => {
    const scene = aMap(3, {}, true).fail("load[0]", BROKEN).succeed("load[1]").tell(CANCEL);
    scene.see("load[2]", { status: "closed", reason: "cancelled" });
    scene.see("other", { status: "closed", reason: "cancelled" });
    expect(scene.run.state).toBe("cancelled");

    expect(why(scene, clearing(naming(["load", 0])))).toEqual([
      "load: instances",
      "sum: follows",
      "other: unfinished",
      "load[0]: selected",
      "load[2]: unfinished",
    ]);
    expect(why(scene, clearing(naming(["load", 2])))).toContain("load[2]: selected");
  });

  test("gives what could not run below a task taken for done another chance, whatever kept it", () => {
    const scene = aScene([
      aTaskSpec("a"),
      aTaskSpec("x"),
      aTaskSpec("b", { after: ["a"], rule: "all_done" }),
      aTaskSpec("c", { after: ["b", "x"] }),
      aTaskSpec("y", { after: ["x"] }),
    ]);
    scene.fail("a", BROKEN).fail("x", BROKEN).succeed("b");

    expect(why(scene, aMark("success", "a"))).toEqual(["a: selected", "c: follows"]);
  });
});
