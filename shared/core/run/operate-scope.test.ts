import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  aClear,
  aMapSpec,
  aMark,
  aPauseOf,
  aResumeOf,
  aRetryNow,
  aRetrySpec,
  aScene,
  aSelection,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunId } from "../ids.ts";
import type { RunAction, Signature } from "../operation.ts";
import type { Run } from "../run.ts";
import { judge } from "./operate.ts";

const RETRIED = { retry: aRetrySpec({ retries: 1, delayMs: HOUR_MS }) };
const BROKEN = { class: "permanent" } as const;
const CHAIN = [aTaskSpec("a", RETRIED), aTaskSpec("b", { after: ["a"] }), aTaskSpec("c", { after: ["b"] })];
const pair = (): Scene => aScene([aTaskSpec("a", RETRIED), aTaskSpec("z", RETRIED)]);

const judged = (scene: Scene, action: RunAction & Signature, chunks?: ReadonlyMap<RunId, Run>) =>
  judge(scene.run, scene.manifest, action, scene.now, chunks);
/** `a: failed -> none (selected)`, of an instance `load[1]: ...`. */
const told = (...given: Parameters<typeof judged>): readonly string[] =>
  judged(...given).changes.map(
    ({ taskId: id, mapIndex, from, to, because }) =>
      `${id}${mapIndex === null ? "" : `[${mapIndex}]`}: ${from} -> ${to} (${because})`,
  );

describe("an operation changes no more than it says:", () => {
  test("nothing where it is refused", () => {
    const ending = aScene(CHAIN).tell(CANCEL);

    expect(judged(ending, aClear(["a"]))).toMatchObject({ changes: [], run: { from: "running", to: "running" } });
    expect(judged(ending, aMark("success", "b"))).toMatchObject({ changes: [] });
  });

  test("a clear leaves what has not started", () => {
    expect(told(aScene(CHAIN), aClear([]))).toEqual(["a: queued -> none (selected)"]);
  });

  test("a mark leaves what is so already", () => {
    expect(told(aScene(CHAIN).succeed("a"), aMark("success", "a", "b"))).toEqual(["b: queued -> success (selected)"]);
  });

  test("a retry leaves what does not wait for its next try", () => {
    expect(told(pair().fail("a"), aRetryNow())).toEqual(["a: up_for_retry -> queued (selected)"]);
  });

  test("a cancel ends all that is open", () => {
    expect(told(aScene(CHAIN), CANCEL)).toEqual([
      "a: queued -> skipped (selected)",
      "b: none -> skipped (selected)",
      "c: none -> skipped (selected)",
    ]);
  });

  test("a mark of a run that ran out of time lets go on what that kept from running", () => {
    const over = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] }), aTaskSpec("z")], { runTimeoutMs: HOUR_MS });
    over.fail("a", BROKEN).after(HOUR_MS).wake().see("z", { status: "closed", reason: "run_timeout" });
    expect(over.run.state).toBe("failed");

    expect(told(over, aMark("success", "a"))).toEqual([
      "a: failed -> success (selected)",
      "b: upstream_failed -> none (follows)",
      "z: failed -> none (unfinished)",
    ]);
  });
});

describe("the run's own hook", () => {
  const hooked = (): Scene => aScene([aTaskSpec("a")], { hooks: { onSuccess: false, onFailure: true } });

  test("that told nothing has nothing to tell anew", () => {
    expect(
      hooked()
        .tell(aClear(["a"]))
        .detail("$onFailure"),
    ).toBeUndefined();
  });

  test("that waits for its next try waits no more when the run is cleared", () => {
    const scene = hooked().fail("a", BROKEN).fail("$onFailure");
    expect(scene.state("$onFailure")).toBe("up_for_retry");

    scene.tell(aClear(["a"]));

    expect([scene.state("$onFailure"), scene.all("close")]).toEqual(["none", []]);
  });

  test("that is at work is closed, to be told anew", () => {
    const scene = hooked()
      .fail("a", BROKEN)
      .tell(aClear(["a"]));

    expect(scene.detail("$onFailure")?.target).toEqual({
      to: "none",
      cause: { code: "cleared", text: "the run was changed by hand" },
    });
  });

  test("is asked nothing because somebody resumes the run", () => {
    const scene = hooked().fail("a", BROKEN).tell(aPauseOf("a")).tell(aResumeOf());

    expect([scene.state("$onFailure"), scene.all("inspect")]).toEqual(["queued", []]);
  });
});

describe("a pause", () => {
  test("is of each task once, with the hand that paused it first", () => {
    const scene = pair()
      .tell(aPauseOf("a"))
      .tell({ ...aPauseOf("a", "z", "z"), by: "bob" });

    expect(scene.run.pauses.map(({ taskId: id, by }) => [id, by])).toEqual([
      ["a", "ann"],
      ["z", "bob"],
    ]);
  });

  test("keeps a name and a reason of a bounded length", () => {
    const [pause] = pair().tell({ ...aPauseOf(), by: "b".repeat(900), reason: "r".repeat(900) }).run.pauses;

    expect([pause?.by.length, pause?.reason.length]).toEqual([150, 150]);
  });

  test("of the run outlasts that of a task", () => {
    const scene = pair().tell(aPauseOf(), aPauseOf("a")).tell(aResumeOf("a"));

    expect(scene.run.pauses.map(({ taskId: id }) => id)).toEqual([null]);
  });

  test("that is over has a task tried at the very instant at which it was due", () => {
    const scene = pair().fail("a").tell(aPauseOf()).after(HOUR_MS).tell(aResumeOf());

    expect(scene.dispatched()).toEqual(["a#2"]);
  });

  test("of one task goes on when that of another is over", () => {
    const scene = pair().fail("a").fail("z").tell(aPauseOf("a", "z")).after(HOUR_MS).tell(aResumeOf("z"));

    expect([scene.dispatched(), scene.state("a")]).toEqual([["z#2"], "up_for_retry"]);
  });

  test("holds back no teardown once its run is cancelled", () => {
    const scene = aScene([
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("work", { after: ["cluster"] }),
      aTaskSpec("stop", { after: ["work"], role: "teardown", setups: ["cluster"], rule: "all_done_setup_success" }),
    ]);
    scene.succeed("cluster").tell(aPauseOf("stop")).tell(CANCEL);

    expect(scene.see("work", { status: "closed", reason: "cancelled" }).dispatched()).toEqual(["stop#1"]);
  });

  test("holds back no hook that is tried again", () => {
    const hooks = { onSuccess: true, onFailure: false, onRetry: false };
    const scene = aScene([aTaskSpec("a", { hooks })])
      .tell(aPauseOf())
      .succeed("a")
      .fail("a$onSuccess");

    expect(scene.after(HOUR_MS).wake().dispatched()).toEqual(["a$onSuccess#2"]);
  });

  test("holds back no hook", () => {
    const hooks = { onSuccess: true, onFailure: false, onRetry: false };
    const scene = aScene([aTaskSpec("a", { hooks })]).tell(aPauseOf());

    expect(scene.succeed("a").dispatched()).toEqual(["a$onSuccess#1"]);
  });
});

/** `load` is mapped over four items of `list`; `x` is above it, too. */
const aMap = (map: Parameters<typeof aMapSpec>[1] = {}, rule: "all_success" | "all_done" = "all_success"): Scene =>
  aScene([
    aTaskSpec("list"),
    aTaskSpec("x"),
    aTaskSpec("load", { after: ["list", "x"], rule, map: aMapSpec("list", map), ...RETRIED }),
  ]);
const ref = (mapIndex: number) => ({ taskId: "load", mapIndex });
const marking = (...indexes: readonly number[]): RunAction & Signature => ({
  ...aMark("success"),
  selection: aSelection([], { tasks: indexes.map(ref) }),
});

describe("a mapped task", () => {
  test("whose instances wait for their next try is tried again with all of them, and no others", () => {
    const scene = aMap().succeed("x").giveList("list", 3).fail("load[0]").fail("load[2]");

    expect(told(scene, aRetryNow("load"))).toEqual([
      "load[0]: up_for_retry -> queued (selected)",
      "load[2]: up_for_retry -> queued (selected)",
    ]);
  });

  test("that is to run again since what is above it counts as done is not taken for done itself", () => {
    const scene = aMap({}, "all_done").fail("x", BROKEN).giveList("list", 1).fail("load[0]", BROKEN);
    expect(scene.state("load")).toBe("failed");

    expect(told(scene, aMark("success", "x"))).toEqual([
      "x: failed -> success (selected)",
      "load: failed -> deferred (follows)",
    ]);
  });

  test("counts as done with what it depends on, and with what depends on it, as one", () => {
    const scene = aMap().succeed("x").giveList("list", 2);
    const up = { ...aMark("success"), selection: aSelection(["load"], { upstream: true }) };
    const sum = aScene([...scene.manifest.tasks, aTaskSpec("sum", { after: ["load"] })])
      .succeed("x")
      .giveList("list", 1);
    const down = { ...aMark("failed"), selection: aSelection(["list"], { downstream: true }) };

    expect(told(scene, up)).toEqual(["load: deferred -> success (selected)"]);
    expect(told(sum, { ...up, selection: aSelection(["sum"], { upstream: true }) })).toEqual([
      "load: deferred -> success (upstream)",
      "sum: none -> success (selected)",
    ]);
    expect(told(scene, down)).toEqual(["list: success -> failed (selected)", "load: deferred -> failed (downstream)"]);
  });

  test("waits again when one of its instances counts as done, once", () => {
    const scene = aMap().succeed("x").giveList("list", 2).succeed("load[0]").fail("load[1]", BROKEN);

    expect(told(scene, marking(0, 1))).toEqual([
      "load: failed -> deferred (instances)",
      "load[1]: failed -> success (selected)",
    ]);
  });
});
