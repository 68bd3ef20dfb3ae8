import { describe, expect, test } from "vitest";
import {
  MINUTE_MS,
  aManifest,
  aMapSpec,
  aMark,
  aPauseOf,
  aPoolId,
  aScene,
  aTaskSpec,
  type Scene,
} from "../../../test/builders/index.ts";
import type { TaskSpec } from "../manifest.ts";
import type { PoolWant } from "../run.ts";
import { iso } from "../time.ts";
import { advance } from "./advance.ts";

const pooled = (
  id: string,
  slots: number,
  priority: number,
  overrides: Parameters<typeof aTaskSpec>[1] = {},
): TaskSpec => aTaskSpec(id, { pools: [{ pool: aPoolId("db"), slots }], priority, ...overrides });
const wants = (scene: Scene): readonly PoolWant[] =>
  scene.all("tell").flatMap(({ effect }) => (effect.kind === "pool_want" ? [effect.want] : []));
const grant = (scene: Scene, granted: number): Scene =>
  scene.tell({ type: "pool_granted", pool: aPoolId("db"), epoch: scene.run.epoch, number: 0, granted });

describe("a pool is told anew, when what waits is changed by hand, of", () => {
  const after = (id: string, ...tasks: readonly TaskSpec[]): readonly PoolWant[] =>
    wants(aScene(tasks).tell(aMark("success", id)));

  test("another priority", () => {
    expect(after("a", pooled("a", 1, 5), pooled("b", 1, 2, { after: ["a"] }))).toMatchObject([
      { wanted: 1, next: { weight: 1, count: 1 }, priority: 2 },
    ]);
  });

  test("fewer slots behind the next", () => {
    expect(after("b", pooled("a", 1, 5), pooled("b", 2, 1))).toMatchObject([
      { wanted: 1, next: { weight: 1, count: 1 } },
    ]);
  });

  test("fewer instances that are next", () => {
    const tasks = [pooled("a", 1, 5), pooled("b", 1, 5), pooled("c", 1, 1, { after: ["b"] })];

    expect(after("b", ...tasks)).toMatchObject([{ wanted: 2, next: { weight: 1, count: 1 } }]);
  });

  test("another weight of what is next", () => {
    const tasks = [pooled("a", 2, 5), pooled("b", 1, 5), pooled("c", 2, 1, { after: ["a"] })];

    expect(after("a", ...tasks)).toMatchObject([{ wanted: 3, next: { weight: 1, count: 1 }, priority: 5 }]);
  });

  test("nothing, where another one alike takes the place of the first", () => {
    expect(after("a", pooled("a", 1, 5), pooled("b", 1, 5, { after: ["a"] }))).toEqual([]);
  });
});

test("a pool is asked for those of the best priority first, whatever the others take", () => {
  expect(wants(aScene([pooled("a", 1, 5), pooled("b", 1, 2)]))).toMatchObject([
    { wanted: 2, next: { weight: 1, count: 1 }, priority: 5 },
  ]);
});

test("a pool is told nothing when its grant was for all that waited", () => {
  const scene = grant(aScene([pooled("a", 1, 5), pooled("b", 1, 5)]), 2);

  expect([scene.dispatched(), wants(scene)]).toEqual([["a#1", "b#1"], []]);
});

describe("a task whose hours end while it waits for slots", () => {
  const HOURS = { allowedHours: { from: 11 * 60, to: 12 * 60 + 1 } };
  const late = (scene: Scene): Scene => scene.after(2 * MINUTE_MS).wake();

  test("is looked at when they begin again", () => {
    const scene = late(aScene([pooled("a", 1, 1, HOURS)]));

    expect([scene.state("a"), iso(scene.detail("a")?.due ?? scene.now)]).toEqual(["scheduled", "2026-03-03T11:00:00Z"]);
    expect(scene.all("timer").map(({ at }) => iso(at))).toEqual(["2026-03-03T11:00:00Z"]);
    expect(wants(scene)).toMatchObject([{ next: null }]);
  });

  test("is not looked at for them while somebody holds it back", () => {
    expect(late(aScene([pooled("a", 1, 1, HOURS)]).tell(aPauseOf("a"))).detail("a")?.due).toBeUndefined();
  });
});

test("an instance that waits for slots has one of the places that its map allows", () => {
  const load = { after: ["list"], map: aMapSpec("list", { concurrency: 1 }) };
  const scene = aScene([aTaskSpec("list"), pooled("load", 1, 1, load)]).giveList("list", 2);

  expect([scene.state("load[0]"), scene.state("load[1]")]).toEqual(["scheduled", "none"]);
  expect(wants(scene)).toMatchObject([{ wanted: 1 }]);
});

test("slots that a newer version takes for what is at work already are paid before another task gets any", () => {
  const scene = grant(aScene([pooled("a", 1, 9), pooled("b", 1, 1)]), 1);
  const newer = aManifest({ tasks: [pooled("a", 3, 9), pooled("b", 1, 1)] });
  const granted = (slots: number) => {
    const event = { type: "pool_granted", pool: aPoolId("db"), epoch: 0, number: 0, granted: slots } as const;
    return advance(scene.run, newer, [event], scene.now).commands.filter(({ type }) => type === "dispatch").length;
  };

  expect([granted(2), granted(3), granted(4)]).toEqual([0, 0, 1]);
});
