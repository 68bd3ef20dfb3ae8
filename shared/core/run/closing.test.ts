import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aClear,
  aMapSpec,
  aMark,
  aPauseOf,
  aPoolId,
  aResumeOf,
  aRetrySpec,
  aScene,
  aTaskSpec,
  anUpstream,
  type Scene,
} from "../../../test/builders/index.ts";
import type { CloseReason } from "../attempt.ts";
import { plus } from "../time.ts";
import { REDISPATCH_AFTER_MS_MAX } from "./dispatch.ts";

const RETRIED = { retry: aRetrySpec({ retries: 2 }) };
const BROKEN = { class: "permanent" } as const;
const one = (): Scene => aScene([aTaskSpec("a", RETRIED)]);
const timers = (scene: Scene) => scene.all("timer").map(({ at }) => at);

describe("an attempt that was closed, of which the record does not say why", () => {
  test.each<[CloseReason, string, object]>([
    ["lost", "up_for_retry", { code: "lost", text: "its executor was lost" }],
    ["undelivered", "up_for_retry", { code: "lost", text: "its message was given up: no executor could take it" }],
    ["timeout", "up_for_retry", { text: "TaskTimeout: ran longer than its timeout" }],
    ["cancelled", "skipped", { code: "cancelled", text: "the run was cancelled" }],
    ["queued_timeout", "failed", { code: "closed", text: "no executor took it within its queued timeout" }],
    ["run_timeout", "failed", { code: "run_timeout", text: "the run ran longer than its timeout" }],
    ["budget", "failed", { code: "transition_budget", text: "the run spent its transition budget" }],
    ["no_executor", "failed", { code: "closed", text: expect.stringContaining("no executor of class 'worker'") }],
    ["marked", "failed", { code: "closed", text: "closed since it was marked" }],
  ])("as %s makes its task %s", (reason, state, cause) => {
    const scene = one().see("a", { status: "closed", reason });

    expect([scene.state("a"), scene.detail("a")?.cause]).toMatchObject([state, cause]);
  });

  test("as cleared has its task start afresh", () => {
    expect(one().see("a", { status: "revoked", reason: "cleared" }).dispatched()).toEqual(["a#2"]);
  });
});

describe("the ends of attempts", () => {
  test("a loss is tried again after a while, with a timer, and does not count as a try", () => {
    const scene = one().fail("a", { class: "lost", message: "the worker is gone" });

    expect(scene.detail("a")).toMatchObject({ losses: 1, cause: { code: "lost", text: "the worker is gone" } });
    expect(timers(scene)).toEqual([scene.detail("a")?.due]);
  });

  test("a try that failed before losses is still the only one that counts", () => {
    const scene = one();
    for (const errorClass of ["transient", "lost", "lost", "transient"] as const)
      scene.fail("a", { class: errorClass }).after(HOUR_MS).wake();

    expect([scene.state("a"), scene.attempt("a")]).toEqual(["queued", 5]);
    expect(scene.fail("a").state("a")).toBe("failed");
  });

  test("a branch that names no child says which there are", () => {
    const tasks = [
      aTaskSpec("pick", { kind: "branch" }),
      aTaskSpec("a", { after: ["pick"] }),
      aTaskSpec("b", { after: ["pick"] }),
    ];
    const chosen = (scene: Scene, name: string): Scene =>
      scene.tell(scene.completed("pick", { kind: "success", output: { kind: "none" }, chosen: [name] }));

    expect(chosen(aScene(tasks), "x").detail("pick")?.cause).toEqual({
      code: "invalid_branch",
      text: "chose 'x', which does not follow it directly; its children are a, b",
    });
    expect(chosen(aScene(tasks.slice(0, 1)), "x").detail("pick")?.cause?.text).toMatch(/its children are none$/u);
  });

  test("a short circuit that ends the way remembers that it chose nobody", () => {
    const scene = aScene([aTaskSpec("stop", { kind: "shortCircuit" }), aTaskSpec("a", { after: ["stop"] })]);
    scene.tell(scene.completed("stop", { kind: "success", output: { kind: "none" }, proceed: false }));

    expect([scene.detail("stop")?.chosen, scene.state("a")]).toEqual([[], "skipped"]);
  });

  test("a task that chooses nobody and is mapped by nobody has nothing to remember", () => {
    expect(one().succeed("a").detail("a")).toBeUndefined();
  });

  test("a list that nobody can be mapped over is remembered with why, and nothing else is", () => {
    const tasks = [aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list") })];
    const given = (faults?: { load: string }): Scene => {
      const scene = aScene(tasks);
      const mapped = { length: 2, ...(faults === undefined ? {} : { faults }) };
      return scene.tell(scene.completed("list", { kind: "success", output: { kind: "none" }, mapped }));
    };

    expect(given().detail("list")).toEqual({ since: NOON, length: 2 });
    expect(given({ load: "no\nkey" }).detail("list")?.unmappable).toEqual(["load: no key"]);
  });
});

describe("an attempt that is being closed", () => {
  test("marked failed is failed by hand: its hook has nothing to tell", () => {
    const hooks = { onSuccess: false, onFailure: true, onRetry: false };
    const scene = aScene([aTaskSpec("a", { hooks }), aTaskSpec("z")]).tell(aMark("failed", "a"));

    scene.see("a", { status: "closed", reason: "marked" });

    expect([scene.state("a"), scene.detail("a")?.cause?.text, scene.dispatched()]).toEqual([
      "failed",
      "marked failed by ann: bad data",
      [],
    ]);
  });

  test("to be marked done has its own end only if that is a success", () => {
    const scene = one().tell(aMark("success", "a")).fail("a", BROKEN);

    expect([scene.state("a"), scene.detail("a")?.cause?.code]).toEqual(["success", "marked"]);
  });

  test("is closed again in ten seconds, should the answer be lost", () => {
    const scene = one().tell(aMark("failed", "a"));
    expect(scene.detail("a")?.due).toBe(plus(NOON, 10 * SECOND_MS));

    scene.after(10 * SECOND_MS).wake();

    expect([scene.all("close").length, scene.detail("a")?.due]).toEqual([1, plus(NOON, 20 * SECOND_MS)]);
  });

  test("has been so since it was first, whatever it is to become", () => {
    const scene = one()
      .tell(aMark("failed", "a"))
      .after(MINUTE_MS)
      .tell(aClear(["a"]));

    expect(scene.detail("a")).toMatchObject({ since: NOON, target: { to: "none" } });
  });

  test("for an operator is not taken for one that runs too long, when it is seen running", () => {
    const scene = one().tell(aMark("failed", "a"));

    scene.see("a", { status: "running", leaseUntil: plus(NOON, -1) });

    expect([scene.state("a"), scene.all("close").length, scene.detail("a")?.target?.to]).toEqual([
      "restarting",
      1,
      "failed",
    ]);
  });
});

describe("an attempt that was seen running", () => {
  const seen = (ms: number): Scene => one().see("a", { status: "running", leaseUntil: plus(NOON, ms) });

  test("is looked at when its lease is over, and has been running since its start", () => {
    expect(seen(MINUTE_MS).detail("a")).toEqual({ since: NOON, due: plus(NOON, MINUTE_MS) });
  });

  test("stays what it was as its lease is renewed", () => {
    const scene = seen(MINUTE_MS);
    const { transitions } = scene.run;

    scene.after(SECOND_MS).see("a", { status: "running", leaseUntil: plus(NOON, 2 * MINUTE_MS) });

    expect([scene.detail("a")?.due, scene.run.transitions]).toEqual([plus(NOON, 2 * MINUTE_MS), transitions]);
  });

  test("is not sent again when an older look finds it absent", () => {
    expect(seen(MINUTE_MS).after(HOUR_MS).see("a", null).dispatched()).toEqual([]);
  });
});

describe("a pause of what was sent", () => {
  test("looks at it, at the longest interval, but does not send it again", () => {
    const scene = one().tell(aPauseOf()).after(MINUTE_MS).see("a", null);

    expect([scene.dispatched(), scene.detail("a")?.due]).toEqual([[], plus(NOON, MINUTE_MS + REDISPATCH_AFTER_MS_MAX)]);
  });

  test("that is over asks how it stands", () => {
    const scene = one().tell(aPauseOf()).after(MINUTE_MS).tell(aResumeOf());

    expect([scene.all("inspect").length, scene.detail("a")?.queuedAt]).toEqual([1, plus(NOON, MINUTE_MS)]);
  });
});

describe("resuming", () => {
  const tasks = [aTaskSpec("a", RETRIED), aTaskSpec("b", { after: ["a"] }), aTaskSpec("c", { after: ["a"] })];

  test("some tasks leaves the others, and the run, as they are", () => {
    const scene = aScene(tasks).tell(aPauseOf("b", "c"), aPauseOf()).tell(aResumeOf("b"));

    expect(scene.run.pauses.map(({ taskId }) => taskId)).toEqual(["c", null]);
    expect(scene.succeed("a").dispatched()).toEqual([]);
  });

  test("the run resumes every task of it", () => {
    const scene = aScene(tasks).tell(aPauseOf("b"), aPauseOf()).succeed("a").tell(aResumeOf());

    expect([scene.run.pauses, scene.dispatched()]).toEqual([[], ["b#1", "c#1"]]);
  });

  test("a task does not start another one that is paused", () => {
    const scene = aScene(tasks).tell(aPauseOf("b", "c")).succeed("a").tell(aResumeOf("b"));

    expect(scene.dispatched()).toEqual(["b#1"]);
  });

  test("a task that waits for its next try sets a timer for it, or tries if it is time", () => {
    const scene = aScene(tasks).fail("a").tell(aPauseOf());
    const due = scene.detail("a")?.due;
    expect(timers(scene.tell(aResumeOf()))).toEqual([due]);

    scene.tell(aPauseOf()).after(HOUR_MS).tell(aResumeOf());

    expect(scene.dispatched()).toEqual(["a#2"]);
  });

  test("counts the time that the run stood still, from its start at the earliest", () => {
    const scene = aScene(tasks, { runTimeoutMs: HOUR_MS }).after(MINUTE_MS).tell(aPauseOf()).after(HOUR_MS);

    scene.tell(aResumeOf());

    expect(scene.run.pausedMs).toBe(HOUR_MS);
    expect(timers(scene)).toContain(plus(NOON, 2 * HOUR_MS));
  });

  test("one task does not count as time that the run stood still", () => {
    const scene = aScene(tasks, { runTimeoutMs: HOUR_MS }).tell(aPauseOf(), aPauseOf("b")).after(MINUTE_MS);

    scene.tell(aResumeOf("b"));

    expect([scene.run.pausedMs, timers(scene)]).toEqual([0, []]);
  });

  test("a task of a run that was not paused sets no timer for the run's end: that is set", () => {
    const scene = aScene(tasks, { runTimeoutMs: HOUR_MS }).tell(aPauseOf("b")).after(MINUTE_MS).tell(aResumeOf("b"));

    expect(timers(scene)).toEqual([]);
  });

  test("a run that was paused before it started counts from its start", () => {
    const scene = aScene(tasks, { admitted: false, runTimeoutMs: HOUR_MS }).tell(aPauseOf()).after(HOUR_MS);
    scene.tell({ type: "admitted", epoch: scene.run.epoch }).after(MINUTE_MS).tell(aResumeOf());

    expect(scene.run.pausedMs).toBe(MINUTE_MS);
  });

  test("a run that has not started counts nothing", () => {
    const scene = aScene(tasks, { admitted: false }).tell(aPauseOf()).after(HOUR_MS).tell(aResumeOf());

    expect(scene.run.pausedMs).toBe(0);
  });
});

describe("pausing", () => {
  test("what is paused already leaves whose hand it was", () => {
    const scene = one()
      .tell(aPauseOf())
      .tell({ ...aPauseOf("a"), by: "bob" }, { ...aPauseOf(), by: "bob" });

    expect(scene.run.pauses).toEqual([
      { taskId: null, by: "ann", reason: "bad data", at: NOON },
      { taskId: "a", by: "bob", reason: "bad data", at: NOON },
    ]);
  });

  test("one task names it once, however often it is named", () => {
    expect(one().tell(aPauseOf("a", "a")).run.pauses).toHaveLength(1);
  });
});

describe("clearing", () => {
  test("gives the run its budgets for retries anew", () => {
    const scene = aScene([aTaskSpec("a", RETRIED), aTaskSpec("z")]).fail("a");
    expect(scene.run.firstFailureAt).toBe(NOON);

    scene.tell(aClear(["a"]));

    expect([scene.run.firstFailureAt, scene.detail("a")?.triesBefore]).toEqual([null, 1]);
  });

  test("what waits for slots lets it wait for them anew", () => {
    const pools = [{ pool: aPoolId(), slots: 1 }];
    const scene = aScene([aTaskSpec("a", { pools })]).tell(aClear(["a"]));

    expect([scene.state("a"), scene.attempt("a")]).toEqual(["scheduled", 0]);
  });

  test("fires the run's hook anew, and only that", () => {
    const own = { onSuccess: false, onFailure: true, onRetry: false };
    const scene = aScene([aTaskSpec("a", { hooks: own })], { hooks: { onSuccess: false, onFailure: true } });
    scene.fail("a", BROKEN).succeed("a$onFailure", "$onFailure");

    scene.tell(aClear(["a"]), { type: "admitted", epoch: scene.run.epoch + 1 });

    expect([scene.state("a$onFailure"), scene.state("$onFailure")]).toEqual(["success", "none"]);
  });

  test("while the run's hook is at work closes that first", () => {
    const scene = aScene([aTaskSpec("a")], { hooks: { onSuccess: false, onFailure: true } }).fail("a", BROKEN);
    expect(scene.state("$onFailure")).toBe("queued");

    scene.tell(aClear(["a"]));

    expect([scene.state("$onFailure"), scene.all("close").map(({ reason }) => reason)]).toEqual([
      "restarting",
      ["cleared"],
    ]);
  });
});

describe("marking in a run that has ended", () => {
  test("lets run what its end kept from running", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { upstream: [anUpstream("b", { optional: true })] })];
    const scene = aScene(tasks, { runTimeoutMs: HOUR_MS }).succeed("a").after(HOUR_MS).wake();
    scene.see("b", { status: "closed", reason: "run_timeout" });
    expect(scene.run.state).toBe("failed");

    scene.tell(aMark("success", "b"), { type: "admitted", epoch: scene.run.epoch + 1 });

    expect(scene.states()).toEqual({ a: "success", b: "success", c: "queued" });
  });
});
