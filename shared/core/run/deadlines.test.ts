import { describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS, NOON, aScene, aTaskSpec, type Scene } from "../../../test/builders/index.ts";
import type { DeadlineSpec } from "../manifest.ts";
import { plus } from "../time.ts";
import { deadlineDue, isLate, neededBy } from "./deadlines.ts";

const TWO_HOURS: DeadlineSpec = { name: "soon", from: "due", withinMs: 2 * HOUR_MS };
const THREE_HOURS: DeadlineSpec = { name: "later", from: "due", withinMs: 3 * HOUR_MS };
const tasks = [aTaskSpec("extract"), aTaskSpec("load", { after: ["extract"] })];

const watched = (deadlines: readonly DeadlineSpec[] = [TWO_HOURS], admitted = true): Scene =>
  aScene(tasks, { deadlines, admitted });
/** What the last decision told. */
const misses = (scene: Scene) =>
  scene.all("publish").flatMap(({ fact }) => (fact.deadline === undefined ? [] : [[fact.state, fact.deadline.name]]));
const waitsFor = (scene: Scene): readonly string[] =>
  scene.all("publish").flatMap(({ fact }) => fact.deadline?.waitsFor.map(({ taskId }) => taskId) ?? []);
const done = (scene: Scene): Scene => scene.succeed("extract").succeed("load");
const failed = (scene: Scene): Scene => scene.fail("extract", { class: "permanent" });
const clear = (scene: Scene): Scene =>
  scene
    .tell({
      type: "clear",
      selection: { tasks: [], upstream: false, downstream: false, onlyFailed: false },
      by: "ann",
      reason: "",
    })
    .tell({ type: "admitted", epoch: scene.run.epoch });

describe("a deadline that passes", () => {
  test("is noted, with when that was seen", () => {
    const scene = watched()
      .after(2 * HOUR_MS + MINUTE_MS)
      .wake();

    expect(scene.run.deadlines).toEqual([
      { name: "soon", at: plus(NOON, 2 * HOUR_MS), missedAt: plus(NOON, 2 * HOUR_MS + MINUTE_MS) },
    ]);
  });

  test("is told, with what the run waits for", () => {
    const scene = watched()
      .succeed("extract")
      .after(2 * HOUR_MS)
      .wake();

    expect(scene.all("publish").map(({ fact }) => fact)).toMatchObject([
      {
        type: "run_deadline_missed",
        state: "running",
        text: "run orders.run-1 missed its deadline 'soon' of 2026-03-02T14:00:00Z: it waits for task 'load' (queued)",
        at: plus(NOON, 2 * HOUR_MS),
        deadline: {
          name: "soon",
          at: plus(NOON, 2 * HOUR_MS),
          waitsFor: [{ taskId: "load", state: "queued" }],
        },
      },
    ]);
  });

  test("is told with at most five tasks of those that could be at work", () => {
    const many = ["a", "b", "c", "d", "e", "f"].map((id) => aTaskSpec(id));
    const scene = aScene(many, { deadlines: [TWO_HOURS] })
      .after(2 * HOUR_MS)
      .wake();

    expect(waitsFor(scene)).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("is told with tasks alone, and no hooks", () => {
    const hooks = { onSuccess: false, onFailure: true };

    expect(
      waitsFor(
        aScene(tasks, { deadlines: [TWO_HOURS], hooks })
          .after(2 * HOUR_MS)
          .wake(),
      ),
    ).toEqual(["extract"]);
  });

  test("is told of a run that has not started without any task", () => {
    expect(
      waitsFor(
        watched([TWO_HOURS], false)
          .after(2 * HOUR_MS)
          .wake(),
      ),
    ).toEqual([]);
  });

  test("has a timer for the next one", () => {
    const scene = watched([TWO_HOURS, THREE_HOURS])
      .after(2 * HOUR_MS)
      .wake();

    expect(scene.all("timer")).toEqual([{ type: "timer", at: plus(NOON, 3 * HOUR_MS) }]);
  });

  test("is nothing before its time", () => {
    const scene = watched().after(HOUR_MS).wake().wake();

    expect([scene.changed, scene.all("timer")]).toEqual([false, []]);
  });

  test("is told once", () => {
    const scene = watched()
      .after(2 * HOUR_MS)
      .wake()
      .after(MINUTE_MS)
      .wake();

    expect(misses(scene)).toEqual([]);
  });

  test("is told of a run that waits for its place", () => {
    expect(
      misses(
        watched([TWO_HOURS], false)
          .after(2 * HOUR_MS)
          .wake(),
      ),
    ).toEqual([["queued", "soon"]]);
  });

  test("is told of a run that is paused", () => {
    const scene = watched().tell({ type: "pause", tasks: [], by: "ann", reason: "" });

    expect(misses(scene.after(2 * HOUR_MS).wake())).toEqual([["running", "soon"]]);
  });

  test.for([
    ["failed", failed],
    ["cancelled", (scene: Scene) => scene.cancel().see("extract", { status: "closed", reason: "cancelled" })],
  ] as const)("is told of a run that is %s, with what failed", ([state, end]) => {
    const scene = end(watched())
      .after(2 * HOUR_MS)
      .wake();

    expect(misses(scene)).toEqual([[state, "soon"]]);
  });

  test("is told by the decision that ends the run too late", () => {
    const scene = watched()
      .succeed("extract")
      .after(2 * HOUR_MS)
      .succeed("load");

    expect(scene.all("publish").map(({ fact }) => fact.type)).toEqual(["run_deadline_missed", "run_ended"]);
  });

  test("is told each at its time", () => {
    const scene = watched([TWO_HOURS, THREE_HOURS])
      .after(2 * HOUR_MS)
      .wake();

    expect([misses(scene), deadlineDue(scene.run)]).toEqual([[["running", "soon"]], plus(NOON, 3 * HOUR_MS)]);
    expect(misses(scene.after(HOUR_MS).wake())).toEqual([["running", "later"]]);
  });

  test("are told together where nobody looked in time", () => {
    expect(
      misses(
        watched([TWO_HOURS, THREE_HOURS])
          .after(4 * HOUR_MS)
          .wake(),
      ),
    ).toEqual([
      ["running", "soon"],
      ["running", "later"],
    ]);
  });
});

describe("a run with a deadline", () => {
  test("is due then, at the latest, and has a timer for it from its start", () => {
    const scene = watched();

    expect(scene.all("timer")).toContainEqual({ type: "timer", at: plus(NOON, 2 * HOUR_MS) });
    const ended = failed(scene)
      .tell(...acknowledged(scene))
      .after(MINUTE_MS)
      .wake();
    expect(ended.run.due).toBe(plus(NOON, 2 * HOUR_MS));
  });

  test("has nothing left of it once it has succeeded in time", () => {
    const scene = done(watched().after(2 * HOUR_MS - 1));

    expect([scene.run.state, scene.run.deadlines, misses(scene)]).toEqual(["success", undefined, []]);
  });

  test("that it has missed keeps that once it has succeeded", () => {
    const scene = done(watched([TWO_HOURS, THREE_HOURS]).after(2 * HOUR_MS));

    expect(scene.run.deadlines?.map(({ name }) => name)).toEqual(["soon"]);
  });

  test("keeps it when it is cleared after a failure", () => {
    const scene = clear(failed(watched()).after(HOUR_MS));

    expect(misses(scene.after(HOUR_MS).wake())).toEqual([["running", "soon"]]);
  });

  test("that it has met has none when it is cleared", () => {
    const scene = clear(done(watched()).after(HOUR_MS));

    expect(misses(scene.after(HOUR_MS).wake())).toEqual([]);
  });

  test("that it has missed is not told of that again when it is cleared", () => {
    const scene = clear(
      failed(watched())
        .after(2 * HOUR_MS)
        .wake(),
    );

    expect(misses(scene.after(HOUR_MS).wake())).toEqual([]);
  });

  test("is late from then on, whether or not anybody has looked", () => {
    const { run } = watched();

    expect([isLate(run, plus(NOON, 2 * HOUR_MS - 1)), isLate(run, plus(NOON, 2 * HOUR_MS))]).toEqual([false, true]);
  });
});

test("a run is late that has missed one of its deadlines", () => {
  const { run } = watched([TWO_HOURS, THREE_HOURS])
    .after(2 * HOUR_MS)
    .wake();

  expect(isLate(run, plus(NOON, 2 * HOUR_MS))).toBe(true);
});

describe("pools rank a run", () => {
  test("by its first deadline, missed or not", () => {
    const scene = watched([TWO_HOURS, THREE_HOURS])
      .after(2 * HOUR_MS)
      .wake();

    expect(neededBy(scene.run, { runTimeoutMs: HOUR_MS })).toBe(plus(NOON, 2 * HOUR_MS));
  });

  test("by the end of its timeout where it has none", () => {
    expect(neededBy(watched([]).run, { runTimeoutMs: HOUR_MS })).toBe(plus(NOON, HOUR_MS));
  });
});

/** Whoever it tells of its end has heard. */
const acknowledged = ({ run }: Scene) =>
  Array.from({ length: run.effectsRecorded + 2 }, (_, number) => ({ type: "effect_acknowledged", number }) as const);
