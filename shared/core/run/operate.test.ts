import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HAND,
  HOUR_MS,
  SECOND_MS,
  aClear,
  aManifest,
  aMark,
  aRetryNow,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { Manifest, TaskSpec } from "../manifest.ts";
import type { RunAction } from "../operation.ts";
import { judge, type Operation } from "./operate.ts";

const CHAIN = [
  aTaskSpec("extract"),
  aTaskSpec("load", { after: ["extract"] }),
  aTaskSpec("report", { after: ["load"] }),
];

const judged = (scene: Scene, tasks: readonly TaskSpec[], action: RunAction, more: Partial<Manifest> = {}): Operation =>
  judge(scene.run, aManifest({ tasks, ...more }), { ...action, ...HAND }, scene.now);
const changesOf = ({ changes }: Operation): readonly string[] =>
  changes.map(
    ({ taskId, from, to, because, closes }) => `${taskId} ${from} -> ${to}, ${because}${closes ? ", closed" : ""}`,
  );

const acknowledged = (scene: Scene): Scene =>
  scene.tell(...scene.run.effects.map(({ number }) => ({ type: "effect_acknowledged", number }) as const));
const admitted = (scene: Scene): Scene => scene.tell({ type: "admitted", epoch: scene.run.epoch });
const closed = (scene: Scene, id: string, reason: "cleared" | "marked"): Scene =>
  scene.see(id, { status: "closed", reason });

/** `extract` failed for good; the run has ended. */
const failed = (tasks: readonly TaskSpec[] = CHAIN): Scene => acknowledged(aScene(tasks).fail("extract"));

describe("clearing tasks of a run that has ended", () => {
  test("queues it again, as another epoch", () => {
    const scene = failed()
      .after(HOUR_MS)
      .tell(aClear(["extract"]));

    expect(scene.run).toMatchObject({ state: "queued", epoch: 1, queuedAt: scene.now, startedAt: null, endedAt: null });
    expect([scene.run.cause, scene.run.degraded]).toEqual([null, false]);
    expect(scene.all("tell_queued")).toMatchObject([{ epoch: 1 }]);
    expect(scene.dispatched()).toEqual([]);
  });

  test("sends them once it is admitted, under the next attempt, and decides again what waited for them", () => {
    const scene = admitted(failed().tell(aClear(["extract"])));

    expect(scene.dispatched()).toEqual(["extract#2"]);
    expect(scene.succeed("extract").dispatched()).toEqual(["load#1"]);
    expect(scene.succeed("load").succeed("report").run).toMatchObject({ state: "success", epoch: 1 });
  });

  test("is not admitted by a word to the epoch before, nor moved by a completion of it", () => {
    const scene = failed();
    const old = scene.completed("extract", { kind: "skipped", reason: "late" });
    scene.tell(aClear(["extract"])).tell({ type: "admitted", epoch: 0 }, old);

    expect([scene.run.state, scene.state("extract")]).toEqual(["queued", "none"]);
  });

  test("gives them their retries anew", () => {
    const tasks = [aTaskSpec("extract", { retry: aRetrySpec({ retries: 1 }) })];
    const scene = aScene(tasks).fail("extract").after(HOUR_MS).wake().fail("extract");
    expect(scene.run.state).toBe("failed");

    admitted(scene.tell(aClear(["extract"]))).fail("extract");
    expect([scene.state("extract"), scene.attempt("extract")]).toEqual(["up_for_retry", 3]);
    scene.after(HOUR_MS).wake().fail("extract");
    expect([scene.state("extract"), scene.attempt("extract")]).toEqual(["failed", 4]);
  });

  test("fires the run's own hook anew at its new end", () => {
    const scene = aScene([aTaskSpec("extract")], { hooks: { onSuccess: true, onFailure: true } }).fail("extract");
    scene.succeed("$onFailure");
    admitted(scene.tell(aClear(["extract"]))).fail("extract");

    expect([scene.run.state, scene.dispatched()]).toEqual(["running", ["$onFailure#2"]]);
  });

  test("goes on with all that its cancelling kept from running", () => {
    const scene = acknowledged(aScene([...CHAIN, aTaskSpec("other")]).tell(CANCEL));
    closed(closed(scene, "extract", "cleared"), "other", "cleared");
    expect(scene.run.state).toBe("cancelled");

    expect(changesOf(judged(scene, [...CHAIN, aTaskSpec("other")], aClear(["load"])))).toEqual([
      "extract skipped -> none, unfinished",
      "load skipped -> none, selected",
      "report skipped -> none, unfinished",
      "other skipped -> none, unfinished",
    ]);
    expect(admitted(scene.tell(aClear(["load"]))).dispatched()).toEqual(["extract#2", "other#2"]);
  });
});

describe("what is cleared", () => {
  const TASKS = [
    aTaskSpec("extract"),
    aTaskSpec("clean", { after: ["extract"] }),
    aTaskSpec("load", { after: ["clean"] }),
    aTaskSpec("audit", { after: ["extract"] }),
    aTaskSpec("report", { after: ["load", "audit"] }),
  ];
  const half = (): Scene => aScene(TASKS).succeed("extract").succeed("clean", "audit").fail("load");

  test("is what is named, and what did not run because of it", () => {
    expect(changesOf(judged(half(), TASKS, aClear(["load"])))).toEqual([
      "load failed -> none, selected",
      "report upstream_failed -> none, follows",
    ]);
  });

  test("is with --downstream all that depends on it", () => {
    expect(changesOf(judged(half(), TASKS, aClear(["clean"], { downstream: true })))).toEqual([
      "clean success -> none, selected",
      "load failed -> none, downstream",
      "report upstream_failed -> none, downstream",
    ]);
  });

  test("is with --upstream all that it depends on", () => {
    expect(changesOf(judged(half(), TASKS, aClear(["clean"], { upstream: true })))).toEqual([
      "extract success -> none, upstream",
      "clean success -> none, selected",
    ]);
  });

  test("is from the point of failure only what failed and what follows", () => {
    expect(changesOf(judged(half(), TASKS, aClear([], { onlyFailed: true })))).toEqual([
      "load failed -> none, selected",
      "report upstream_failed -> none, selected",
    ]);
  });

  test("is everything that has started, if nothing is named", () => {
    expect(judged(half(), TASKS, aClear([])).changes).toHaveLength(5);
  });

  test("leaves what a neighbour kept from running as it is", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("below", { after: ["b"] })];
    const scene = aScene(tasks).fail("a").fail("b");

    expect(changesOf(judged(scene, tasks, aClear(["a"])))).toEqual(["a failed -> none, selected"]);
  });

  test("says the same as what then happens", () => {
    const scene = half();
    const told = judged(scene, TASKS, aClear(["clean"], { downstream: true }));
    const before = scene.states();
    scene.tell(aClear(["clean"], { downstream: true }));

    const moved = TASKS.map((task) => task.taskId).filter((id) => scene.state(id) !== before[id]);
    expect(moved).toEqual(told.changes.map(({ taskId }) => taskId));
    expect(scene.run.state).toBe(told.run.to);
  });
});

describe("clearing what a setup made", () => {
  const TASKS = [
    aTaskSpec("cluster", { role: "setup" }),
    aTaskSpec("work", { after: ["cluster"] }),
    aTaskSpec("more", { after: ["cluster"] }),
    aTaskSpec("teardown", {
      after: ["work", "more"],
      role: "teardown",
      setups: ["cluster"],
      rule: "all_done_setup_success",
    }),
  ];

  test("sets it up again, once it has been taken down, and takes it down again", () => {
    const scene = aScene(TASKS).succeed("cluster").fail("work").succeed("more").succeed("teardown");

    expect(changesOf(judged(scene, TASKS, aClear(["work"])))).toEqual([
      "cluster success -> none, setup",
      "work failed -> none, selected",
      "teardown success -> none, teardown",
    ]);
  });

  test("uses it as long as it stands", () => {
    const scene = aScene(TASKS).succeed("cluster").fail("work");

    expect(changesOf(judged(scene, TASKS, aClear(["work"])))).toEqual(["work failed -> none, selected"]);
  });

  test("does not set it up before its last teardown has been closed", () => {
    const scene = aScene(TASKS)
      .succeed("cluster")
      .fail("work")
      .succeed("more")
      .tell(aClear(["work"]));

    expect([scene.state("cluster"), scene.state("teardown"), scene.dispatched()]).toEqual(["none", "restarting", []]);
    expect(closed(scene, "teardown", "cleared").dispatched()).toEqual(["cluster#2"]);
  });
});

describe("clearing what is at work", () => {
  test("closes the attempt first, and only then sends the next", () => {
    const scene = aScene(CHAIN).tell(aClear(["extract"]));

    expect([scene.state("extract"), scene.dispatched()]).toEqual(["restarting", []]);
    expect(scene.all("close")).toMatchObject([{ key: { taskId: "extract", attempt: 1 }, reason: "cleared" }]);
    expect(closed(scene, "extract", "cleared").dispatched()).toEqual(["extract#2"]);
  });

  test("does so also if the attempt turns out to have finished", () => {
    const scene = aScene(CHAIN).tell(aClear(["extract"]));
    scene.see("extract", { status: "finished", outcome: { kind: "skipped", reason: "nothing there" } });

    expect(scene.dispatched()).toEqual(["extract#2"]);
  });

  test("is overruled by a cancel", () => {
    const scene = aScene(CHAIN)
      .tell(aClear(["extract"]))
      .tell(CANCEL);

    expect(closed(scene, "extract", "cleared").state("extract")).toBe("skipped");
    expect([scene.run.state, scene.dispatched()]).toEqual(["cancelled", []]);
  });
});

describe("marking a task", () => {
  test("as done lets the run go on, and what could not run because of it", () => {
    const scene = failed().tell(aMark("success", "extract"));
    expect(scene.states()).toEqual({ extract: "success", load: "none", report: "none" });
    admitted(scene);

    expect(scene.dispatched()).toEqual(["load#1"]);
    expect(scene.all("dispatch")[0]?.upstream).toMatchObject([{ taskId: "extract", attempt: 0 }]);
  });

  test("as done ends a run anew of which nothing is left to do", () => {
    const scene = admitted(failed([aTaskSpec("extract")]).tell(aMark("success", "extract")));

    expect(scene.run).toMatchObject({ state: "success", epoch: 1 });
    expect(scene.all("publish").map(({ fact }) => fact.type)).toEqual(["run_started", "run_ended"]);
  });

  test("as failed leaves what already ran below, and fails the run", () => {
    const scene = admitted(
      acknowledged(aScene(CHAIN).succeed("extract").succeed("load").succeed("report")).tell(aMark("failed", "extract")),
    );

    expect(scene.states()).toEqual({ extract: "failed", load: "success", report: "success" });
    expect(scene.run.cause?.text).toBe("task 'extract' failed: marked failed by ann: bad data");
  });

  test("that is at work closes its attempt first", () => {
    const scene = aScene(CHAIN).tell(aMark("failed", "extract"));

    expect([scene.state("extract"), scene.all("close")[0]?.reason]).toEqual(["restarting", "marked"]);
    expect(closed(scene, "extract", "marked").states()).toMatchObject({ extract: "failed", load: "upstream_failed" });
  });

  test("as done takes the output of an attempt that has just succeeded", () => {
    const scene = aScene(CHAIN).tell(aMark("success", "extract")).succeed("extract");

    expect(scene.all("dispatch")[0]?.upstream).toMatchObject([{ taskId: "extract", attempt: 1 }]);
  });

  test("that has not started spares it the work", () => {
    expect(aScene(CHAIN).tell(aMark("success", "load")).dispatched()).toEqual(["report#1"]);
  });

  test("gives what failed below it another chance", () => {
    const scene = aScene(CHAIN).succeed("extract").fail("load");
    scene.tell(aMark("failed", "extract"));

    expect(changesOf(judged(scene, CHAIN, aMark("success", "extract")))).toEqual([
      "extract failed -> success, selected",
      "load failed -> none, follows",
      "report upstream_failed -> none, follows",
    ]);
  });
});

describe("retrying now", () => {
  const TASKS = [aTaskSpec("extract", { retry: aRetrySpec({ retries: 2, delayMs: HOUR_MS }) })];

  test("sends the next try of what waits for it", () => {
    const scene = aScene(TASKS).fail("extract").after(SECOND_MS);

    expect(scene.tell(aRetryNow()).dispatched()).toEqual(["extract#2"]);
  });

  test("does not give it more tries", () => {
    const scene = aScene(TASKS);
    for (let round = 0; round < 2; round++) scene.fail("extract").tell(aRetryNow());

    expect(scene.fail("extract").state("extract")).toBe("failed");
  });
});
