import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aRetrySpec,
  aScene,
  aTaskSpec,
  anUpstream,
  type Scene,
} from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import { plus } from "../time.ts";

const outcome = ({ run: { state, degraded, cause } }: Scene): unknown => ({
  state,
  degraded,
  cause: cause?.text ?? null,
});

describe("a run whose tasks have all ended", () => {
  const SKIPPED = { kind: "skipped", reason: "closed" } as const;

  test("succeeds if each succeeded or was skipped", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })]);
    scene.tell(scene.completed("a", SKIPPED));

    expect(outcome(scene)).toEqual({ state: "success", degraded: false, cause: null });
  });

  test("fails with a failed task, also under a green leaf, and names it", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("leaf", { after: ["a"], rule: "all_done" })])
      .fail("a")
      .succeed("leaf");

    expect(outcome(scene)).toEqual({
      state: "failed",
      degraded: false,
      cause: "task 'a' failed: Error: the warehouse did not answer",
    });
  });

  test("names a failed task rather than what it broke", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })]).fail("a");

    expect(scene.run.cause).toMatchObject({ code: "error", text: expect.stringContaining("task 'a' failed") });
  });

  test("succeeds, degraded, if a failure was allowed, and what it broke with it", () => {
    const scene = aScene([
      aTaskSpec("extras", { allowFailure: true }),
      aTaskSpec("polish", { after: ["extras"] }),
      aTaskSpec("core"),
    ]);
    scene.succeed("core").fail("extras");

    expect(scene.states()).toEqual({ extras: "failed", polish: "upstream_failed", core: "success" });
    expect(outcome(scene)).toEqual({ state: "success", degraded: true, cause: null });
  });

  test("fails if only one of two failures was allowed", () => {
    const scene = aScene([
      aTaskSpec("a", { allowFailure: true }),
      aTaskSpec("b"),
      aTaskSpec("c", { after: ["a", "b"] }),
    ]);

    expect(outcome(scene.fail("a").fail("b"))).toMatchObject({ state: "failed" });
  });

  test("succeeds, degraded, if all that took a failed task's output could do without it", () => {
    const scene = aScene([
      aTaskSpec("weather"),
      aTaskSpec("report", { upstream: [anUpstream("weather", { optional: true })] }),
    ]);

    expect(outcome(scene.fail("weather").succeed("report"))).toEqual({ state: "success", degraded: true, cause: null });
  });

  test("fails if one of them could not", () => {
    const scene = aScene([
      aTaskSpec("weather"),
      aTaskSpec("report", { upstream: [anUpstream("weather", { optional: true })] }),
      aTaskSpec("alarm", { after: ["weather"] }),
    ]);

    expect(outcome(scene.fail("weather").succeed("report"))).toMatchObject({ state: "failed" });
  });

  test("is degraded when an optional input was skipped", () => {
    const scene = aScene([
      aTaskSpec("weather"),
      aTaskSpec("report", { upstream: [anUpstream("weather", { optional: true })] }),
    ]);
    scene.tell(scene.completed("weather", SKIPPED)).succeed("report");

    expect(outcome(scene)).toEqual({ state: "success", degraded: true, cause: null });
  });

  const withTeardown = (overrides: Partial<TaskSpec>): readonly TaskSpec[] => [
    aTaskSpec("cluster", { role: "setup" }),
    {
      ...aTaskSpec("stop", {
        role: "teardown",
        rule: "all_done_setup_success",
        setups: ["cluster"],
        after: ["cluster"],
      }),
      ...overrides,
    },
  ];

  test("is degraded by a failed teardown", () => {
    const scene = aScene(withTeardown({})).succeed("cluster").fail("stop");

    expect(outcome(scene)).toEqual({ state: "success", degraded: true, cause: null });
  });

  test("fails by a failed teardown where that is asked for", () => {
    const scene = aScene(withTeardown({ failRun: true }))
      .succeed("cluster")
      .fail("stop");

    expect(outcome(scene)).toMatchObject({ state: "failed" });
  });

  test("does not fail by a teardown that had nothing to take down, since its setup's failure was allowed", () => {
    const [setup, stop] = withTeardown({ failRun: true });
    const scene = aScene([{ ...(setup as TaskSpec), allowFailure: true }, stop as TaskSpec]).fail("cluster");

    expect(scene.states()).toEqual({ cluster: "failed", stop: "upstream_failed" });
    expect(outcome(scene)).toEqual({ state: "success", degraded: true, cause: null });
  });
});

describe("a run that is cancelled", () => {
  const TASKS = [
    aTaskSpec("cluster", { role: "setup" }),
    aTaskSpec("load", { after: ["cluster"], retry: aRetrySpec({ retries: 3 }) }),
    aTaskSpec("report", { after: ["load"] }),
    aTaskSpec("stop", {
      role: "teardown",
      rule: "all_done_setup_success",
      setups: ["cluster"],
      after: ["cluster", "load"],
    }),
  ];

  test("while it is queued ends at once, with nothing started", () => {
    const scene = aScene(TASKS, { admitted: false }).cancel();

    expect(outcome(scene)).toEqual({ state: "cancelled", degraded: false, cause: "cancelled by ann: wrong day" });
    expect(scene.states()).toEqual({ cluster: "skipped", load: "skipped", report: "skipped", stop: "skipped" });
    expect([scene.dispatched(), scene.all("tell").length]).toEqual([[], 1]);
  });

  test("is not admitted any more", () => {
    const scene = aScene(TASKS, { admitted: false }).cancel().tell({ type: "admitted", epoch: 0 });

    expect([scene.run.state, scene.dispatched()]).toEqual(["cancelled", []]);
  });

  test("skips what has not started, closes what may be at work, and waits for that", () => {
    const scene = aScene(TASKS).succeed("cluster").cancel();

    expect(scene.states()).toEqual({ cluster: "success", load: "restarting", report: "skipped", stop: "none" });
    expect(scene.commands).toEqual([{ type: "close", key: scene.key("load", 1), reason: "cancelled" }]);
    expect(scene.detail("report")?.cause).toEqual({ code: "cancelled", text: "the run was cancelled by ann" });
    expect(scene.run.state).toBe("running");
  });

  test("takes down what was set up before it ends", () => {
    const scene = aScene(TASKS).succeed("cluster").cancel().see("load", { status: "revoked", reason: "cancelled" });
    expect(scene.dispatched()).toEqual(["stop#1"]);

    expect(outcome(scene.succeed("stop"))).toMatchObject({ state: "cancelled" });
  });

  test("tries a failed teardown again", () => {
    const tasks = TASKS.map((task) =>
      task.role === "teardown" ? { ...task, retry: aRetrySpec({ retries: 1 }) } : task,
    );
    const scene = aScene(tasks)
      .succeed("cluster")
      .cancel()
      .see("load", { status: "revoked", reason: "cancelled" })
      .fail("stop");

    expect(scene.after(HOUR_MS).wake().dispatched()).toEqual(["stop#2"]);
  });

  test("skips a task that waits for its next try", () => {
    const scene = aScene(TASKS).succeed("cluster").fail("load").cancel();

    expect([scene.state("load"), scene.dispatched()]).toEqual(["skipped", ["stop#1"]]);
  });

  test("does not try again what is being closed as lost", () => {
    const leaseUntil = plus(NOON, SECOND_MS);
    const scene = aScene([aTaskSpec("load", { retry: aRetrySpec({ retries: 3 }) })]).after(SECOND_MS);
    scene.see("load", { status: "running", leaseUntil }).cancel();
    expect(scene.all("close")).toEqual([{ type: "close", key: scene.key("load", 1), reason: "cancelled" }]);

    expect(scene.see("load", { status: "closed", reason: "lost" }).state("load")).toBe("skipped");
  });

  test("is cancelled once, by the first who asked", () => {
    const scene = aScene(TASKS).cancel().after(SECOND_MS).tell({ type: "cancel", by: "bob", reason: "" });

    expect([scene.changed, scene.run.cancel]).toEqual([false, { by: "ann", reason: "wrong day", at: NOON }]);
  });

  test("after its end stays as it ended", () => {
    expect(
      aScene([aTaskSpec("a")])
        .succeed("a")
        .cancel().run.state,
    ).toBe("success");
  });

  test("takes down nothing that was not set up, whatever the teardown's own rule", () => {
    const tasks = TASKS.map((task) => (task.role === "teardown" ? { ...task, rule: "all_done" as const } : task));

    expect(aScene(tasks).cancel().see("cluster", { status: "revoked", reason: "cancelled" }).state("stop")).toBe(
      "skipped",
    );
  });
});

describe("a run that runs longer than its timeout", () => {
  const TASKS = [
    aTaskSpec("cluster", { role: "setup" }),
    aTaskSpec("load", { after: ["cluster"] }),
    aTaskSpec("report", { after: ["load"] }),
    aTaskSpec("stop", {
      role: "teardown",
      rule: "all_done_setup_success",
      setups: ["cluster"],
      after: ["cluster", "load"],
    }),
  ];
  const runTimeoutMs = 10 * MINUTE_MS;
  const overdue = (): Scene => aScene(TASKS, { runTimeoutMs }).succeed("cluster").after(runTimeoutMs).wake();

  test("is woken by a timer, and not ended before its time", () => {
    const scene = aScene(TASKS, { runTimeoutMs });
    expect(scene.all("timer")).toEqual([{ type: "timer", at: plus(NOON, runTimeoutMs) }]);

    expect(scene.after(runTimeoutMs - 1).wake().run.cause).toBeNull();
  });

  test("fails what is open, closing first what may be at work", () => {
    const scene = overdue();

    expect(scene.states()).toEqual({ cluster: "success", load: "restarting", report: "failed", stop: "none" });
    expect(scene.all("close")).toMatchObject([{ reason: "run_timeout" }]);
  });

  test("takes down what was set up, and fails with that cause", () => {
    const scene = overdue().see("load", { status: "closed", reason: "run_timeout" });
    expect(scene.dispatched()).toEqual(["stop#1"]);

    expect(outcome(scene.succeed("stop"))).toEqual({
      state: "failed",
      degraded: false,
      cause: "the run ran longer than its timeout",
    });
  });

  test("counts from when it started, not from when it was queued", () => {
    const scene = aScene([aTaskSpec("a")], { runTimeoutMs, admitted: false })
      .after(HOUR_MS)
      .tell({ type: "admitted", epoch: 0 });

    expect(scene.wake().run.cause).toBeNull();
  });
});

describe("a run in which nothing can move any more", () => {
  const CYCLE = [aTaskSpec("a", { after: ["b"] }), aTaskSpec("b", { after: ["a"] })];

  test("fails, and says which tasks wait for each other", () => {
    const scene = aScene(CYCLE);

    expect(scene.states()).toEqual({ a: "failed", b: "failed" });
    expect(scene.run).toMatchObject({
      state: "failed",
      cause: { code: "deadlock", text: "no task can start any more: a, b wait for each other" },
    });
  });

  test("is not taken for one while something is at work", () => {
    expect(aScene([aTaskSpec("work"), ...CYCLE]).run.state).toBe("running");
  });

  test("takes down what was set up", () => {
    const stop = {
      role: "teardown",
      rule: "all_done_setup_success",
      setups: ["cluster"],
      after: ["cluster", "a"],
    } as const;
    const scene = aScene([aTaskSpec("cluster", { role: "setup" }), ...CYCLE, aTaskSpec("stop", stop)]).succeed(
      "cluster",
    );

    expect([scene.dispatched(), scene.state("a")]).toEqual([["stop#1"], "failed"]);
    expect(scene.succeed("stop").run.cause).toMatchObject({ code: "deadlock" });
  });

  test("fails also if it is the teardowns that wait for each other", () => {
    const scene = aScene([
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("x", { role: "teardown", rule: "all_done_setup_success", setups: ["cluster"], after: ["y"] }),
      aTaskSpec("y", { role: "teardown", rule: "all_done_setup_success", setups: ["cluster"], after: ["x"] }),
    ]).succeed("cluster");

    expect(scene.run).toMatchObject({ state: "failed", cause: { code: "deadlock" } });
  });
});

describe("a run that changes state more often than its budget allows", () => {
  /** A lease that is over, renewed, over, renewed: the record goes back and forth. */
  function exhausted(tasks: readonly TaskSpec[]): Scene {
    const scene = aScene(tasks).succeed("cluster");
    for (let flips = 0; scene.run.cause === null && flips < 3_000; flips++) {
      scene
        .after(SECOND_MS)
        .see("load", { status: "running", leaseUntil: plus(scene.now, flips % 2 === 0 ? SECOND_MS : 0) });
    }
    return scene;
  }

  test("closes what is at work, takes down what was set up, and fails with that cause", () => {
    const scene = exhausted([
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("load", { after: ["cluster"], timeoutMs: 100 * HOUR_MS }),
      aTaskSpec("stop", {
        role: "teardown",
        rule: "all_done_setup_success",
        setups: ["cluster"],
        after: ["cluster", "load"],
      }),
    ]);
    expect(scene.all("close")).toMatchObject([{ reason: "budget" }]);

    scene.see("load", { status: "closed", reason: "budget" });
    expect(scene.dispatched()).toEqual(["stop#1"]);
    scene.succeed("stop");

    expect(scene.run).toMatchObject({ state: "failed", cause: { code: "transition_budget" } });
  });
});

test("what the world is told of a failed run names owner, runbook and the failed tasks", () => {
  const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })], {
    owner: "ann",
    team: "data",
    runbook: "https://runbook",
  });

  expect(scene.fail("a").all("publish")).toEqual([
    {
      type: "publish",
      fact: {
        v: 1,
        type: "run_ended",
        text: "run orders.run-1 failed: task 'a' failed: Error: the warehouse did not answer (owner ann, runbook https://runbook)",
        runId: "orders.run-1",
        dagId: "orders",
        state: "failed",
        degraded: false,
        at: NOON,
        owner: "ann",
        team: "data",
        runbook: "https://runbook",
        failed: [{ taskId: "a", cause: "Error: the warehouse did not answer" }],
      },
    },
  ]);
});
