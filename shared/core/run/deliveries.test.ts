import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aMapSpec,
  aPauseOf,
  aPoolId,
  aRun,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import { UNMAPPED, taskId, type BackfillId } from "../ids.ts";
import type { TaskSpec } from "../manifest.ts";
import type { Run } from "../run.ts";
import { plus } from "../time.ts";
import { advance } from "./advance.ts";
import { newChunk } from "./chunk.ts";

const SUCCESS = { kind: "success", output: { kind: "none" } } as const;
const CHAIN = [aTaskSpec("a"), aTaskSpec("b", { after: ["a"] }), aTaskSpec("c", { after: ["b"] })];
const mapped = (): Scene =>
  aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list") })]).giveList("list", 2);
const complete = (scene: Scene, id: string, mapIndex: number, attempt = 1): Scene => {
  const key = { runId: scene.run.runId, taskId: taskId(id), mapIndex, attempt };
  return scene.tell({ type: "completed", key, epoch: scene.run.epoch, outcome: SUCCESS });
};

describe("a completion", () => {
  test.each([
    ["of an instance beyond the list", "load", 2],
    ["of an instance before it", "load", -2],
    ["of a mapped task as a whole", "load", UNMAPPED],
    ["of an instance of a task that is not mapped", "list", 0],
    ["of a task that there is not", "other", UNMAPPED],
  ])("%s changes nothing", (_what, id, mapIndex) => {
    const scene = mapped();
    const before = scene.run;

    expect(complete(scene, id, mapIndex).run).toBe(before);
  });

  test("of the last instance ends that one", () => {
    expect(complete(mapped(), "load", 1).state("load[1]")).toBe("success");
  });

  test("of an instance before the list was given changes nothing", () => {
    const scene = aScene([aTaskSpec("list"), aTaskSpec("load", { after: ["list"], map: aMapSpec("list") })]);
    const before = scene.run;

    expect(complete(scene, "load", 0).run).toBe(before);
  });

  test("of an attempt that is still to come is none", () => {
    const scene = aScene(CHAIN).succeed("a");

    expect(complete(scene, "a", UNMAPPED, 7).commands).toEqual([]);
  });

  test("that is told again sends again what it unlocked, once, if nobody has taken that", () => {
    const scene = aScene(CHAIN).succeed("a");

    expect(complete(scene, "a", UNMAPPED).dispatched()).toEqual(["b#1"]);
    expect(complete(scene, "a", UNMAPPED).dispatched()).toEqual([]);
  });

  test("of a run that has ended is an echo", () => {
    const scene = aScene([aTaskSpec("a")]).succeed("a");
    const before = scene.run;

    expect([complete(scene, "a", UNMAPPED).run, scene.commands]).toEqual([before, []]);
  });
});

describe("a look", () => {
  test("that tells, or asks for all, tells again what nobody has acknowledged", () => {
    const ended = (): Scene => aScene([aTaskSpec("a")]).succeed("a");

    expect(ended().tell({ type: "wake" }).all("tell")).toEqual([]);
    expect(ended().tell({ type: "wake", tell: true }).all("tell")).toHaveLength(1);
    expect(ended().tell({ type: "wake", all: true }).all("tell")).toHaveLength(1);
  });

  test("at one attempt asks how that stands, and at no other", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("z")]);

    scene.tell({ type: "wake", attempt: scene.key("z") });

    expect(scene.all("inspect").map(({ keys }) => keys.map((key) => key.taskId))).toEqual([["z"]]);
  });

  test("at an attempt that is over asks nothing", () => {
    const scene = aScene([aTaskSpec("a"), aTaskSpec("z")]).succeed("a");

    expect(scene.tell({ type: "wake", attempt: scene.key("a") }).all("inspect")).toEqual([]);
  });

  test("after a restart does not wait for leases that were seen before it", () => {
    const scene = aScene([aTaskSpec("a")]).see("a", { status: "running", leaseUntil: plus(NOON, HOUR_MS) });

    scene.after(MINUTE_MS).tell({ type: "wake", all: true });

    expect([scene.all("inspect").length, scene.detail("a")?.due]).toEqual([1, plus(NOON, MINUTE_MS)]);
  });

  test("after a restart leaves what waits for its time", () => {
    const scene = aScene([aTaskSpec("a", { retry: { ...aTaskSpec("a").retry, retries: 1 } })]).fail("a");
    const { due } = scene.detail("a") ?? {};

    scene.tell({ type: "wake", all: true });

    expect([scene.detail("a")?.due, scene.dispatched()]).toEqual([due, []]);
  });
});

describe("a run that waits for its place", () => {
  const queued = (overrides: Partial<Run>): Scene["run"] => ({
    ...aScene(CHAIN, { admitted: false }).run,
    ...overrides,
  });
  const { manifest } = aScene(CHAIN, { admitted: false });
  const asks = (run: Run, ms: number, event = {}): boolean =>
    advance(run, manifest, [{ type: "wake", ...event }], plus(NOON, ms)).commands.some(
      ({ type }) => type === "tell_queued",
    );

  test("asks again when it is looked at, by whomever", () => {
    const run = queued({ due: plus(NOON, MINUTE_MS) });

    expect([asks(run, 0), asks(run, MINUTE_MS), asks(run, 0, { tell: true }), asks(run, 0, { all: true })]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test("asks nobody before the time that it was asked for", () => {
    const run = queued({ queuedAt: plus(NOON, HOUR_MS), due: plus(NOON, HOUR_MS) });

    expect([asks(run, 0, { all: true }), asks(run, HOUR_MS)]).toEqual([false, true]);
  });

  test("for which nobody was asked yet asks nobody", () => {
    expect(asks(queued({ due: null }), MINUTE_MS, { all: true })).toBe(false);
  });

  test("is looked at when its time has come, then at growing intervals", () => {
    const later = queued({ queuedAt: plus(NOON, HOUR_MS), due: null });
    const due = (run: Run, ms: number) => advance(run, manifest, [aPauseOf("c")], plus(NOON, ms)).run.due;

    expect([due(later, 0), due(queued({ due: null }), 0), due(queued({ due: null }), 10 * MINUTE_MS)]).toEqual([
      plus(NOON, HOUR_MS),
      plus(NOON, 30_000),
      plus(NOON, 15 * MINUTE_MS),
    ]);
  });
});

describe("the timeout of a run", () => {
  const limited = { runTimeoutMs: HOUR_MS };

  test("sets a timer as it starts, and is when it is looked at", () => {
    const scene = aScene([aTaskSpec("a", { queuedTimeoutMs: 9 * HOUR_MS })], limited);

    expect(scene.all("timer")).toEqual([{ type: "timer", at: plus(NOON, HOUR_MS) }]);
    expect(aScene([aTaskSpec("a")]).all("timer")).toEqual([]);
  });

  test("does not matter any more once the run is being ended, or has", () => {
    const cancelled = aScene([aTaskSpec("a")], limited)
      .after(HOUR_MS - 5_000)
      .cancel();
    const ended = aScene([aTaskSpec("a")], limited)
      .succeed("a")
      .tell({ type: "effect_acknowledged", number: 1 });

    expect([cancelled.run.due, ended.run.due]).toEqual([plus(NOON, HOUR_MS + 5_000), null]);
  });

  test("that has come to pass leaves it at that: the run is ended for that reason", () => {
    const scene = aScene([aTaskSpec("a")], limited)
      .after(HOUR_MS)
      .wake();

    expect([scene.run.cause?.text, scene.run.due]).toEqual([
      "the run ran longer than its timeout",
      plus(NOON, HOUR_MS + 10_000),
    ]);
  });
});

test("a run that changes state more often than its tasks can need is failed, and says so", () => {
  const scene = aScene([aTaskSpec("a"), aTaskSpec("b")]);
  const most = 10_000;

  const { run } = advance({ ...scene.run, transitions: most }, scene.manifest, [scene.completed("a", SUCCESS)], NOON);

  expect(run.cause?.code).toBe("transition_budget");
  expect(run.cause?.text).toMatch(/^the run changed state more than \d+ times, its transition budget$/u);
});

test("a backfill that runs one task again leaves those around it alone", () => {
  const scene = aScene(CHAIN).succeed("a").succeed("b").succeed("c");
  const { epoch } = scene.run;

  scene.tell({ type: "reprocess", backfillId: "x" as BackfillId, epoch, tasks: ["b"], onlyFailed: false, by: "ann" });

  expect(scene.states()).toEqual({ a: "success", b: "queued", c: "success" });
});

describe("a chunk of a run that a backfill holds", () => {
  const load: TaskSpec = aTaskSpec("load", { after: ["list"], map: aMapSpec("list", { chunkWidth: 1 }) });
  const parent = aScene([aTaskSpec("list"), load]).giveList("list", 2);
  const [order] = parent.all("tell").flatMap(({ effect }) => (effect.kind === "chunk_order" ? [effect] : []));
  const heldBy = { backfillId: "x" as BackfillId, epoch: parent.run.epoch, pool: aPoolId("p") };
  const chunkOf = (run: Run) => order && newChunk(run, parent.manifest, order, NOON);

  test("is held by it, too", () => {
    expect(chunkOf({ ...parent.run, heldBy })?.heldBy).toEqual(heldBy);
  });

  test("is held by nobody once the run is in another epoch, or was held by none", () => {
    expect(chunkOf({ ...parent.run, heldBy: { ...heldBy, epoch: 9 } })?.heldBy).toBeUndefined();
    expect(chunkOf(parent.run)).not.toHaveProperty("heldBy");
  });

  test("knows no files, and has been waiting for its instances since it was made", () => {
    const chunk = chunkOf(parent.run) ?? aRun();

    expect([chunk.files, chunk.tasks.details]).toEqual([[], [{ since: NOON }, undefined]]);
  });
});
