import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, NOON, SECOND_MS, aScene, aSuccess, aTaskSpec } from "../../../test/builders/index.ts";
import { plus } from "../time.ts";
import { REDISPATCH_AFTER_MS, REDISPATCH_AFTER_MS_MAX } from "./dispatch.ts";
import { TELL_AGAIN_AFTER_MS, TELL_AGAIN_AFTER_MS_MAX } from "./effects.ts";

const CHAIN = [aTaskSpec("extract"), aTaskSpec("load", { after: ["extract"] })];

describe("a queued run", () => {
  test("starts nothing before its DAG has a place for it", () => {
    const scene = aScene(CHAIN, { admitted: false }).wake();

    expect([scene.run.state, scene.dispatched()]).toEqual(["queued", []]);
  });

  test("starts what waits for nothing once it is admitted, and says so", () => {
    const scene = aScene(CHAIN);

    expect(scene.dispatched()).toEqual(["extract#1"]);
    expect(scene.run).toMatchObject({ state: "running", startedAt: NOON });
    expect(scene.all("publish").map(({ fact }) => fact.type)).toEqual(["run_started"]);
  });

  test("is admitted once", () => {
    const scene = aScene(CHAIN).after(SECOND_MS).tell({ type: "admitted", epoch: 0 });

    expect([scene.changed, scene.commands, scene.run.startedAt]).toEqual([false, [], NOON]);
  });

  test("is not admitted by a word to an earlier epoch", () => {
    expect(aScene(CHAIN, { admitted: false }).tell({ type: "admitted", epoch: -1 }).run.state).toBe("queued");
  });

  test("reminds its DAG, at growing intervals up to an hour", () => {
    const scene = aScene(CHAIN, { admitted: false });
    const waits: number[] = [];
    for (let reminder = 0; reminder < 12; reminder++) {
      const due = scene.run.due ?? NOON;
      waits.push((due - scene.now) / SECOND_MS);
      expect(
        scene
          .after(due - scene.now)
          .wake()
          .all("tell_queued"),
      ).toMatchObject([{ epoch: 0 }]);
    }

    expect(waits[0]).toBe(TELL_AGAIN_AFTER_MS / SECOND_MS);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(scene.after(100 * HOUR_MS).wake().run.due).toBe(plus(scene.now, TELL_AGAIN_AFTER_MS_MAX));
  });

  test("does not remind its DAG before its time", () => {
    expect(
      aScene(CHAIN, { admitted: false })
        .after(TELL_AGAIN_AFTER_MS - 1)
        .wake().commands,
    ).toEqual([]);
  });
});

describe("a run without tasks", () => {
  test("waits for its place like any other", () => {
    const scene = aScene([], { admitted: false }).tell({ type: "effect_acknowledged", number: 1 });

    expect(scene.run.state).toBe("queued");
  });

  test("succeeds as soon as it is admitted", () => {
    expect(aScene([]).run).toMatchObject({ state: "success", endedAt: NOON });
  });
});

describe("what a task waits for", () => {
  test("starts it when it succeeds, in the same decision", () => {
    const scene = aScene(CHAIN).succeed("extract");

    expect(scene.dispatched()).toEqual(["load#1"]);
  });

  test("ends the run with the last of them", () => {
    const scene = aScene(CHAIN).succeed("extract").succeed("load");

    expect(scene.run).toMatchObject({ state: "success", degraded: false, cause: null, endedAt: NOON });
    expect(scene.all("publish").map(({ fact }) => [fact.type, fact.state])).toEqual([["run_ended", "success"]]);
  });

  test("passes its output on with the dispatch that it unlocks", () => {
    const output = { kind: "inline", value: { rows: 3 } } as const;
    const scene = aScene(CHAIN);
    scene.tell(scene.completed("extract", { kind: "success", output }));

    expect(scene.all("dispatch")).toMatchObject([
      { carried: { extract: output }, upstream: [{ taskId: "extract", attempt: 1 }] },
    ]);
  });

  test("names the attempt that succeeded, and leaves out outputs that came in earlier decisions", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"] })]);
    scene.tell(scene.completed("a", aSuccess(1)));
    scene.tell(scene.completed("b", aSuccess(2)));

    expect(scene.all("dispatch")).toMatchObject([
      {
        carried: { b: { kind: "inline", value: 2 } },
        upstream: [
          { taskId: "a", attempt: 1 },
          { taskId: "b", attempt: 1 },
        ],
      },
    ]);
    expect(Object.keys(scene.all("dispatch")[0]?.carried ?? {})).toEqual(["b"]);
  });

  test("that only orders brings no output", () => {
    const upstream = CHAIN[1]?.upstream.map((edge) => ({ ...edge, input: null })) ?? [];
    const scene = aScene([aTaskSpec("extract"), aTaskSpec("load", { upstream })]);
    scene.tell(scene.completed("extract", aSuccess(1)));

    expect(scene.all("dispatch")).toMatchObject([{ carried: {}, upstream: [] }]);
  });
});

describe("a completion", () => {
  test("counts once, however often it comes", () => {
    const scene = aScene(CHAIN);
    const completed = scene.completed("extract", aSuccess());
    scene.tell(completed, completed).after(SECOND_MS).succeed("load").tell(completed);

    expect(scene.run.transitions).toBe(4);
    expect(scene.changed).toBe(false);
  });

  test.each([
    ["an attempt that does not exist yet", 2, 0],
    ["another epoch", 1, 1],
  ])("of %s is dropped", (_, attempt, epoch) => {
    const scene = aScene(CHAIN);
    const key = scene.key("extract", attempt);
    scene.tell({ type: "completed", key, epoch, outcome: aSuccess() });

    expect([scene.changed, scene.state("extract")]).toEqual([false, "queued"]);
  });

  test("of a task that the version does not have is dropped", () => {
    const scene = aScene(CHAIN);
    scene.tell({
      type: "completed",
      key: { ...scene.key("extract"), taskId: "gone" as never },
      epoch: 0,
      outcome: aSuccess(),
    });

    expect(scene.changed).toBe(false);
  });

  test("of an earlier attempt changes nothing", () => {
    const scene = aScene([aTaskSpec("extract", { retry: { ...aTaskSpec("x").retry, retries: 1 } })]);
    scene.fail("extract").after(HOUR_MS).wake().after(MINUTE_MS);
    scene.tell({ type: "attempt_seen", key: scene.key("extract"), item: null });
    const sends = scene.detail("extract")?.sends;
    scene.tell(scene.completed("extract", aSuccess(), 1));

    expect([scene.state("extract"), scene.attempt("extract"), scene.detail("extract")?.sends]).toEqual([
      "queued",
      2,
      sends,
    ]);
  });

  test("after the end of the run changes nothing", () => {
    const scene = aScene(CHAIN).succeed("extract").succeed("load");
    scene.tell(scene.completed("load", aSuccess()));

    expect([scene.changed, scene.commands]).toEqual([false, []]);
  });
});

describe("an echo of a completion", () => {
  test("sends again what it unlocked, in case that was never sent, once", () => {
    const scene = aScene(CHAIN);
    const completed = scene.completed("extract", aSuccess());
    scene.tell(completed).after(SECOND_MS).tell(completed);
    expect(scene.all("dispatch")).toMatchObject([{ key: { taskId: "load", attempt: 1 }, send: 2 }]);

    scene.tell(completed);

    expect(scene.commands).toEqual([]);
  });

  test("sends nothing that has been seen at work", () => {
    const scene = aScene(CHAIN);
    const completed = scene.completed("extract", aSuccess());
    scene
      .tell(completed)
      .see("load", { status: "running", leaseUntil: plus(NOON, MINUTE_MS) })
      .tell(completed);

    expect(scene.commands).toEqual([]);
  });

  test("of the failure before sends the attempt that follows it again", () => {
    const scene = aScene([aTaskSpec("extract", { retry: { ...aTaskSpec("x").retry, retries: 1 } })]);
    const failed = scene.completed("extract", {
      kind: "failed",
      error: { name: "E", message: "m", class: "transient" },
    });
    scene.tell(failed).after(HOUR_MS).wake().tell(failed);

    expect(scene.all("dispatch")).toMatchObject([{ key: { attempt: 2 }, send: 2 }]);
  });

  test("sends nothing in a run that was cancelled", () => {
    const scene = aScene(CHAIN);
    const completed = scene.completed("extract", aSuccess());
    scene.tell(completed).cancel().tell(completed);

    expect(scene.dispatched()).toEqual([]);
  });
});

describe("a dispatch that nobody claims", () => {
  test("is sent again at growing intervals, up to ten minutes", () => {
    const scene = aScene([aTaskSpec("extract", { queuedTimeoutMs: 24 * HOUR_MS })]);
    const waits: number[] = [];
    for (let look = 0; look < 8; look++) {
      const due = scene.detail("extract")?.due ?? NOON;
      waits.push(due - scene.now);
      scene.after(due - scene.now).wake();
      expect(scene.all("inspect")).toEqual([{ type: "inspect", keys: [scene.key("extract", 1)] }]);
      scene.see("extract", null);
      expect(scene.all("dispatch")).toMatchObject([{ key: { attempt: 1 }, send: look + 2 }]);
    }

    expect(waits).toEqual([30, 60, 120, 240, 480, 600, 600, 600].map((seconds) => seconds * SECOND_MS));
    expect([waits[0], waits.at(-1)]).toEqual([REDISPATCH_AFTER_MS, REDISPATCH_AFTER_MS_MAX]);
  });

  test("is sent once, however often one decision hears that nobody has it", () => {
    const scene = aScene(CHAIN).after(REDISPATCH_AFTER_MS).wake();
    const absent = { type: "attempt_seen", key: scene.key("extract"), item: null } as const;

    expect(scene.tell(absent, absent).all("dispatch")).toMatchObject([{ send: 2 }]);
  });

  test("is sent once, however many looks found that nobody has it", () => {
    const scene = aScene(CHAIN).after(REDISPATCH_AFTER_MS).wake();
    const absent = { type: "attempt_seen", key: scene.key("extract"), item: null } as const;
    scene.tell(absent);

    expect(scene.tell(absent).commands).toEqual([]);
  });

  test("is not sent again if the same decision learns that it has ended", () => {
    const scene = aScene(CHAIN).after(REDISPATCH_AFTER_MS).wake();
    const absent = { type: "attempt_seen", key: scene.key("extract"), item: null } as const;
    scene.tell(absent, scene.completed("extract", aSuccess()));

    expect(scene.dispatched()).toEqual(["load#1"]);
  });
});

describe("the end of a run", () => {
  const ended = () => aScene(CHAIN).succeed("extract").succeed("load");

  test("is told to its DAG", () => {
    expect(ended().all("tell")).toMatchObject([{ effect: { kind: "run_finished", number: 1, epoch: 0 } }]);
  });

  test("is told again until the DAG has acknowledged it", () => {
    const scene = ended();
    const due = scene.run.due ?? NOON;

    expect(
      scene
        .after(due - scene.now)
        .wake()
        .all("tell"),
    ).toHaveLength(1);
  });

  test("once acknowledged is never looked at again", () => {
    const scene = ended().tell({ type: "effect_acknowledged", number: 1 });

    expect([scene.run.effects, scene.run.due]).toEqual([[], null]);
    expect(scene.after(HOUR_MS).wake().commands).toEqual([]);
  });

  test("is not acknowledged by a word about another effect", () => {
    expect(ended().tell({ type: "effect_acknowledged", number: 7 }).run.effects).toHaveLength(1);
  });
});

describe("when the record is next looked at", () => {
  test("is when its first task needs it", () => {
    const scene = aScene(CHAIN);

    expect([scene.run.due, scene.detail("extract")?.due]).toEqual([plus(NOON, 30_000), plus(NOON, 30_000)]);
  });

  test("is not written later while it lies ahead, so that the hot path does not pay for it", () => {
    const scene = aScene(CHAIN)
      .after(10 * SECOND_MS)
      .succeed("extract");

    expect(scene.detail("load")?.due).toBe(plus(NOON, 40 * SECOND_MS));
    expect(scene.run.due).toBe(plus(NOON, 30 * SECOND_MS));
  });

  test("is set anew once it has passed", () => {
    const scene = aScene(CHAIN)
      .after(10 * SECOND_MS)
      .succeed("extract")
      .after(20 * SECOND_MS)
      .wake();

    expect([scene.run.due, scene.commands]).toEqual([plus(NOON, 40 * SECOND_MS), []]);
  });

  test("stays in the past until what it asked for has come", () => {
    const scene = aScene(CHAIN).after(REDISPATCH_AFTER_MS).wake();

    expect([scene.changed, scene.run.due]).toEqual([false, plus(NOON, REDISPATCH_AFTER_MS)]);
  });

  test("includes the end of the run's time", () => {
    const runTimeoutMs = 20 * SECOND_MS;

    expect(aScene(CHAIN, { runTimeoutMs }).run.due).toBe(plus(NOON, runTimeoutMs));
  });
});

test("a decision leaves the record that it was given as it was", () => {
  const scene = aScene(CHAIN);
  const before = scene.run;
  const copy = structuredClone(before);
  scene.succeed("extract");

  expect(before).toEqual(copy);
});

test("a wake for all forgets what leases were seen, since a restart has cut them short", () => {
  const scene = aScene([aTaskSpec("a")])
    .see("a", { status: "running", leaseUntil: plus(NOON, 30_000) })
    .after(1_000);

  scene.tell({ type: "wake", all: true }).see("a", { status: "running", leaseUntil: scene.now });

  expect(scene.state("a")).toBe("restarting");
  expect(scene.all("close")).toEqual([{ type: "close", key: scene.key("a"), reason: "lost", lease: scene.now }]);
});

test("a wake for all sends again what nobody has, due or not", () => {
  const scene = aScene([aTaskSpec("a")])
    .after(1_000)
    .tell({ type: "wake", all: true });

  scene.tell({ type: "attempt_seen", key: scene.key("a"), item: null });

  expect(scene.all("dispatch")).toMatchObject([{ send: 2 }]);
});

test("a wake for all looks at everything at work, due or not", () => {
  const scene = aScene([aTaskSpec("a"), aTaskSpec("b")]).tell({ type: "wake", all: true });

  expect(scene.all("inspect")).toEqual([{ type: "inspect", keys: [scene.key("a"), scene.key("b")] }]);
});
