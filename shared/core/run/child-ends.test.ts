import { describe, expect, test } from "vitest";
import { aChildSpec, aMark, aPauseOf, aResumeOf, aScene, aTaskSpec, type Scene } from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import { UNMAPPED, taskId, type RunId } from "../ids.ts";
import type { ChildSpec } from "../manifest.ts";

const HOOKS = { onSuccess: true, onFailure: false, onRetry: false };
type Report = Extract<RunEvent, { type: "child_report" }>;

/** `trigger` has started its child run, which is known to have come into being. */
const waiting = (child: Partial<ChildSpec> = {}): Scene => {
  const scene = aScene([aTaskSpec("trigger", { child: aChildSpec(child), hooks: HOOKS }), aTaskSpec("other")]);
  scene.succeed("trigger");
  return scene.tell(...scene.run.effects.map(({ number }): RunEvent => ({ type: "effect_acknowledged", number })));
};
const childOf = (scene: Scene, id = "trigger"): RunId => scene.detail(id)?.child as RunId;
const about = (scene: Scene) => ({ childId: childOf(scene), taskId: taskId("trigger"), mapIndex: UNMAPPED });
const ends = (scene: Scene, state: Report["state"], text = ""): Scene =>
  scene.tell({ type: "child_report", ...about(scene), epoch: 0, state, degraded: false, text });
const refused = (scene: Scene, more: Partial<ReturnType<typeof about>> = {}): Scene =>
  scene.tell({ type: "child_refused", ...about(scene), name: "ChildRunGone", text: "gone", ...more });
const told = (scene: Scene): readonly string[] => scene.all("tell").map(({ effect }) => effect.kind);

describe("the end of a child run", () => {
  test("fails the task that waits for it, and says how it ended, and why if that is known", () => {
    const failed = waiting();
    const childId = childOf(failed);

    expect(ends(failed, "failed", "task 'copy' failed").detail("trigger")?.cause).toMatchObject({
      text: `ChildRunFailed: child run '${childId}' failed: task 'copy' failed`,
      class: "transient",
      name: "ChildRunFailed",
    });
    expect(ends(waiting(), "failed").detail("trigger")?.cause?.text).toBe(
      `ChildRunFailed: child run '${childId}' failed`,
    );
  });

  test("by somebody's hand is no reason to try again", () => {
    expect(ends(waiting(), "cancelled").detail("trigger")?.cause).toMatchObject({
      class: "permanent",
      name: "ChildRunCancelled",
    });
  });

  test.each([
    ["skips", "skip", "skipped"],
    ["is ignored by", "ignore", "success"],
  ] as const)("%s a task that says so, which says what happened", (_does, onFailure, state) => {
    const scene = waiting({ onFailure });
    const text = `child run '${childOf(scene)}' failed`;

    expect([ends(scene, "failed").state("trigger"), scene.detail("trigger")]).toEqual([
      state,
      { since: scene.now, cause: { code: "child_run", text } },
    ]);
  });

  test("is told to the hook of the task that succeeded with it", () => {
    expect(ends(waiting(), "success").dispatched()).toEqual(["trigger$onSuccess#1"]);
  });

  test.each(["success", "failed"] as const)("is no reason to cancel it: %s", (state) => {
    expect(told(ends(waiting(), state))).toEqual([]);
    expect(told(ends(waiting({ onFailure: "skip" }), state))).toEqual([]);
    expect(told(ends(waiting({ onFailure: "ignore" }), state))).toEqual([]);
  });

  test("of a task that there is not changes nothing", () => {
    const scene = waiting();
    const nobody = { ...about(scene), taskId: taskId("nobody") };

    expect(
      scene.tell({ type: "child_report", ...nobody, epoch: 0, state: "success", degraded: false, text: "" }).changed,
    ).toBe(false);
  });
});

test("a task goes on waiting for its child run when somebody has paused and resumed its run", () => {
  const scene = waiting().tell(aPauseOf()).tell(aResumeOf());

  expect([scene.state("trigger"), ends(scene, "success").state("trigger")]).toEqual(["deferred", "success"]);
});

describe("the word that there is no child run", () => {
  test("fails the task, which has nothing to cancel", () => {
    const scene = refused(waiting());

    expect([scene.state("trigger"), told(scene)]).toEqual(["failed", []]);
  });

  test("is nothing to a task that waits for another one, or to none", () => {
    const scene = waiting();

    expect(refused(scene, { childId: "load.other" as RunId }).changed).toBe(false);
    expect(refused(scene, { taskId: taskId("nobody") }).changed).toBe(false);
  });
});

test("a child run that nobody waits for any more is cancelled as one that has, or may not have, begun", () => {
  const scene = aScene(["a", "b"].map((id) => aTaskSpec(id, { child: aChildSpec() }))).succeed("a", "b");
  const started = (id: string): readonly unknown[] => {
    const childId = childOf(scene, id);
    scene.tell(aMark("success", id));
    return scene
      .all("tell")
      .flatMap(({ effect }) => (effect.kind === "cancel_child" && effect.childId === childId ? [effect.started] : []));
  };
  const ofA = scene.run.effects.find((effect) => effect.kind === "start_child" && effect.taskId === "a");

  scene.tell({ type: "effect_acknowledged", number: ofA?.number ?? 0 });

  expect([started("a"), started("b")]).toEqual([[true], [false]]);
});
