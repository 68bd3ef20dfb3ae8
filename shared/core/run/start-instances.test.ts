import { describe, expect, test } from "vitest";
import {
  HAND,
  HOUR_MS,
  MINUTE_MS,
  aClear,
  aMapSpec,
  aPauseOf,
  aResumeOf,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";

const RETRIED = { retry: aRetrySpec({ retries: 1, delayMs: MINUTE_MS }) };
const BROKEN = { class: "permanent" } as const;
const aMap = (length: number, map: Parameters<typeof aMapSpec>[1] = {}): Scene =>
  aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list", map), ...RETRIED })]).giveList(
    "list",
    length,
  );
const clearing = (mapIndex: number) => ({ ...aClear([], { tasks: [{ taskId: "load", mapIndex }] }), ...HAND });

describe("instances of a map that may have one at work", () => {
  const one = (): Scene => aMap(3, { concurrency: 1 });

  test("start one after the other, in their order", () => {
    const scene = one();

    expect([scene.dispatched(), scene.succeed("load[0]").dispatched()]).toEqual([["load[0]#1"], ["load[1]#1"]]);
  });

  test("take their turn with the next try of one that failed, which does not overtake what came before it", () => {
    const scene = one().fail("load[0]");
    expect(scene.dispatched()).toEqual(["load[1]#1"]);

    expect(scene.after(MINUTE_MS).wake().dispatched()).toEqual([]);
    expect(scene.succeed("load[1]").dispatched()).toEqual(["load[0]#2"]);
  });

  test("are tried again at once where nothing else is at work", () => {
    const scene = aMap(1, { concurrency: 1 }).fail("load[0]").after(MINUTE_MS).wake();

    expect(scene.dispatched()).toEqual(["load[0]#2"]);
  });

  test("wait while their task is paused", () => {
    const scene = one().tell(aPauseOf("load")).succeed("load[0]");
    expect(scene.dispatched()).toEqual([]);

    expect(scene.tell(aResumeOf("load")).dispatched()).toEqual(["load[1]#1"]);
  });
});

test("a cleared instance of a run that had ended waits until that is admitted again", () => {
  const scene = aMap(2).succeed("load[0]").fail("load[1]", BROKEN).tell(clearing(1));
  expect([scene.dispatched(), scene.state("load[1]"), scene.run.state]).toEqual([[], "none", "queued"]);

  expect(scene.tell({ type: "admitted", epoch: 1 }).dispatched()).toEqual(["load[1]#2"]);
});

describe("a pause of a queued run", () => {
  test("that is over sets no timer for the end of its time: it has not begun", () => {
    const scene = aScene([aTaskSpec("a")], { admitted: false, runTimeoutMs: HOUR_MS });

    expect(scene.tell(aPauseOf()).tell(aResumeOf()).all("timer")).toEqual([]);
  });
});

describe("a run that has run out of time", () => {
  const NIGHT = { from: 22 * 60, to: 23 * 60 };
  const setUp = (stop: Parameters<typeof aTaskSpec>[1] = {}): Scene =>
    aScene(
      [
        aTaskSpec("cluster", { role: "setup" }),
        aTaskSpec("work", { after: ["cluster"] }),
        aTaskSpec("stop", {
          after: ["work"],
          role: "teardown",
          setups: ["cluster"],
          rule: "all_done_setup_success",
          ...stop,
        }),
      ],
      { runTimeoutMs: HOUR_MS },
    ).succeed("cluster");
  const overtime = (scene: Scene): Scene =>
    scene.after(HOUR_MS).wake().see("work", { status: "closed", reason: "run_timeout" });

  test("takes down what was set up, although that was paused", () => {
    expect(overtime(setUp().tell(aPauseOf("stop"))).dispatched()).toEqual(["stop#1"]);
  });

  test("takes it down at any hour", () => {
    expect(overtime(setUp({ allowedHours: NIGHT })).dispatched()).toEqual(["stop#1"]);
  });
});

test("a hook of a task with hours is tried again at any hour", () => {
  const hooks = { onSuccess: true, onFailure: false, onRetry: false };
  const scene = aScene([aTaskSpec("a", { hooks, allowedHours: { from: 11 * 60, to: 12 * 60 + 1 } })]).succeed("a");
  scene.after(MINUTE_MS).fail("a$onSuccess");

  expect(scene.detail("a$onSuccess")?.due).toBe(scene.now + 5_000);
});

test("a task that waits for its hours sets a timer for when they begin", () => {
  const scene = aScene([aTaskSpec("a", { allowedHours: { from: 13 * 60, to: 14 * 60 } })]);

  expect(scene.all("timer")).toEqual([{ type: "timer", at: scene.now + HOUR_MS }]);
  expect(scene.changed).toBe(true);
  expect([scene.wake().all("timer"), scene.changed]).toEqual([[], false]);
});

test("instances have their places among the details of a run as soon as there are any", () => {
  const { details, states } = aMap(3).run.tasks;

  expect([details.length, states.length]).toEqual([5, 5]);
});
