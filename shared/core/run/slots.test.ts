import { describe, expect, test } from "vitest";
import {
  CANCEL,
  HOUR_MS,
  MINUTE_MS,
  NOON,
  aPauseOf,
  aPoolId,
  aResumeOf,
  aRetrySpec,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import type { PoolWant, RunEffect } from "../run.ts";
import { plus } from "../time.ts";

const pooled = (id: string, overrides: Parameters<typeof aTaskSpec>[1] = {}): TaskSpec =>
  aTaskSpec(id, { pools: [{ pool: aPoolId("warehouse"), slots: 1 }], ...overrides });
const wide = { pools: [{ pool: aPoolId("warehouse"), slots: 3 }] };
const both = {
  pools: [
    { pool: aPoolId("api"), slots: 1 },
    { pool: aPoolId("warehouse"), slots: 1 },
  ],
};

const effectOf = (scene: Scene, pool: string): RunEffect | undefined =>
  scene.run.effects.find((effect) => "pool" in effect && effect.pool === pool);
/** What the run tells the pool now, or has told last. */
const wantOf = (scene: Scene, pool = "warehouse"): PoolWant | null | undefined =>
  scene.run.pools?.find((part) => part.pool === pool)?.told;
const granted = (scene: Scene, slots: number, pool = "warehouse"): Scene =>
  scene.tell({
    type: "pool_granted",
    pool: aPoolId(pool),
    epoch: scene.run.epoch,
    number: effectOf(scene, pool)?.number ?? 0,
    granted: slots,
  });
const part = (scene: Scene, pool = "warehouse") => {
  const found = scene.run.pools?.find((other) => other.pool === pool);
  return found === undefined ? undefined : [found.granted, found.released];
};

describe("a task that takes slots", () => {
  test("waits as scheduled, and its run asks for them", () => {
    const scene = aScene([pooled("load")]);

    expect([scene.states(), scene.dispatched()]).toEqual([{ load: "scheduled" }, []]);
    expect(scene.all("tell")).toMatchObject([
      { effect: { kind: "pool_want", pool: "warehouse", want: { wanted: 1, next: { weight: 1, count: 1 } } } },
    ]);
  });

  test("is dispatched with the grant", () => {
    const scene = granted(aScene([pooled("load")]), 1);

    expect([scene.states(), scene.dispatched()]).toEqual([{ load: "queued" }, ["load#1"]]);
  });

  test("a grant that it was told of before starts nothing more", () => {
    const scene = granted(aScene([pooled("a"), pooled("b")]), 1);

    expect(granted(scene, 1).changed).toBe(false);
  });

  test("an answer without a grant is heard, and then the run waits for nothing but the pool", () => {
    const scene = granted(aScene([pooled("load")]), 0);

    expect([scene.run.effects, scene.run.due, scene.state("load")]).toEqual([[], null, "scheduled"]);
  });

  test("gives its slots back as it ends, and the pool is told", () => {
    const scene = granted(aScene([pooled("a"), aTaskSpec("b", { after: ["a"] })]), 1).succeed("a");

    expect(part(scene)).toEqual([1, 1]);
    expect(wantOf(scene)).toMatchObject({ granted: 1, released: 1, wanted: 1, next: null });
  });

  test("gives them back while it waits for its next try, and asks anew", () => {
    const scene = granted(aScene([pooled("a", { retry: aRetrySpec({ retries: 1 }) })]), 1).fail("a");
    expect([scene.state("a"), part(scene)]).toEqual(["up_for_retry", [1, 1]]);

    scene.after(MINUTE_MS).wake();

    expect([scene.state("a"), wantOf(scene)?.next]).toEqual(["scheduled", { weight: 1, count: 1 }]);
    expect(granted(scene, 2).dispatched()).toEqual(["a#2"]);
  });

  test("keeps them while its attempt is being closed", () => {
    const scene = granted(aScene([pooled("a"), aTaskSpec("b")]), 1).tell(CANCEL);

    expect([scene.state("a"), part(scene)]).toEqual(["restarting", [1, 0]]);
  });

  test("hooks take none", () => {
    const hooks = { onSuccess: true, onFailure: false, onRetry: false };
    const scene = granted(aScene([pooled("a", { hooks }), pooled("b", { after: ["a"] })]), 1).succeed("a");

    expect(scene.dispatched()).toEqual(["a$onSuccess#1"]);
  });
});

describe("what a run asks for", () => {
  test("the best-ranked instances, how many there are, and what each takes", () => {
    const scene = aScene([
      pooled("a"),
      pooled("b", { ...wide, priority: 9 }),
      pooled("c"),
      pooled("d", { priority: 9 }),
    ]);

    expect(wantOf(scene)).toMatchObject({ wanted: 6, next: { weight: 3, count: 1 }, priority: 9 });
  });

  test("instances alike are asked for together", () => {
    expect(wantOf(aScene([pooled("a"), pooled("b"), pooled("c")]))?.next).toEqual({ weight: 1, count: 3 });
  });

  test("with the run's timeout as its deadline, and when it was queued where it has no logical date", () => {
    const scene = aScene([pooled("a")], { runTimeoutMs: HOUR_MS });

    expect(wantOf(scene)).toMatchObject({ deadline: plus(NOON, HOUR_MS), logicalDate: NOON });
  });

  test("with the run's own deadline before its timeout", () => {
    const deadlines = [{ name: "soon", from: "due", withinMs: 7 }] as const;
    const scene = aScene([pooled("a")], { runTimeoutMs: HOUR_MS, deadlines });

    expect(wantOf(scene)).toMatchObject({ deadline: plus(NOON, 7) });
  });

  test("is not told again when the grant was all there was to hear", () => {
    const scene = granted(aScene([pooled("a"), pooled("b"), pooled("c")]), 2);

    expect([scene.dispatched(), scene.all("tell")]).toEqual([["a#1", "b#1"], []]);
  });

  test("is told anew when the next instances are others than the pool knows", () => {
    const scene = granted(aScene([pooled("a", { priority: 5 }), pooled("b", wide)]), 1);

    expect(wantOf(scene)).toMatchObject({ granted: 1, wanted: 4, next: { weight: 3, count: 1 }, priority: 1 });
  });
});

describe("grants", () => {
  test("go to the best-ranked task", () => {
    expect(granted(aScene([pooled("a"), pooled("b", { priority: 7 })]), 1).dispatched()).toEqual(["b#1"]);
  });

  test("that nothing can use go back at once", () => {
    const scene = granted(aScene([pooled("a", wide)]), 2);

    expect([scene.dispatched(), part(scene)]).toEqual([[], [2, 2]]);
  });

  test("beyond what waits go back at once", () => {
    expect(part(granted(aScene([pooled("a")]), 3))).toEqual([3, 2]);
  });

  test("a slot that a task gives back goes to the pool, not to the run's next task", () => {
    const scene = granted(aScene([pooled("a"), pooled("b")]), 1).succeed("a");

    expect([scene.state("b"), part(scene)]).toEqual(["scheduled", [1, 1]]);
  });

  test("of an earlier epoch go back", () => {
    const scene = aScene([pooled("a")]);
    scene.tell({ type: "pool_granted", pool: aPoolId("warehouse"), epoch: -1, number: 1, granted: 1 });

    expect(scene.all("leave_pool")).toEqual([{ type: "leave_pool", pool: "warehouse", epoch: -1 }]);
    expect(scene.dispatched()).toEqual([]);
  });

  test("to a run that has ended go back", () => {
    const scene = granted(aScene([pooled("a")]), 1).succeed("a");
    scene.tell({ type: "pool_granted", pool: aPoolId("warehouse"), epoch: 0, number: 9, granted: 2 });

    expect(scene.all("leave_pool")).toEqual([{ type: "leave_pool", pool: "warehouse", epoch: 0 }]);
  });
});

describe("the end of a run", () => {
  test("ends its part in every pool", () => {
    const scene = granted(aScene([pooled("a")]), 1).succeed("a");

    expect(scene.run.pools).toBeUndefined();
    expect(scene.run.effects.map(({ kind }) => kind)).toEqual(["run_finished", "pool_final"]);
  });

  test("by a cancel leaves nothing that waits", () => {
    const scene = aScene([pooled("a")]).tell(CANCEL);

    expect([scene.state("a"), scene.run.state]).toEqual(["skipped", "cancelled"]);
    expect(scene.run.effects.map(({ kind }) => kind)).toContain("pool_final");
  });
});

describe("a task in several pools", () => {
  test("takes them one after the other, in the order of their names", () => {
    const scene = aScene([pooled("a", both)]);
    expect([wantOf(scene, "api")?.next, wantOf(scene)]).toEqual([{ weight: 1, count: 1 }, undefined]);

    granted(scene, 1, "api");

    expect([scene.state("a"), scene.detail("a")?.taken, wantOf(scene)?.next?.count]).toEqual(["scheduled", 1, 1]);
    expect(granted(scene, 1).dispatched()).toEqual(["a#1"]);
  });

  test("starts with one decision when both grants are there", () => {
    const scene = aScene([pooled("a", both), pooled("b", both)]);
    granted(scene, 2, "api");

    expect(granted(scene, 2).dispatched()).toEqual(["a#1", "b#1"]);
  });
});

describe("a pause", () => {
  test("asks for nothing, and gives back what was granted meanwhile", () => {
    const scene = aScene([pooled("a")]).tell(aPauseOf());
    expect(wantOf(scene)?.next).toBeNull();

    granted(scene, 1);

    expect([scene.dispatched(), part(scene)]).toEqual([[], [1, 1]]);
  });

  test("gives back what a waiting task has taken already", () => {
    const scene = granted(aScene([pooled("a", both)]), 1, "api").tell(aPauseOf());

    expect(part(scene, "api")).toEqual([1, 1]);
  });

  test("that is over asks again", () => {
    const scene = aScene([pooled("a")])
      .tell(aPauseOf())
      .tell(aResumeOf());

    expect(wantOf(scene)?.next).toEqual({ weight: 1, count: 1 });
  });
});

test("a run that only waits for slots is not stuck", () => {
  const scene = granted(aScene([pooled("a")]), 0)
    .after(HOUR_MS)
    .wake();

  expect(scene.run.state).toBe("running");
});
