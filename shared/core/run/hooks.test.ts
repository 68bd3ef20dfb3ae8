import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, aRetrySpec, aScene, aTaskSpec } from "../../../test/builders/index.ts";

const HOOKS = { onSuccess: true, onFailure: true, onRetry: true };
const RETRY = aRetrySpec({ retries: 2 });

describe("a task's hook", () => {
  test("runs when the task has succeeded, as a task instance of its own", () => {
    const scene = aScene([aTaskSpec("load", { hooks: HOOKS, owner: "ann", runbook: "https://runbook" })]).succeed(
      "load",
    );

    expect(scene.all("dispatch")).toMatchObject([
      {
        key: { taskId: "load$onSuccess", attempt: 1 },
        subject: {
          hook: "onSuccess",
          taskId: "load",
          attempt: 1,
          owner: "ann",
          runbook: "https://runbook",
          failed: [],
        },
      },
    ]);
  });

  test("runs when the task has failed, and is told why", () => {
    const scene = aScene([aTaskSpec("load", { hooks: HOOKS })], { owner: "bob" }).fail("load");

    expect(scene.all("dispatch")).toMatchObject([
      {
        key: { taskId: "load$onFailure" },
        subject: {
          hook: "onFailure",
          owner: "bob",
          failed: [{ taskId: "load", cause: "Error: the warehouse did not answer" }],
        },
      },
    ]);
  });

  test("of a branch that chose what is not there hears of that failure", () => {
    const scene = aScene([aTaskSpec("pick", { kind: "branch", hooks: HOOKS })]);
    scene.tell(scene.completed("pick", { kind: "success", output: { kind: "none" }, chosen: ["nonsense"] }));

    expect(scene.dispatched()).toEqual(["pick$onFailure#1"]);
  });

  test("hears of a failure that the end of the run's time made final", () => {
    const scene = aScene([aTaskSpec("load", { hooks: HOOKS, retry: RETRY })], { runTimeoutMs: MINUTE_MS / 4 });
    scene
      .fail("load")
      .succeed("load$onRetry")
      .after(MINUTE_MS / 4)
      .wake();

    expect(scene.dispatched()).toEqual(["load$onFailure#1"]);
  });

  test("does not hear of a task that never ran", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"], hooks: HOOKS })], { runTimeoutMs: MINUTE_MS });
    scene.after(MINUTE_MS).wake();

    expect([scene.state("b"), scene.state("b$onFailure")]).toEqual(["failed", "none"]);
  });

  test("is waited for before the run ends, and does not change how it ends", () => {
    const scene = aScene([aTaskSpec("load", { hooks: HOOKS })]).succeed("load");
    expect(scene.run.state).toBe("running");
    scene.fail("load$onSuccess").after(HOUR_MS).wake().fail("load$onSuccess");

    expect(scene.state("load$onSuccess")).toBe("failed");
    expect(scene.run).toMatchObject({ state: "success", degraded: false });
  });

  test("is tried once more if it fails", () => {
    const scene = aScene([aTaskSpec("load", { hooks: HOOKS })])
      .succeed("load")
      .fail("load$onSuccess");

    expect(scene.after(HOUR_MS).wake().dispatched()).toEqual(["load$onSuccess#2"]);
  });

  test("that fails tells no hook of its own", () => {
    const scene = aScene([aTaskSpec("load", { hooks: HOOKS })]).succeed("load");
    scene.fail("load$onSuccess", { class: "permanent" });

    expect([scene.dispatched(), scene.run.state]).toEqual([[], "success"]);
  });

  test("does not start what waits for its task", () => {
    const scene = aScene([aTaskSpec("a", { hooks: HOOKS }), aTaskSpec("b", { after: ["a"] })]).succeed("a");

    expect(scene.dispatched().toSorted()).toEqual(["a$onSuccess#1", "b#1"]);
  });
});

describe("onRetry", () => {
  const aRetrying = () => aScene([aTaskSpec("load", { hooks: HOOKS, retry: RETRY })]);

  test("runs with each failure that is tried again, and is told which", () => {
    const scene = aRetrying().fail("load");
    expect(scene.all("dispatch")).toMatchObject([
      { key: { taskId: "load$onRetry", attempt: 1 }, subject: { hook: "onRetry", taskId: "load", attempt: 1 } },
    ]);
    scene.succeed("load$onRetry").after(HOUR_MS).wake().fail("load");

    expect(scene.all("dispatch")).toMatchObject([
      { key: { taskId: "load$onRetry", attempt: 2 }, subject: { attempt: 2 } },
    ]);
  });

  test("told anew has its own retry again", () => {
    const scene = aRetrying().fail("load").succeed("load$onRetry").after(HOUR_MS).wake().fail("load");
    scene.fail("load$onRetry");

    expect(scene.state("load$onRetry")).toBe("up_for_retry");
  });

  test("is told once of failures in quick succession", () => {
    const scene = aRetrying().fail("load").after(HOUR_MS).wake().fail("load");

    expect([scene.dispatched(), scene.attempt("load$onRetry")]).toEqual([[], 1]);
  });

  test("does not hear of attempts that the platform lost", () => {
    expect(aRetrying().fail("load", { class: "lost" }).dispatched()).toEqual([]);
  });
});

describe("a DAG's hook", () => {
  const hooks = { onSuccess: true, onFailure: true };

  test("runs once when all tasks have succeeded; the run ends after it", () => {
    const scene = aScene([aTaskSpec("a")], { hooks }).succeed("a");
    expect([scene.dispatched(), scene.run.state]).toEqual([["$onSuccess#1"], "running"]);

    expect(scene.succeed("$onSuccess").run.state).toBe("success");
  });

  test("runs when the run fails, and is told every failed task", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a"] })], { hooks, owner: "ann" });
    scene.fail("a").fail("b");

    expect(scene.all("dispatch")).toMatchObject([
      {
        key: { taskId: "$onFailure" },
        subject: { taskId: null, owner: "ann", failed: [{ taskId: "a" }, { taskId: "b" }] },
      },
    ]);
  });

  test("that fails leaves the run as it was to end", () => {
    const scene = aScene([aTaskSpec("a")], { hooks })
      .succeed("a")
      .fail("$onSuccess", { class: "permanent" });

    expect(scene.run).toMatchObject({ state: "success", degraded: false });
  });

  test("does not run for a run that was cancelled", () => {
    const scene = aScene([aTaskSpec("a")], { hooks })
      .cancel()
      .see("a", { status: "revoked", reason: "cancelled" });

    expect([scene.dispatched(), scene.run.state]).toEqual([[], "cancelled"]);
  });

  test("runs for a run that ran out of time", () => {
    const scene = aScene([aTaskSpec("a")], { hooks, runTimeoutMs: MINUTE_MS })
      .after(MINUTE_MS)
      .wake();
    scene.see("a", { status: "revoked", reason: "run_timeout" });

    expect(scene.dispatched()).toEqual(["$onFailure#1"]);
  });
});
