import { describe, expect, test } from "vitest";
import {
  HOUR_MS,
  NOON,
  aChildSpec,
  aMapSpec,
  aPauseOf,
  aPoolId,
  aResumeOf,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import { plus } from "../time.ts";

const BROKEN = { class: "permanent" } as const;
const a = aTaskSpec("a");

describe("what a hook is told of", () => {
  const hooks = { onSuccess: true, onFailure: true, onRetry: true };
  const subjects = (scene: Scene) =>
    scene.all("dispatch").flatMap(({ subject }) => (subject === undefined ? [] : [subject]));

  test("is the task, its attempt, who is to be asked, and why it failed", () => {
    const scene = aScene([aTaskSpec("a", { hooks, owner: "data", runbook: "https://run.book" }), aTaskSpec("z")]);

    expect(subjects(scene.fail("a", BROKEN))).toEqual([
      {
        hook: "onFailure",
        taskId: "a",
        attempt: 1,
        owner: "data",
        runbook: "https://run.book",
        failed: [{ taskId: "a", cause: "Error: the warehouse did not answer" }],
      },
    ]);
  });

  test("is of a retry what it is tried again for, and of a success nothing", () => {
    const tasks = [aTaskSpec("a", { hooks, retry: aRetrySpec({ retries: 1 }) }), aTaskSpec("z")];

    expect(subjects(aScene(tasks).fail("a"))).toMatchObject([{ hook: "onRetry", failed: [{ taskId: "a" }] }]);
    expect(subjects(aScene(tasks).succeed("a"))).toMatchObject([{ hook: "onSuccess", failed: [] }]);
  });

  test("is of the run all that failed, with the DAG's owner", () => {
    const scene = aScene([a, aTaskSpec("z")], { owner: "team", hooks: { onSuccess: false, onFailure: true } });
    scene.fail("z", BROKEN).succeed("a");

    expect(subjects(scene)).toMatchObject([
      { hook: "onFailure", taskId: null, attempt: 0, owner: "team", failed: [{ taskId: "z" }] },
    ]);
  });

  test("is of instances that are tried again each that waits for it", () => {
    const tasks = [
      a,
      aTaskSpec("load", { after: ["a"], map: aMapSpec("a"), hooks, retry: aRetrySpec({ retries: 1 }) }),
    ];

    expect(subjects(aScene(tasks).giveList("a", 2).fail("load[1]"))).toMatchObject([
      {
        hook: "onRetry",
        taskId: "load",
        failed: [{ taskId: "load", cause: "[1] Error: the warehouse did not answer" }],
      },
    ]);
  });
});

describe("what is sent with an attempt", () => {
  test("is what came with this very decision, and where the rest lies", () => {
    const tasks = [a, aTaskSpec("x"), aTaskSpec("b", { after: ["a", "x"] })];
    const scene = aScene(tasks).tell();
    scene.tell(scene.completed("x", { kind: "success", output: { kind: "inline", value: 1 } }));
    scene.tell(scene.completed("a", { kind: "success", output: { kind: "inline", value: 2 } }));

    expect(scene.all("dispatch")).toMatchObject([
      {
        carried: { a: { kind: "inline", value: 2 } },
        upstream: [
          { taskId: "a", attempt: 1 },
          { taskId: "x", attempt: 1 },
        ],
      },
    ]);
    expect(Object.keys(scene.all("dispatch")[0]?.carried ?? {})).toEqual(["a"]);
  });

  test("leaves out what does not apply to the task", () => {
    const [dispatch] = aScene([a]).all("dispatch");

    expect(dispatch).not.toHaveProperty("mappedBy");
    expect(dispatch).not.toHaveProperty("item");
    expect(dispatch).not.toHaveProperty("childId");
    expect(dispatch).not.toHaveProperty("subject");
  });

  test("says who is mapped over its output", () => {
    const load = (id: string) => aTaskSpec(id, { after: ["a"], map: aMapSpec("a") });

    expect(aScene([a, load("m"), load("n")]).all("dispatch")[0]?.mappedBy).toEqual(["m", "n"]);
  });

  test("names the child run that it is to start", () => {
    const scene = aScene([aTaskSpec("a", { child: aChildSpec() })]);

    expect(scene.all("dispatch")[0]?.childId).toMatch(/^load\.child\./u);
  });

  test("is of an instance its own item, or where the list lies", () => {
    const tasks = [a, aTaskSpec("load", { after: ["a"], map: aMapSpec("a", { concurrency: 1 }) })];
    const scene = aScene(tasks).giveList("a", 2);
    expect(scene.all("dispatch")[0]?.item).toEqual({ over: "a", attempt: 1, length: 2, value: "item-0" });

    scene.succeed("load[0]");

    expect(scene.all("dispatch")[0]?.item).toEqual({ over: "a", attempt: 1, length: 2 });
  });

  test("skips items that are null, which have no instance", () => {
    const tasks = [a, aTaskSpec("load", { after: ["a"], map: aMapSpec("a") })];
    const scene = aScene(tasks);
    const output = { kind: "inline", value: [null, "x", null, "y"] } as const;
    scene.tell(scene.completed("a", { kind: "success", output, mapped: { length: 2 } }));

    expect(scene.all("dispatch").map(({ item }) => item?.value)).toEqual(["x", "y"]);
  });

  test("is not sent twice by one decision, nor while its task is paused", () => {
    const scene = aScene([a]).after(HOUR_MS).tell(aPauseOf());
    scene.tell({ type: "wake" });
    expect(scene.dispatched()).toEqual([]);

    expect(scene.tell(aResumeOf()).see("a", null).dispatched()).toEqual(["a#1"]);
  });
});

describe("slots of pools", () => {
  const pools = (id: string, slots = 1) => [{ pool: aPoolId(id), slots }];
  const wants = (scene: Scene) =>
    scene
      .all("tell")
      .flatMap(({ effect }) => (effect.kind === "pool_want" ? [[effect.pool, effect.want] as const] : []));
  const grant = (scene: Scene, granted: number, pool = "p", epoch = scene.run.epoch): Scene =>
    scene.tell({ type: "pool_granted", pool: aPoolId(pool), epoch, number: 0, granted });

  test("are asked for by the best-ranked first: how many there are, and what each takes", () => {
    const tasks = [
      aTaskSpec("low", { pools: pools("p", 2), priority: 1 }),
      aTaskSpec("high", { pools: pools("p", 3), priority: 9 }),
      aTaskSpec("also", { pools: pools("p", 3), priority: 9 }),
      aTaskSpec("wide", { pools: pools("p", 4), priority: 9 }),
    ];

    expect(wants(aScene(tasks))).toMatchObject([["p", { wanted: 12, next: { weight: 3, count: 2 }, priority: 9 }]]);
  });

  test("are asked for with the time by which the run must have ended", () => {
    const task = aTaskSpec("a", { pools: pools("p") });

    expect(wants(aScene([task], { runTimeoutMs: HOUR_MS }))).toMatchObject([["p", { deadline: plus(NOON, HOUR_MS) }]]);
    expect(wants(aScene([task]))).toMatchObject([["p", { deadline: null, logicalDate: NOON }]]);
  });

  test("go to the highest priority, then in the order of the DAG", () => {
    const tasks = ["a", "b", "c"].map((id, n) => aTaskSpec(id, { pools: pools("p"), priority: n === 2 ? 5 : 1 }));

    expect(grant(aScene(tasks), 2).dispatched()).toEqual(["c#1", "a#1"]);
  });

  test("that were granted in an earlier epoch, or to a run that has ended, go back", () => {
    const scene = aScene([aTaskSpec("a", { pools: pools("p") })]).cancel();

    expect(grant(scene, 1).all("leave_pool")).toEqual([{ type: "leave_pool", pool: "p", epoch: scene.run.epoch }]);
    const later = aScene([aTaskSpec("a", { pools: pools("p") })]);
    expect(grant(later, 1, "p", later.run.epoch + 1).commands).toEqual([]);
  });

  test("of a pool that nobody asked go back", () => {
    const scene = grant(aScene([aTaskSpec("a", { pools: pools("p") })]), 2, "other");

    expect(wants(scene)).toMatchObject([["other", { granted: 2, released: 2, next: null }]]);
  });

  test("are told of again only if something has changed for the pool", () => {
    const scene = aScene([aTaskSpec("a", { pools: pools("p") }), aTaskSpec("b", { pools: pools("p") })]);
    expect(wants(scene.tell({ type: "wake" }))).toEqual([]);

    // The pool knows what waits after its own grant.
    expect(wants(grant(scene, 1))).toEqual([]);
    expect(wants(scene.succeed("a"))).toMatchObject([["p", { granted: 1, released: 1, next: { count: 1 } }]]);
  });

  test("that a paused task had taken on its way to the others go back", () => {
    const both = [...pools("p"), ...pools("q")];
    const scene = grant(aScene([aTaskSpec("a", { pools: both })]), 1);
    expect([scene.state("a"), scene.detail("a")?.taken]).toEqual(["scheduled", 1]);

    scene.tell(aPauseOf("a"));

    expect(scene.detail("a")?.taken).toBe(0);
    expect(wants(scene)).toMatchObject(expect.arrayContaining([["p", expect.objectContaining({ released: 1 })]]));
  });
});
