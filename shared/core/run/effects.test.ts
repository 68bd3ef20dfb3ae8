import { describe, expect, test } from "vitest";
import { aScene, aTaskSpec, type Scene } from "../../../test/builders/index.ts";
import type { BackfillId } from "../ids.ts";
import type { RunEvent } from "../events.ts";

const backfilled = (id: string, epoch: number): RunEvent => ({
  type: "reprocess",
  backfillId: id as BackfillId,
  epoch,
  tasks: [],
  onlyFailed: false,
  by: "ops",
});
const ends = ({ run }: Scene): readonly unknown[] =>
  run.effects.flatMap((effect) => (effect.kind === "run_finished" ? [[effect.epoch, effect.state]] : []));

describe("a run that ends again before anybody has heard of its end", () => {
  test("tells its DAG of the first end, and the backfill that has cleared it of the second", () => {
    const scene = aScene([aTaskSpec("load")])
      .fail("load")
      .tell(backfilled("b1", 0))
      .succeed("load");

    expect(ends(scene)).toEqual([
      [0, "failed"],
      [1, "success"],
    ]);
  });
});
