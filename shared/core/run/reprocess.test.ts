import { describe, expect, test } from "vitest";
import { NOON, aPoolId, aRun, aScene, aTaskSpec, aVersionHash, type Scene } from "../../../test/builders/index.ts";
import type { RunEvent } from "../events.ts";
import { runId, taskId, type BackfillId } from "../ids.ts";
import { advance } from "./advance.ts";
import { isBackfilled, poolsOf } from "./backfilled.ts";

type Reprocess = Extract<RunEvent, { type: "reprocess" }>;

const BACKFILL = "orders.backfill-1" as BackfillId;
const TASKS = [aTaskSpec("extract"), aTaskSpec("load", { after: ["extract"] })];
const over = (): Scene => aScene(TASKS).succeed("extract").fail("load", { class: "permanent" });
const again = (scene: Scene, overrides: Partial<Reprocess> = {}): Reprocess => ({
  type: "reprocess",
  backfillId: BACKFILL,
  epoch: scene.run.epoch,
  tasks: [],
  onlyFailed: false,
  by: "ann",
  params: {},
  ...overrides,
});
const reprocessed = (overrides: Partial<Reprocess> = {}, scene = over()): Scene => scene.tell(again(scene, overrides));

describe("a run that a backfill runs again", () => {
  test("starts at once, in a place of the backfill's, under the next epoch", () => {
    const { epoch } = over().run;
    const scene = reprocessed();

    expect(scene.run).toMatchObject({
      state: "running",
      epoch: epoch + 1,
      runType: "backfill",
      heldBy: { backfillId: BACKFILL, epoch: epoch + 1 },
    });
    expect([scene.dispatched(), scene.all("tell_queued")]).toEqual([["extract#2"], []]);
  });

  test("says whose hand it was", () => {
    expect(reprocessed().detail("load")?.cause?.text).toBe(`cleared by ann: backfill ${BACKFILL}`);
  });

  test("runs only what failed where that is asked for", () => {
    expect(reprocessed({ onlyFailed: true }).dispatched()).toEqual(["load#2"]);
  });

  test("runs only the tasks that are named", () => {
    expect(reprocessed({ tasks: [taskId("load")] }).dispatched()).toEqual(["load#2"]);
  });

  test("gets the params of the backfill besides its own", () => {
    const scene = over();
    const run = { ...scene.run, params: { region: "eu", full: false } };

    const next = advance(run, scene.manifest, [again(scene, { params: { full: true } })], NOON).run;

    expect(next.params).toEqual({ region: "eu", full: true });
  });

  test("takes a slot of the backfill's pool with each task", () => {
    const scene = reprocessed({ pool: aPoolId("backfill") });

    expect(scene.run.heldBy?.pool).toBe("backfill");
    expect(scene.states()).toEqual({ extract: "scheduled", load: "none" });
  });

  test("is opened once, however often it is told", () => {
    const scene = over();
    const event = again(scene);

    scene.tell(event, event).tell(event);

    expect(scene.run.epoch).toBe(event.epoch + 1);
  });

  test.each([
    ["another epoch was meant", { epoch: 99 }],
    ["another version was meant", { version: aVersionHash("b") }],
  ])("is left as it is if %s", (_why, overrides) => {
    const scene = over();
    const before = scene.run;

    expect(scene.tell(again(scene, overrides)).run).toBe(before);
  });

  test("is opened if the version is the one that was meant", () => {
    expect(reprocessed({ version: aRun().version }).run.state).toBe("running");
  });

  test("is left as it is while it is at work", () => {
    const scene = aScene(TASKS);
    const before = scene.run;

    expect(reprocessed({}, scene).run).toBe(before);
  });

  test("that refused the backfill stays closed to it, and is open to others", () => {
    const scene = over().tell({ type: "refuse_backfill", backfillId: BACKFILL });
    expect(reprocessed({}, scene).run.state).toBe("failed");

    expect(reprocessed({ backfillId: "orders.backfill-2" as BackfillId }, scene).run.state).toBe("running");
  });

  test("stays as it is if nothing of it is to run again", () => {
    const scene = aScene(TASKS).succeed("extract").succeed("load");

    const next = reprocessed({ onlyFailed: true }, scene);

    expect(next.run).toMatchObject({ state: "success", runType: "manual" });
    expect(next.run.heldBy).toBeUndefined();
  });

  const waiting = (ignorePast?: true): Scene["run"] => {
    const scene = over();
    const run = { ...scene.run, previous: runId("orders.before"), past: { seen: [], since: NOON, due: NOON } };
    const event = again(scene, ignorePast === undefined ? {} : { ignorePast });
    return advance(run, scene.manifest, [event], NOON).run;
  };

  test("forgets the run before, where it is to be run whatever became of that", () => {
    expect([waiting(true).previous, waiting(true).past]).toEqual([undefined, undefined]);
    expect(waiting().previous).toBe("orders.before");
  });
});

describe("the pools of a run that a backfill holds", () => {
  const held = aRun({ epoch: 3, heldBy: { backfillId: BACKFILL, epoch: 3, pool: aPoolId("backfill") } });
  const task = (...names: readonly string[]) => ({
    spec: aTaskSpec("load", { pools: names.map((name) => ({ pool: aPoolId(name), slots: 2 })) }),
    hook: null,
  });
  const names = (...given: Parameters<typeof poolsOf>): readonly string[] => poolsOf(...given).map(({ pool }) => pool);

  test("are its own and the backfill's, in the order of their names", () => {
    expect(names(held, task("api", "warehouse"))).toEqual(["api", "backfill", "warehouse"]);
    expect(poolsOf(held, task())).toEqual([{ pool: "backfill", slots: 1 }]);
  });

  test("are its own where one of them is the backfill's already", () => {
    expect(poolsOf(held, task("backfill"))).toEqual([{ pool: "backfill", slots: 2 }]);
  });

  test("are its own once it is in another epoch", () => {
    expect(names({ ...held, epoch: 4 }, task("api"))).toEqual(["api"]);
    expect([isBackfilled(held), isBackfilled({ ...held, epoch: 4 }), isBackfilled(aRun())]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("are those of the whole run in a chunk of it, whose epochs are its own", () => {
    const origin = { kind: "chunk", parent: held.runId, taskId: taskId("load"), number: 1, index: 0 } as const;

    expect(names({ ...held, epoch: 0, origin }, task())).toEqual(["backfill"]);
  });

  test("are none for a hook", () => {
    expect(names(held, { ...task(), hook: { name: "onFailure", subject: 0 } })).toEqual([]);
  });
});
