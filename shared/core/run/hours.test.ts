import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aManifest,
  aMapSpec,
  aPauseOf,
  aPoolId,
  aResumeOf,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import { planOf } from "../plan.ts";
import { plus } from "../time.ts";
import { explainTask } from "./explain.ts";

const NIGHT = { allowedHours: { from: 22 * 60, to: 6 * 60 } };
const MORNING = { allowedHours: { from: 8 * 60, to: 12 * 60 + 30 } };
const load = (hours: object = NIGHT, more: Parameters<typeof aTaskSpec>[1] = {}) =>
  aTaskSpec("load", { ...hours, ...more });
const retried = { retry: aRetrySpec({ retries: 1, delayMs: HOUR_MS }) };

const why = (scene: Scene, task: ReturnType<typeof load>) => {
  const manifest = aManifest({ tasks: [task] });
  return explainTask(scene.run, manifest, planOf(manifest).slotOf.get("load") ?? -1, null, scene.now);
};

describe("a task that has hours", () => {
  test("waits for them, is looked at when they begin, and says so", () => {
    const scene = aScene([load()]);

    expect(scene.dispatched()).toEqual([]);
    expect(why(scene, load())).toMatchObject({
      why: "waits for the hours in which it may start: from 2026-03-02T22:00:00Z",
      nextLook: plus(NOON, 10 * HOUR_MS),
    });
    expect(
      scene
        .after(10 * HOUR_MS)
        .wake()
        .dispatched(),
    ).toEqual(["load#1"]);
  });

  test("holds back no other, and starts at once within them", () => {
    const scene = aScene([aTaskSpec("extract"), load(MORNING, { after: ["extract"] })]);

    expect(scene.dispatched()).toEqual(["extract#1"]);
    expect(scene.succeed("extract").dispatched()).toEqual(["load#1"]);
  });

  test("goes by the clock of its DAG", () => {
    const scene = aScene([load()], { timezone: "Australia/Lord_Howe" });

    expect(scene.dispatched()).toEqual(["load#1"]); // 23:00 there.
  });

  test("is tried again within them only", () => {
    const scene = aScene([load(MORNING, retried)]).fail("load");

    expect(scene.detail("load")?.due).toBe(plus(NOON, 20 * HOUR_MS));
    expect(scene.after(HOUR_MS).wake().dispatched()).toEqual([]);
    expect(
      scene
        .after(19 * HOUR_MS)
        .wake()
        .dispatched(),
    ).toEqual(["load#2"]);
  });

  test("is not tried again if its budget ends before they begin", () => {
    const retry = aRetrySpec({ retries: 3, delayMs: HOUR_MS, budgetMs: 10 * HOUR_MS });

    expect(
      aScene([load(MORNING, { retry })])
        .fail("load")
        .state("load"),
    ).toBe("failed");
  });

  test("is not tried before they begin, if somebody asks for it", () => {
    const scene = aScene([load(MORNING, retried)])
      .fail("load")
      .after(HOUR_MS);
    const selection = { tasks: [], upstream: false, downstream: false, onlyFailed: false };

    expect(scene.tell({ type: "retry_now", selection, by: "ann", reason: "" }).dispatched()).toEqual([]);
  });

  test("asks for no slot outside of them, and gives back one that comes too late", () => {
    const pools = [{ pool: aPoolId("warehouse"), slots: 1 }];
    const scene = aScene([load(MORNING, { pools })]);
    const number = scene.run.effects[0]?.number ?? 0;
    scene.after(HOUR_MS).tell({ type: "pool_granted", pool: aPoolId("warehouse"), epoch: 0, number, granted: 1 });

    expect([scene.state("load"), scene.run.pools]).toMatchObject(["scheduled", [{ granted: 1, released: 1 }]]);
    expect(scene.run.due).toBeLessThanOrEqual(plus(NOON, 20 * HOUR_MS));
    expect(why(scene, load(MORNING, { pools })).why).toContain("from 2026-03-03T08:00:00Z");
    scene.after(19 * HOUR_MS).wake();
    expect(scene.run.pools).toMatchObject([{ told: { wanted: 2, next: { count: 1 } } }]);
  });

  test("waits for them after a pause, too", () => {
    const scene = aScene([load()])
      .tell(aPauseOf())
      .after(10 * HOUR_MS)
      .wake();
    expect([scene.dispatched(), scene.run.due]).toEqual([[], null]);

    expect(scene.after(MINUTE_MS).tell(aResumeOf()).dispatched()).toEqual(["load#1"]);
  });

  test("is mapped, but its instances that are left wait for the next time", () => {
    const tasks = [
      aTaskSpec("list"),
      aTaskSpec("load", { ...MORNING, after: ["list"], map: aMapSpec("list", { concurrency: 1 }) }),
    ];
    const scene = aScene(tasks).giveList("list", 2);
    expect(scene.dispatched()).toEqual(["load[0]#1"]);

    scene.after(HOUR_MS).succeed("load[0]");
    expect([scene.dispatched(), scene.state("load")]).toEqual([[], "deferred"]);
    expect(
      scene
        .after(19 * HOUR_MS)
        .wake()
        .dispatched(),
    ).toEqual(["load[1]#1"]);
  });

  test("takes down at any hour what was set up, once its run is cancelled", () => {
    const tasks = [
      aTaskSpec("cluster", { role: "setup" }),
      aTaskSpec("teardown", {
        ...NIGHT,
        after: ["cluster"],
        role: "teardown",
        setups: ["cluster"],
        rule: "all_done_setup_success",
      }),
    ];

    expect(aScene(tasks).succeed("cluster").tell(CANCEL).dispatched()).toEqual(["teardown#1"]);
  });
});
