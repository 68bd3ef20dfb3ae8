import { describe, expect, test } from "vitest";
import { aClear, aScene, aTaskSpec, anUpstream, type Scene } from "../../../test/builders/index.ts";

const causeOf = (scene: Scene, id: string) => scene.detail(id)?.cause;

describe("a branch", () => {
  const TASKS = [
    aTaskSpec("pick", { kind: "branch" }),
    aTaskSpec("a", { after: ["pick"] }),
    aTaskSpec("b", { after: ["pick"] }),
    aTaskSpec("join", { after: ["pick", "a", "b"], rule: "none_failed_min_one_success" }),
  ];
  const choose = (...chosen: readonly string[]): Scene => {
    const scene = aScene(TASKS);
    return scene.tell(scene.completed("pick", { kind: "success", output: { kind: "none" }, chosen }));
  };

  test("runs what it chose, skips the others, and spares what follows what it chose", () => {
    const scene = choose("a");

    expect(scene.states()).toEqual({ pick: "success", a: "queued", b: "skipped", join: "none" });
    expect(causeOf(scene, "b")).toEqual({ code: "branch", text: "'pick' did not choose it" });
    expect(scene.succeed("a").state("join")).toBe("queued");
  });

  test("may choose several", () => {
    expect(choose("a", "b").dispatched()).toEqual(["a#1", "b#1"]);
  });

  test("may choose a child that others lead to as well, without them", () => {
    expect(choose("join").states()).toEqual({ pick: "success", a: "skipped", b: "skipped", join: "queued" });
  });

  test("that chooses nothing skips all of its children", () => {
    expect(choose().states()).toEqual({ pick: "success", a: "skipped", b: "skipped", join: "skipped" });
  });

  test("that gives no choice at all chooses nothing", () => {
    expect(aScene(TASKS).succeed("pick").state("a")).toBe("skipped");
  });

  test("that names what does not follow it directly fails, and is not tried again", () => {
    const scene = choose("a", "c");

    expect(scene.state("pick")).toBe("failed");
    expect(causeOf(scene, "pick")).toEqual({
      code: "invalid_branch",
      text: "chose 'c', which does not follow it directly; its children are a, b, join",
    });
  });

  test("may choose a whole group by its name", () => {
    const scene = aScene([
      aTaskSpec("pick", { kind: "branch" }),
      aTaskSpec("eu.load", { after: ["pick"] }),
      aTaskSpec("eu.check", { after: ["pick"] }),
      aTaskSpec("europe", { after: ["pick"] }),
    ]);
    scene.tell(scene.completed("pick", { kind: "success", output: { kind: "none" }, chosen: ["eu"] }));

    expect(scene.states()).toMatchObject({ "eu.load": "queued", "eu.check": "queued", europe: "skipped" });
  });

  test("that failed or was skipped leaves its children to their rules", () => {
    const tasks = [aTaskSpec("pick", { kind: "branch" }), aTaskSpec("a", { after: ["pick"], rule: "all_done" })];
    const skipped = aScene(tasks);
    skipped.tell(skipped.completed("pick", { kind: "skipped", reason: "closed" }));

    expect(aScene(tasks).fail("pick").state("a")).toBe("queued");
    expect(skipped.state("a")).toBe("queued");
  });
});

describe("a short circuit", () => {
  const TASKS = [
    aTaskSpec("check", { kind: "shortCircuit" }),
    aTaskSpec("load", { after: ["check"] }),
    aTaskSpec("report", { after: ["load"] }),
    aTaskSpec("cleanup", { after: ["load"], rule: "all_done" }),
  ];
  const answer = (proceed: boolean): Scene => {
    const scene = aScene(TASKS);
    return scene.tell(scene.completed("check", { kind: "success", output: { kind: "none" }, proceed }));
  };

  test("that says no skips its direct children; their rules carry it on", () => {
    expect(answer(false).states()).toEqual({ check: "success", load: "skipped", report: "skipped", cleanup: "queued" });
  });

  test("that says yes runs them", () => {
    expect(answer(true).dispatched()).toEqual(["load#1"]);
  });

  test("does not keep a teardown from taking down what was set up", () => {
    const scene = aScene([
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("check", { kind: "shortCircuit", after: ["cluster"] }),
      aTaskSpec("work", { after: ["check"] }),
      aTaskSpec("stop", {
        role: "teardown",
        rule: "all_done_setup_success",
        setups: ["cluster"],
        after: ["cluster", "check", "work"],
      }),
    ]).succeed("cluster");
    scene.tell(scene.completed("check", { kind: "success", output: { kind: "none" }, proceed: false }));

    expect(scene.states()).toEqual({ cluster: "success", check: "success", work: "skipped", stop: "queued" });
  });
});

describe("what may choose against a task is waited for before any rule", () => {
  test("also if the rule would start it at once", () => {
    const scene = aScene([aTaskSpec("pick", { kind: "branch" }), aTaskSpec("a", { after: ["pick"], rule: "always" })]);

    expect(scene.dispatched()).toEqual(["pick#1"]);
  });

  test("also if the rule could already tell that it will not run", () => {
    const scene = aScene([
      aTaskSpec("pick", { kind: "branch" }),
      aTaskSpec("extract"),
      aTaskSpec("a", { after: ["pick", "extract"] }),
    ]).fail("extract");
    expect(scene.state("a")).toBe("none");

    expect(scene.succeed("pick").state("a")).toBe("skipped");
  });
});

describe("by its rule", () => {
  test("a task is upstream_failed as soon as one upstream failed, while others still run", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"] })]).fail("a");

    expect(scene.states()).toEqual({ a: "failed", b: "queued", c: "upstream_failed" });
    expect(causeOf(scene, "c")).toEqual({ code: "rule", text: "all_success: 'a' failed" });
  });

  test("a task with a skipped upstream waits for the others, since one of them may fail yet", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"] })]);
    scene.tell(scene.completed("a", { kind: "skipped", reason: "closed" }));
    expect(scene.state("c")).toBe("none");

    expect(scene.fail("b").state("c")).toBe("upstream_failed");
  });

  test("a task starts as soon as it is certain to, while others still run", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"], rule: "one_failed" })];

    expect(aScene(tasks).fail("a").dispatched()).toEqual(["c#1"]);
  });

  test("a failure goes down through any depth in one decision", () => {
    const ids = Array.from({ length: 50 }, (_, index) => `t${index}`);
    const scene = aScene(ids.map((id, index) => aTaskSpec(id, { after: index === 0 ? [] : [`t${index - 1}`] }))).fail(
      "t0",
    );

    expect(new Set(ids.slice(1).map((id) => scene.state(id)))).toEqual(new Set(["upstream_failed"]));
    expect(scene.run.state).toBe("failed");
  });

  test("a cause names a few upstream tasks and counts the rest", () => {
    const ids = Array.from({ length: 8 }, (_, index) => `t${index}`);
    const scene = aScene([...ids.map((id) => aTaskSpec(id)), aTaskSpec("join", { after: ids, rule: "all_failed" })]);
    scene.succeed(...ids);

    expect(causeOf(scene, "join")).toMatchObject({
      text: "all_failed: 't0' success, 't1' success, 't2' success, 't3' success, 't4' success and 3 more",
    });
  });
});

describe("an optional upstream", () => {
  const TASKS = [
    aTaskSpec("prices"),
    aTaskSpec("weather"),
    aTaskSpec("report", { upstream: [anUpstream("prices"), anUpstream("weather", { optional: true })] }),
  ];

  test("is waited for, and need only be done", () => {
    const scene = aScene(TASKS).succeed("prices");
    expect(scene.state("report")).toBe("none");

    expect(scene.fail("weather").dispatched()).toEqual(["report#1"]);
  });

  test("that gave nothing is named as attempt 0", () => {
    expect(aScene(TASKS).succeed("prices").fail("weather").all("dispatch")).toMatchObject([
      {
        upstream: [
          { taskId: "prices", attempt: 1 },
          { taskId: "weather", attempt: 0 },
        ],
      },
    ]);
  });

  test("does not count for the rule", () => {
    expect(aScene(TASKS).succeed("weather").fail("prices").state("report")).toBe("upstream_failed");
  });

  test("alone lets its consumer start whatever it came to", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b", { upstream: [anUpstream("a", { optional: true })] })];

    expect(aScene(tasks).fail("a").dispatched()).toEqual(["b#1"]);
  });
});

describe("within the scope of a setup", () => {
  const TASKS = [
    aTaskSpec("cluster", { role: "setup" }),
    aTaskSpec("load", { after: ["cluster"], rule: "all_done" }),
    aTaskSpec("report", { after: ["load"], rule: "all_done" }),
    aTaskSpec("stop", {
      role: "teardown",
      rule: "all_done_setup_success",
      setups: ["cluster"],
      after: ["cluster", "load", "report"],
    }),
    aTaskSpec("after", { after: ["stop"] }),
  ];

  test("a task needs the setup to have succeeded, even if its own rule does not ask", () => {
    const scene = aScene(TASKS).fail("cluster").succeed("load");

    expect(scene.states()).toMatchObject({ load: "success", report: "upstream_failed", stop: "upstream_failed" });
    expect(causeOf(scene, "report")).toEqual({ code: "rule", text: "its setup must succeed: 'cluster' failed" });
  });

  test("the teardown runs last, whatever became of the work", () => {
    const scene = aScene(TASKS).succeed("cluster").fail("load");
    expect(scene.state("stop")).toBe("none");

    expect(scene.succeed("report").dispatched()).toEqual(["stop#1"]);
  });

  test("a setup that was skipped has nothing taken down", () => {
    const scene = aScene(TASKS);
    scene.tell(scene.completed("cluster", { kind: "skipped", reason: "not needed" }));

    expect(scene.state("stop")).toBe("skipped");
    expect(causeOf(scene, "stop")).toEqual({ code: "rule", text: "its setups were skipped" });
  });

  test("of several setups one that succeeded is enough for the teardown", () => {
    const scene = aScene([
      aTaskSpec("a", { role: "setup" }),
      aTaskSpec("b", { role: "setup" }),
      aTaskSpec("stop", { role: "teardown", rule: "all_done_setup_success", setups: ["a", "b"], after: ["a", "b"] }),
    ]);

    expect(scene.fail("a").succeed("b").dispatched()).toEqual(["stop#1"]);
  });

  test("the teardown starts when its setup ends, also if nothing else leads from one to the other", () => {
    const scene = aScene([
      aTaskSpec("work"),
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("stop", { role: "teardown", rule: "all_done_setup_success", setups: ["cluster"], after: ["work"] }),
    ]);

    expect(scene.succeed("work").succeed("cluster").dispatched()).toEqual(["stop#1"]);
  });

  test("a setup whose teardown is at work starts once that has ended, whatever else happens", () => {
    const scene = aScene([
      aTaskSpec("first"),
      aTaskSpec("cluster", { role: "setup", after: ["first"] }),
      aTaskSpec("stop", { role: "teardown", setups: ["cluster"] }),
    ]).succeed("first");
    expect(scene.state("cluster")).toBe("none");

    expect(scene.succeed("stop").dispatched()).toEqual(["cluster#1"]);
  });
});

describe("a setup that is to be made again", () => {
  const stop = (id: string, after: readonly string[]) =>
    aTaskSpec(id, { after, role: "teardown", setups: ["cluster"], rule: "all_done_setup_success" });
  const TASKS = [
    aTaskSpec("cluster", { role: "setup" }),
    aTaskSpec("work", { after: ["cluster"] }),
    aTaskSpec("slow", { after: ["cluster"] }),
    stop("stop", ["work"]),
    stop("also", ["work", "slow"]),
  ];

  test("waits as long as one of its teardowns is at work, and the other one is not", () => {
    const scene = aScene(TASKS)
      .succeed("cluster")
      .succeed("work")
      .tell(aClear(["work"]));

    expect(scene.states()).toMatchObject({ cluster: "none", stop: "restarting", also: "none" });
    expect(scene.dispatched()).toEqual([]);
    expect(scene.see("stop", { status: "closed", reason: "cleared" }).dispatched()).toEqual(["cluster#2"]);
  });

  test("does not wait for what works within it", () => {
    const scene = aScene(TASKS)
      .succeed("cluster")
      .tell(aClear(["cluster"]));

    expect([scene.dispatched(), scene.state("work")]).toEqual([["cluster#2"], "queued"]);
  });
});

test("tasks start in the order of the DAG, in whatever order what they wait for has ended", () => {
  const scene = aScene([
    aTaskSpec("a"),
    aTaskSpec("b"),
    aTaskSpec("x", { after: ["a"] }),
    aTaskSpec("y", { after: ["b"] }),
  ]);

  expect(scene.succeed("b", "a").dispatched()).toEqual(["x#1", "y#1"]);
});

test("a task that waits for another one does not wait for its hours yet", () => {
  const night = { allowedHours: { from: 22 * 60, to: 23 * 60 } };
  const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"], ...night })]);

  expect([scene.detail("b"), scene.all("timer")]).toEqual([undefined, []]);
});
