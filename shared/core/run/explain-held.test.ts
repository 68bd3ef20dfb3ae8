import { describe, expect, test } from "vitest";
import {
  NOON,
  SECOND_MS,
  aClear,
  aManifest,
  aMapSpec,
  aPauseOf,
  aPoolId,
  aRetrySpec,
  aRun,
  aScene,
  aTaskSpec,
  aTaskTable,
  type Scene,
} from "../../../test/builders/index.ts";
import type { AttemptItem } from "../attempt.ts";
import { planOf } from "../plan.ts";
import { plus } from "../time.ts";
import { explainTask } from "./explain.ts";

const COUNTS = { success: 0, skipped: 0, failed: 0, atWork: 2, waiting: 0 };
const HELD = "it is paused since 2026-03-02T12:00:00Z by ann: bad data";
const explained = (scene: Scene, id: string, others: Parameters<typeof explainTask>[5] = {}) => {
  const [, task = id, index] = /^(.*)\[(\d+)\]$/.exec(id) ?? [];
  const own = planOf(scene.manifest).slotOf.get(task) ?? -1;
  const slot = index === undefined ? own : (scene.run.tasks.expansions[0]?.base ?? 0) + Number(index);
  return explainTask(scene.run, scene.manifest, slot, null, scene.now, others);
};
const mapped = (overrides: Parameters<typeof aTaskSpec>[1] = {}): Scene =>
  aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list"), ...overrides })]);

describe("somebody who has paused a task is told so", () => {
  test("while it waits for slots", () => {
    const pools = [{ pool: aPoolId("db"), slots: 1 }];

    expect(explained(aScene([aTaskSpec("a", { pools })]).tell(aPauseOf("a")), "a").why).toBe(HELD);
  });

  test("of its instances that have not started, and those that wait for their next try", () => {
    const scene = mapped({ map: aMapSpec("list", { concurrency: 1 }), retry: aRetrySpec({ retries: 1 }) }).giveList(
      "list",
      3,
    );
    scene.tell(aPauseOf("load")).fail("load[0]");

    expect(explained(scene, "load[1]").why).toBe(HELD);
    expect(explained(scene, "load[0]").why).toBe(`Error: the warehouse did not answer; ${HELD}`);
  });

  test("not of what is at work, or done", () => {
    const scene = mapped().giveList("list", 2).tell(aPauseOf("load")).succeed("load[0]");

    expect(explained(scene, "load[0]").why).toBe("succeeded");
    expect(explained(scene, "load[1]").why).toBe("sent to its executor 0ms ago; nobody has taken it yet");
  });
});

describe("what is said of a task", () => {
  test("that is to be made anew with its instances says whose hand it was", () => {
    const scene = mapped()
      .giveList("list", 2)
      .tell(aClear(["load"]));

    expect(explained(scene, "load", { instances: COUNTS }).why).toBe(
      "cleared by ann: bad data; 0 of 2 instances are done; 2 at work",
    );
  });

  test("that waits for a list of which nothing is known yet is no more than that", () => {
    const row = { state: "deferred", detail: { since: NOON } } as const;
    const run = aRun({ state: "running", tasks: aTaskTable([row]) });

    expect(explainTask(run, aManifest(), 0, null, NOON, { instances: COUNTS }).why).toBe("it waits");
  });

  test("that has started names nothing that it waits for, although that is open", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"], rule: "one_success" })];
    const scene = aScene(tasks).succeed("a");

    expect([explained(scene, "c").state, explained(scene, "c").waitsFor]).toEqual(["queued", []]);
  });

  test("that is being closed does not say that it is at work, whoever works on it", () => {
    const item: AttemptItem = { status: "running", owner: "w", startedAt: NOON, leaseUntil: plus(NOON, SECOND_MS) };
    const run = aRun({ state: "running", tasks: aTaskTable(["restarting"]) });

    expect(explainTask(run, aManifest(), 0, item, NOON).state).toBe("restarting");
  });

  test("that is done has been at work since its executor began", () => {
    const outcome = { kind: "success", output: { kind: "none" } } as const;
    const item = { status: "finished", owner: "w", startedAt: plus(NOON, -5), endedAt: NOON, outcome } as const;

    expect(explainTask(aScene([aTaskSpec("a")]).succeed("a").run, aManifest(), 0, item, NOON).since).toBe(
      plus(NOON, -5),
    );
  });

  test("that is being closed to be cleared names the hand, not what is technically the reason", () => {
    expect(explained(aScene([aTaskSpec("a")]).tell(aClear(["a"])), "a").why).toBe(
      "its attempt is being closed (cleared by ann: bad data)",
    );
  });
});

test("hours are no reason as long as there is another", () => {
  const night = { allowedHours: { from: 22 * 60, to: 23 * 60 } };
  const tasks = [aTaskSpec("a"), aTaskSpec("b", { after: ["a"], ...night }), aTaskSpec("c", night)];
  const queued = aScene(tasks, { admitted: false });

  expect([explained(aScene(tasks), "b").why, explained(queued, "c").why]).toEqual([
    "waits for 'a' (queued) by its rule all_success",
    "its run is queued",
  ]);
  expect(explained(aScene(tasks), "c").why).toBe(
    "waits for the hours in which it may start: from 2026-03-02T22:00:00Z",
  );
});
