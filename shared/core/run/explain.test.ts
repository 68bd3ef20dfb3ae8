import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aManifest,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { AttemptItem } from "../attempt.ts";
import type { Manifest } from "../manifest.ts";
import { planOf } from "../plan.ts";
import { plus } from "../time.ts";
import { explainRun, explainTask, shownState } from "./explain.ts";

const TASKS = [
  aTaskSpec("extract", { retry: aRetrySpec({ retries: 1 }) }),
  aTaskSpec("load", { after: ["extract"] }),
  aTaskSpec("report", { after: ["load"] }),
];
const MANIFEST = aManifest({ tasks: TASKS, maxActiveRuns: 2 });

const why = (scene: Scene, id: string, item: AttemptItem | null = null, manifest: Manifest = MANIFEST) =>
  explainTask(scene.run, manifest, planOf(manifest).slotOf.get(id) ?? -1, item, scene.now);
const running: AttemptItem = { status: "running", owner: "w", startedAt: NOON, leaseUntil: plus(NOON, MINUTE_MS) };

describe("a task says why it is as it is", () => {
  test("while its run waits for a place", () => {
    const scene = aScene(TASKS, { admitted: false, maxActiveRuns: 2 });

    expect(why(scene, "extract").why).toBe("its run is queued");
  });

  test("while it waits for others", () => {
    expect(why(aScene(TASKS), "load")).toMatchObject({
      state: "none",
      why: "waits for 'extract' (queued) by its rule all_success",
      waitsFor: [{ taskId: "extract", state: "queued" }],
      nextLook: null,
    });
  });

  test("while nobody has taken it", () => {
    const scene = aScene(TASKS)
      .after(30 * SECOND_MS)
      .wake()
      .see("extract", null)
      .after(45 * SECOND_MS);

    expect(why(scene, "extract")).toMatchObject({
      state: "queued",
      attempt: 1,
      why: "sent to its executor 1m 15s ago, 2 times; nobody has taken it yet",
      nextLook: plus(NOON, 90 * SECOND_MS),
    });
  });

  test("while it is at work, although its record does not know yet", () => {
    const scene = aScene(TASKS).after(20 * SECOND_MS);

    expect(why(scene, "extract", running)).toMatchObject({
      state: "running",
      since: NOON,
      why: "at work for 20s; its timeout is 1h",
    });
    expect([shownState(scene.run, 0, running), shownState(scene.run, 0, null)]).toEqual(["running", "queued"]);
  });

  test("while it waits for its next try", () => {
    expect(why(aScene(TASKS).fail("extract"), "extract").why).toBe(
      "Error: the warehouse did not answer; tried again at 2026-03-02T12:00:30Z",
    );
  });

  test("while its attempt is being closed", () => {
    expect(why(aScene(TASKS).cancel(), "extract").why).toBe("its attempt is being closed (cancelled)");
  });

  test("once it has succeeded", () => {
    const scene = aScene(TASKS).succeed("extract");
    const outcome = { kind: "success", output: { kind: "none" } } as const;
    const item = { status: "finished", owner: "w", startedAt: NOON, endedAt: plus(NOON, 2_500), outcome } as const;

    expect([why(scene, "extract").why, why(scene, "extract", item).why]).toEqual(["succeeded", "succeeded in 2.5s"]);
  });

  test("once it has failed, and names what did not run because of it, at any depth", () => {
    expect(why(aScene(TASKS).fail("extract", { class: "permanent" }), "extract")).toMatchObject({
      state: "failed",
      why: "Error: the warehouse did not answer",
      broke: ["load", "report"],
    });
  });

  test("once its run has ended without it", () => {
    const hooks = { onSuccess: false, onFailure: true, onRetry: false };
    const manifest = aManifest({ tasks: [aTaskSpec("extract", { hooks })] });
    const scene = aScene(manifest.tasks).succeed("extract");

    expect(why(scene, "extract$onFailure", null, manifest).why).toBe("it has had nothing to tell");
  });
});

describe("a run says why it is as it is", () => {
  const explained = (scene: Scene): string => explainRun(scene.run, MANIFEST, scene.now);

  test("while it waits", () => {
    const scene = aScene(TASKS, { admitted: false }).after(HOUR_MS);

    expect(explained(scene)).toBe("waits for a place for 1h: dag 'orders' runs 2 at once");
  });

  test("while it is at work, and what is sure to become of it", () => {
    expect(explained(aScene(TASKS))).toBe("at work: 1 queued, 2 none");
    const tasks = [aTaskSpec("extract"), aTaskSpec("load"), aTaskSpec("report")];
    const scene = aScene(tasks).fail("extract");

    expect(explainRun(scene.run, aManifest({ tasks }), scene.now)).toBe(
      "will fail: task 'extract' failed: Error: the warehouse did not answer; 1 failed, 2 queued",
    );
  });

  test("once it has ended", () => {
    const failed = aScene(TASKS).fail("extract", { class: "permanent" });
    const cancelled = aScene(TASKS, { admitted: false }).cancel();
    const succeeded = aScene(TASKS).succeed("extract").succeed("load").succeed("report");

    expect([failed, cancelled, succeeded].map(explained)).toEqual([
      "task 'extract' failed: Error: the warehouse did not answer",
      "cancelled by ann: wrong day",
      "every task succeeded or was skipped",
    ]);
  });
});
