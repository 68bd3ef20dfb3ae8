import { describe, expect, test } from "vitest";
import {
  A_PAUSE,
  HAND,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  SECOND_MS,
  aChildSpec,
  aDagRecord,
  aManifest,
  aMapSpec,
  aPauseOf,
  aPool,
  aPoolId,
  aResumeOf,
  aRun,
  aScene,
  aTaskSpec,
  aTaskTable,
  type Scene,
} from "../../../test/builders/index.ts";
import type { AttemptItem } from "../attempt.ts";
import { runId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { planOf } from "../plan.ts";
import type { Run, TaskDetail } from "../run.ts";
import type { TaskState } from "../states.ts";
import { plus } from "../time.ts";
import type { ChildReading } from "./explain-child.ts";
import { explainRun, explainTask } from "./explain.ts";

const MANIFEST = aManifest();
const LATER = plus(NOON, MINUTE_MS);

type Others = Parameters<typeof explainTask>[5];

/** What is said of the one task of a run, in this state. */
const saidOf = (
  state: TaskState,
  detail?: Partial<TaskDetail>,
  item: AttemptItem | null = null,
  others: Others = {},
) => {
  const row = detail === undefined ? state : { state, detail: { since: NOON, ...detail } };
  return explainTask(aRun({ state: "running", tasks: aTaskTable([row]) }), MANIFEST, 0, item, LATER, others);
};
const whyIn = (scene: Scene, name: string, others: Others = {}): string => {
  const slot = planOf(scene.manifest).slotOf.get(name) ?? -1;
  return explainTask(scene.run, scene.manifest, slot, null, scene.now, others).why;
};
const claimed: AttemptItem = { status: "running", owner: "w", startedAt: plus(NOON, SECOND_MS), leaseUntil: LATER };
const ruled = { cause: { code: "rule", text: "task 'a' failed" } } as const;
const byAnn = { cause: { code: "marked", text: "marked success by ann" } } as const;

describe("a task in each of its states", () => {
  test.each<[TaskState, Partial<TaskDetail> | undefined, string]>([
    ["queued", {}, "sent to its executor 1m ago; nobody has taken it yet"],
    ["queued", { sends: 1 }, "sent to its executor 1m ago; nobody has taken it yet"],
    [
      "queued",
      { sends: 3, queuedAt: plus(NOON, 30_000) },
      "sent to its executor 30s ago, 3 times; nobody has taken it yet",
    ],
    ["queued", undefined, "sent to its executor 0ms ago; nobody has taken it yet"],
    ["running", {}, "at work"],
    ["success", {}, "succeeded"],
    ["success", ruled, "succeeded"],
    ["success", byAnn, "marked success by ann"],
    ["up_for_retry", {}, "its attempt failed; tried again soon"],
    ["up_for_retry", { ...ruled, due: LATER }, "task 'a' failed; tried again at 2026-03-02T12:01:00Z"],
    ["restarting", {}, "its attempt is being closed (superseded)"],
    ["restarting", { reason: "timeout" }, "its attempt is being closed (timeout)"],
    [
      "restarting",
      { reason: "marked", target: { to: "success", ...byAnn } },
      "its attempt is being closed (marked success by ann)",
    ],
    ["restarting", { reason: "lost", target: { to: "failed", ...ruled } }, "its attempt is being closed (lost)"],
    [
      "restarting",
      { reason: "lost", target: { to: "retry", class: "lost", text: "" } },
      "its attempt is being closed (lost)",
    ],
    ["removed", {}, "it is no longer part of the DAG"],
    ["scheduled", {}, "it waits"],
    ["deferred", {}, "it waits"],
    ["deferred", ruled, "task 'a' failed"],
    ["up_for_reschedule", {}, "it waits"],
    ["up_for_reschedule", ruled, "task 'a' failed"],
    ["failed", ruled, "task 'a' failed"],
    ["failed", {}, "failed"],
    ["skipped", ruled, "task 'a' failed"],
    ["upstream_failed", {}, "upstream_failed"],
  ])("%s %j: %s", (state, detail, why) => {
    expect(saidOf(state, detail).why).toBe(why);
  });

  test("that somebody has claimed is at work since then", () => {
    expect(saidOf("queued", {}, claimed)).toMatchObject({
      state: "running",
      why: "at work for 59s; its timeout is 1h",
      since: claimed.startedAt,
    });
  });

  test("that nobody works on has been so since its record says", () => {
    const revoked: AttemptItem = { status: "revoked", endedAt: LATER, reason: "lost" };

    expect(saidOf("restarting", {}, revoked)).toMatchObject({ since: NOON, nextLook: null });
    expect(saidOf("none").since).toBeNull();
  });

  test("that is looked at again says when", () => {
    expect(saidOf("queued", { due: LATER }).nextLook).toBe(LATER);
  });
});

describe("a task that has not started", () => {
  const TASKS = [aTaskSpec("a"), aTaskSpec("b", { after: ["a"], rule: "all_done" })];

  test("waits for what is above it, by its rule", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"], rule: "all_done" })];

    expect(whyIn(aScene(tasks), "c")).toBe("waits for 'a' (queued), 'b' (queued) by its rule all_done");
  });

  test("names only what is still open", () => {
    const tasks = [aTaskSpec("a"), aTaskSpec("b"), aTaskSpec("c", { after: ["a", "b"] })];

    expect(whyIn(aScene(tasks).succeed("a"), "c")).toBe("waits for 'b' (queued) by its rule all_success");
  });

  test("in a run that has ended never will", () => {
    const run = aRun({ state: "cancelled", tasks: aTaskTable(["success", "none"]) });

    expect(explainTask(run, aManifest({ tasks: TASKS }), 1, null, NOON).why).toBe(
      "its run ended before it could start",
    );
  });

  test("and could is about to", () => {
    const run = aRun({ state: "running", tasks: aTaskTable(["success", "none"]) });

    expect(explainTask(run, aManifest({ tasks: TASKS }), 1, null, NOON)).toMatchObject({
      why: "about to start",
      waitsFor: [],
      pool: null,
    });
  });

  test("since it was cleared says by whom, and what it waits for", () => {
    const detail = { since: NOON, cause: { code: "cleared", text: "cleared by ann" } } as const;
    const run = aRun({ state: "running", tasks: aTaskTable(["queued", { state: "none", detail }]) });

    expect(explainTask(run, aManifest({ tasks: TASKS }), 1, null, NOON).why).toBe(
      "cleared by ann; waits for 'a' (queued) by its rule all_done",
    );
  });

  test("since its run is paused says who did it, why, and since when", () => {
    const scene = aScene(TASKS).tell(aPauseOf());

    expect(whyIn(scene, "b")).toBe("its run is paused since 2026-03-02T12:00:00Z by ann: bad data");
  });

  test("since it is paused itself says so", () => {
    expect(whyIn(aScene(TASKS).tell(aPauseOf("b")), "b")).toBe(
      "it is paused since 2026-03-02T12:00:00Z by ann: bad data",
    );
  });

  test("since another one is paused waits for that", () => {
    expect(whyIn(aScene(TASKS).tell(aPauseOf("a")), "b")).toBe("waits for 'a' (queued) by its rule all_done");
  });

  test("but was to be tried again is held back by the pause", () => {
    const scene = aScene([aTaskSpec("a", { retry: { ...aTaskSpec("a").retry, retries: 1 } })])
      .fail("a")
      .tell(aPauseOf());

    expect(whyIn(scene, "a")).toBe(
      "Error: the warehouse did not answer; its run is paused since 2026-03-02T12:00:00Z by ann: bad data",
    );
  });

  test("is not held back by a pause that is over", () => {
    expect(whyIn(aScene(TASKS).tell(aPauseOf()).tell(aResumeOf()), "b")).toBe(
      "waits for 'a' (queued) by its rule all_done",
    );
  });

  test("waits for itself in the run before", () => {
    const previous = runId("orders.before");
    const tasks = [aTaskSpec("a", { dependsOnPast: "task" })];
    const run = aRun({ state: "running", previous, tasks: aTaskTable(["none"]) });

    expect(explainTask(run, aManifest({ tasks }), 0, null, NOON).why).toBe(
      "waits for 'a' in the run before, orders.before, to have succeeded or been skipped",
    );
  });
});

describe("a task that waits for others' records", () => {
  const pooled = [aTaskSpec("a", { pools: [{ pool: aPoolId(), slots: 2 }] })];

  test("says which pool, and what people know of it", () => {
    const scene = aScene(pooled);
    const pools = new Map([[aPoolId(), aPool({ slots: 1 })]]);
    const slot = planOf(scene.manifest).slotOf.get("a") ?? -1;

    expect(explainTask(scene.run, scene.manifest, slot, null, NOON, { pools })).toMatchObject({
      pool: aPoolId(),
      why: "waits for 2 slots of the pool 'warehouse', which has only 1; `freshet pools set warehouse 2` lets it start",
    });
  });

  test("without knowledge of the pool says which one", () => {
    expect(whyIn(aScene(pooled), "a")).toBe("waits for 2 slots of the pool 'warehouse'");
  });

  test("that has its slots waits for none", () => {
    const manifest = aManifest({ tasks: pooled });
    const run = aRun({ state: "running", tasks: aTaskTable(["queued"]) });

    expect(explainTask(run, manifest, 0, null, NOON).pool).toBeNull();
  });

  const parent = aManifest({ tasks: [aTaskSpec("a", { child: aChildSpec({ waitMs: HOUR_MS }) })] });
  const deferred = { state: "deferred", detail: { since: NOON, child: runId("load.child") } } as const;
  const whyChild = (child: ChildReading | undefined): string =>
    explainTask(aRun({ state: "running", tasks: aTaskTable([deferred]) }), parent, 0, null, LATER, { child }).why;
  const QUEUED = " (queued since 2026-03-02T12:00:00Z: dag 'orders'";
  const load = aRun({ runId: runId("load.child"), queuedAt: NOON });

  test.each<[string, ChildReading | undefined, string]>([
    ["not known", undefined, ""],
    ["about to be put", { run: null, dag: null }, " (about to be put)"],
    ["over", { run: { ...load, state: "failed" }, dag: null }, " (failed; about to be heard of)"],
    [
      "at work",
      { run: { ...load, state: "running", startedAt: NOON }, dag: null },
      " (running since 2026-03-02T12:00:00Z, for 1m)",
    ],
    ["of no DAG", { run: load, dag: null }, `${QUEUED} has been removed from the source)`],
    [
      "of a DAG that is gone",
      { run: load, dag: aDagRecord({ removed: true }) },
      `${QUEUED} has been removed from the source)`,
    ],
    ["of a DAG that is paused", { run: load, dag: aDagRecord({ paused: A_PAUSE }) }, `${QUEUED} is paused)`],
    ["without a place", { run: load, dag: aDagRecord() }, `${QUEUED} has no place for it yet)`],
  ])("whose child run is %s says so, and when it gives up", (_how, child, standing) => {
    expect(whyChild(child)).toBe(`waits for child run 'load.child'${standing}; gives up at 2026-03-02T13:00:00Z`);
  });
});

describe("a mapped task", () => {
  const counts = { success: 0, skipped: 0, failed: 0, atWork: 0, waiting: 0 };
  const mapped = (overrides = {}): Scene =>
    aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list", overrides) })]).giveList(
      "list",
      3,
    );

  test.each([
    [{ ...counts, atWork: 3 }, "0 of 3 instances are done; 3 at work"],
    [{ ...counts, success: 1, atWork: 2 }, "1 of 3 instances is done (1 success); 2 at work"],
    [{ ...counts, success: 1, failed: 1, waiting: 1 }, "2 of 3 instances are done (1 success, 1 failed); 1 wait"],
    [{ ...counts, skipped: 3 }, "3 of 3 instances are done (3 skipped)"],
  ])("%j: %s", (instances, why) => {
    expect(whyIn(mapped(), "load", { instances })).toBe(why);
  });

  test("with a limit says what its instances wait for", () => {
    expect(whyIn(mapped({ concurrency: 2 }), "load", { instances: { ...counts, atWork: 2, waiting: 1 } })).toBe(
      "0 of 3 instances are done; 2 at work, 1 wait: at most 2 are at work at once",
    );
  });

  test("whose instances are all at work waits for no limit", () => {
    expect(whyIn(mapped({ concurrency: 2 }), "load", { instances: { ...counts, success: 1, atWork: 2 } })).toBe(
      "1 of 3 instances is done (1 success); 2 at work",
    );
  });

  test("that is done still says how its instances ended", () => {
    const done = mapped().succeed("load[0]", "load[1]", "load[2]");

    expect(whyIn(done, "load", { instances: { ...counts, success: 3 } })).toBe("3 of 3 instances are done (3 success)");
  });

  test("of which an instance waits for its turn says so of that instance", () => {
    const scene = mapped({ concurrency: 1 });
    const slot = (scene.run.tasks.expansions[0]?.base ?? 0) + 1;

    expect(explainTask(scene.run, scene.manifest, slot, null, NOON)).toMatchObject({
      taskId: "load",
      why: "waits for its turn: at most 1 instances of 'load' are at work at once",
    });
  });
});

describe("what a task kept from running", () => {
  const TASKS = [
    aTaskSpec("a"),
    aTaskSpec("b", { after: ["a"] }),
    aTaskSpec("c", { after: ["a"] }),
    aTaskSpec("d", { after: ["b", "c"] }),
    aTaskSpec("e", { after: ["a"], rule: "all_done" }),
  ];
  const broke = (states: readonly TaskState[]): readonly string[] =>
    explainTask(aRun({ state: "running", tasks: aTaskTable(states) }), aManifest({ tasks: TASKS }), 0, null, NOON)
      .broke;

  test("is named once, in the order of the DAG", () => {
    expect(broke(["failed", "upstream_failed", "skipped", "upstream_failed", "success"])).toEqual(["b", "c", "d"]);
  });

  test("is nothing while it is open, or if it succeeded", () => {
    const below = ["upstream_failed", "skipped", "upstream_failed", "success"] as const;

    expect([broke(["running", ...below]), broke(["success", ...below])]).toEqual([[], []]);
  });
});

describe("a run", () => {
  const explained = (run: Partial<Run>, manifest: Partial<Manifest> = {}, paused: typeof HAND | null = null): string =>
    explainRun(aRun(run), aManifest(manifest), LATER, paused);

  test.each<[string, Partial<Run>, string]>([
    [
      "waits for its time",
      { queuedAt: plus(LATER, 1_000) },
      "waits for its time: it was asked for at 2026-03-02T12:01:01Z",
    ],
    ["waits for a place", {}, "waits for a place for 1m: dag 'orders' runs 1 at once"],
    [
      "is degraded",
      { state: "success", degraded: true },
      "succeeded, degraded: something that it could do without failed",
    ],
    ["succeeded", { state: "success" }, "every task succeeded or was skipped"],
    ["ended for a cause", { state: "failed", cause: { code: "deadlock", text: "stuck" } }, "stuck"],
    ["is at work", { state: "running" }, "at work: 1 none"],
  ])("that %s says so", (_how, run, why) => {
    expect(explained(run)).toBe(why);
  });

  test("waits for the hours of its DAG", () => {
    const allowedHours = { from: 22 * 60, to: 6 * 60 };

    expect(explained({}, { allowedHours })).toBe(
      "waits for the hours in which its DAG starts runs: from 2026-03-02T22:00:00Z",
    );
    expect(explained({ state: "running" }, { allowedHours })).toBe("at work: 1 none");
  });

  test("whose DAG is paused says by whom, and what lets it start", () => {
    expect(explained({}, {}, HAND)).toBe(
      "waits for 1m for its DAG, which is paused by ann: bad data: `freshet resume orders` lets it start",
    );
    expect(explained({ state: "running" }, {}, HAND)).toBe("at work: 1 none");
  });

  test("that is paused says so before all else", () => {
    const scene = aScene([aTaskSpec("a")]).tell(aPauseOf());

    expect(explainRun(scene.run, scene.manifest, LATER)).toBe(
      "it is paused since 2026-03-02T12:00:00Z by ann: bad data; what was sent before finishes",
    );
  });

  test("of which tasks are paused names them", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("b", { after: ["a"] })]).tell(aPauseOf("a", "b"));

    expect(explainRun(scene.run, scene.manifest, LATER)).toBe("at work: 1 queued, 1 none; paused: a, b");
  });
});
