import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aChildSpec,
  aClear,
  aMark,
  aManifest,
  aRetrySpec,
  aRun,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import { UNMAPPED, taskId, type RunId } from "../ids.ts";
import type { ChildSpec, TaskSpec } from "../manifest.ts";
import { plus } from "../time.ts";
import { advance } from "./advance.ts";
import { LOOK_AT_CHILD_AFTER_MS } from "./children.ts";
import { TELL_AGAIN_AFTER_MS } from "./effects.ts";
import { newRun } from "./new-run.ts";

const TASK = taskId("trigger");

function tasks(child: Partial<ChildSpec> = {}, spec: Partial<Omit<TaskSpec, "taskId" | "setups">> = {}): TaskSpec[] {
  return [aTaskSpec(TASK, { child: aChildSpec(child), ...spec }), aTaskSpec("report", { after: [TASK] })];
}

/** The task has given the params, and waits for its child run. */
const waiting = (...given: Parameters<typeof tasks>): Scene => aScene(tasks(...given)).succeed(TASK);

const childOf = (scene: Scene): RunId => scene.detail(TASK)?.child as RunId;

type Report = Extract<RunEvent, { type: "child_report" }>;
const report = (childId: RunId, state: Report["state"], epoch = 0): Report => ({
  type: "child_report",
  childId,
  taskId: TASK,
  mapIndex: UNMAPPED,
  epoch,
  state,
  degraded: false,
  text: state === "failed" ? "task 'copy' failed" : "",
});

const hear = (scene: Scene, state: Report["state"], epoch?: number): Scene =>
  scene.tell(report(childOf(scene), state, epoch));

const told = (scene: Scene): readonly string[] => scene.all("tell").map(({ effect }) => effect.kind);
const acknowledgeAll = (scene: Scene): Scene =>
  scene.tell(...scene.run.effects.map(({ number }): RunEvent => ({ type: "effect_acknowledged", number })));

describe("a task that starts a run of another DAG", () => {
  test("is deferred once it has said with what, and tells the child run to come into being", () => {
    const scene = waiting();

    expect(scene.state(TASK)).toBe("deferred");
    expect(scene.all("tell")).toMatchObject([
      { effect: { kind: "start_child", childId: childOf(scene), taskId: TASK, mapIndex: UNMAPPED, attempt: 1 } },
    ]);
  });

  test("names the child run after its DAG, the parent's time and the attempt", () => {
    expect(childOf(waiting())).toMatch(/^load\.child\.20260302T120000Z-[0-9a-f]{14}$/);
    expect(childOf(waiting())).toBe(childOf(waiting()));
  });

  test("tells it again until that has been acknowledged", () => {
    const scene = waiting();

    expect(told(scene.after(TELL_AGAIN_AFTER_MS).wake())).toEqual(["start_child"]);
    expect(told(acknowledgeAll(scene).after(TELL_AGAIN_AFTER_MS).wake())).toEqual([]);
  });

  test("looks now and then whether the child run is still there", () => {
    const scene = acknowledgeAll(waiting()).after(LOOK_AT_CHILD_AFTER_MS).wake();

    expect(scene.all("inspect_child")).toMatchObject([{ childId: childOf(scene) }]);
    expect(scene.run.due).toBe(plus(scene.now, LOOK_AT_CHILD_AFTER_MS));
  });

  test("fails if there is none any more", () => {
    const scene = waiting();
    const childId = childOf(scene);
    scene.tell({
      type: "child_refused",
      childId,
      taskId: TASK,
      mapIndex: UNMAPPED,
      name: "ChildRunGone",
      text: "gone",
    });

    expect(scene.run).toMatchObject({ state: "failed", cause: { name: "ChildRunGone" } });
  });

  test("that was ended while its function ran starts nothing", () => {
    const scene = aScene(tasks())
      .cancel()
      .see(TASK, {
        status: "finished",
        outcome: { kind: "success", output: { kind: "none" }, child: { params: {} } },
      });

    expect([scene.state(TASK), told(scene)]).toEqual(["skipped", ["run_finished"]]);
  });
});

describe("a task that waits for its child run", () => {
  test("succeeds with it, and what comes after it starts", () => {
    const scene = hear(waiting(), "success");

    expect([scene.state(TASK), scene.dispatched()]).toEqual(["success", ["report#1"]]);
  });

  test.each(["queued", "running"] as const)("goes on waiting while that is %s", (state) => {
    expect(hear(waiting(), state).state(TASK)).toBe("deferred");
  });

  test("fails with it, with its cause", () => {
    const scene = hear(waiting(), "failed");

    expect(scene.state(TASK)).toBe("failed");
    expect(scene.run.cause?.text).toContain("failed: task 'copy' failed");
  });

  test("is skipped with it where it says so", () => {
    const scene = hear(waiting({ onFailure: "skip" }), "failed");

    expect(scene.states()).toEqual({ trigger: "skipped", report: "skipped" });
  });

  test("succeeds without it where it says so, and says what it ignored", () => {
    const scene = hear(waiting({ onFailure: "ignore" }), "failed");

    expect([scene.state(TASK), scene.dispatched()]).toEqual(["success", ["report#1"]]);
    expect(scene.detail(TASK)?.cause?.text).toContain("failed");
  });

  test("starts a new child run for each try", () => {
    const scene = waiting({}, { retry: aRetrySpec({ retries: 1 }) });
    const first = childOf(scene);
    hear(scene, "failed");
    expect(scene.state(TASK)).toBe("up_for_retry");

    scene.after(HOUR_MS).wake().succeed(TASK);

    expect([scene.attempt(TASK), childOf(scene) === first]).toEqual([2, false]);
  });

  test("is not tried again after somebody cancelled the child run", () => {
    expect(hear(waiting({}, { retry: aRetrySpec({ retries: 1 }) }), "cancelled").state(TASK)).toBe("failed");
  });

  test("takes the first end of the child run: another word about it changes nothing", () => {
    const scene = hear(waiting(), "success");

    expect(scene.tell(report(childOf(waiting()), "failed")).changed).toBe(false);
  });

  test("takes no end of a later epoch for the one that it waits for", () => {
    expect(hear(waiting(), "success", 1).state(TASK)).toBe("deferred");
  });

  test("takes no end of the child run of an earlier try for its own", () => {
    const scene = waiting({}, { retry: aRetrySpec({ retries: 1 }) });
    const first = childOf(scene);
    hear(scene, "failed").after(HOUR_MS).wake().succeed(TASK);

    expect(scene.tell(report(first, "success")).state(TASK)).toBe("deferred");
  });

  test("gives up after its timeout, and cancels the child run", () => {
    const scene = acknowledgeAll(waiting({ waitMs: 10 * MINUTE_MS }));
    expect(scene.run.due).toBe(plus(NOON, TELL_AGAIN_AFTER_MS));

    scene.after(10 * MINUTE_MS).wake();

    expect(scene.state(TASK)).toBe("failed");
    expect(scene.all("tell")).toMatchObject([
      { effect: { kind: "cancel_child", started: true } },
      { effect: { kind: "run_finished" } },
    ]);
  });

  test("cancels the child run when its own run is cancelled", () => {
    const scene = acknowledgeAll(waiting()).cancel();

    expect(scene.run.state).toBe("cancelled");
    expect(told(scene)).toEqual(["cancel_child", "run_finished"]);
  });

  test("keeps its run due until the child run knows that it is cancelled", () => {
    const scene = acknowledgeAll(waiting()).cancel();
    const [cancel] = scene.run.effects.filter(({ kind }) => kind === "cancel_child");
    scene.tell(...scene.run.effects.filter((effect) => effect !== cancel).map(acknowledged));

    expect([scene.run.effects, scene.run.due]).toEqual([[cancel], cancel?.due]);
  });

  test("takes back a start that nobody acknowledged", () => {
    const scene = waiting().cancel();

    expect(scene.run.effects).toMatchObject([{ kind: "cancel_child", started: false }, { kind: "run_finished" }]);
  });
});

const acknowledged = ({ number }: { readonly number: number }): RunEvent => ({ type: "effect_acknowledged", number });

describe("the child run of the next try", () => {
  const timedOut = (): Scene =>
    acknowledgeAll(waiting({ waitMs: MINUTE_MS }, { retry: aRetrySpec({ retries: 1 }) }))
      .after(MINUTE_MS)
      .wake();

  test("comes into being only once the one before knows that it is cancelled", () => {
    const scene = timedOut();
    const cancel = scene.run.effects.find(({ kind }) => kind === "cancel_child");
    scene.after(30_000).wake().succeed(TASK);
    expect(told(scene)).not.toContain("start_child");

    scene.tell({ type: "effect_acknowledged", number: cancel?.number ?? 0 });

    expect(told(scene)).toEqual(["start_child"]);
  });
});

describe("an operator's hand on a task that waits", () => {
  test("clearing it cancels its child run, and only then starts another one", () => {
    const scene = acknowledgeAll(waiting());
    const first = childOf(scene);
    scene.tell(aClear([TASK]));
    expect([scene.dispatched(), scene.all("tell")]).toMatchObject([
      [`${TASK}#2`],
      [{ effect: { kind: "cancel_child", childId: first, started: true } }],
    ]);

    scene.succeed(TASK);
    expect([scene.state(TASK), told(scene), childOf(scene) === first]).toEqual(["deferred", [], false]);

    const cancel = scene.run.effects.find(({ kind }) => kind === "cancel_child");
    expect(told(scene.tell({ type: "effect_acknowledged", number: cancel?.number ?? 0 }))).toEqual(["start_child"]);
  });

  test("marking it ends the wait, and cancels its child run", () => {
    const scene = acknowledgeAll(waiting()).tell(aMark("success", TASK));

    expect([scene.state(TASK), told(scene), scene.dispatched()]).toEqual(["success", ["cancel_child"], ["report#1"]]);
  });
});

describe("a task that does not wait", () => {
  test("has succeeded once the child run waits for its place", () => {
    const scene = waiting({ wait: false });
    expect(scene.state(TASK)).toBe("deferred");

    expect(hear(scene, "queued").state(TASK)).toBe("success");
  });

  test("succeeds however the child run ended meanwhile", () => {
    expect(hear(waiting({ wait: false }), "failed").state(TASK)).toBe("success");
  });
});

describe("a run that another one started", () => {
  const parent = { runId: aRun().runId, taskId: TASK, mapIndex: UNMAPPED, attempt: 1 };
  const manifest = aManifest({ tasks: [] });
  const child = newRun({
    ...aRun(),
    manifest,
    origin: { kind: "child", parent, parentEpoch: 0 },
    now: NOON,
  });

  test("tells its parent of its end, and is due until that has been heard", () => {
    const { run, commands } = advance(child, manifest, [{ type: "admitted", epoch: 0 }], NOON);

    expect(commands).toContainEqual(
      expect.objectContaining({
        effect: expect.objectContaining({ kind: "child_report", state: "success" }) as unknown,
      }),
    );
    expect(run.due).not.toBeNull();
  });
});
