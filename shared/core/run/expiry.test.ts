import { expect, test } from "vitest";
import { HOUR_MS, aScene, aTaskSpec } from "../../../test/builders/index.ts";

const waiting = () => aScene([aTaskSpec("extract")], { admitted: false, startWithinMs: HOUR_MS });

test("a run that has not started in time ends as cancelled, and says why", () => {
  const scene = waiting();
  expect(scene.after(HOUR_MS - 1).wake().run.state).toBe("queued");

  const late = waiting().after(HOUR_MS).wake();
  expect([late.run.state, late.run.cause?.text]).toEqual([
    "cancelled",
    "cancelled by freshet: it had not started within 1h, as its DAG wants it to",
  ]);
});

test("a place that comes too late is given back", () => {
  const late = waiting().after(HOUR_MS).tell({ type: "admitted", epoch: 0 });

  expect([late.run.state, late.dispatched(), late.run.effects.map(({ kind }) => kind)]).toEqual([
    "cancelled",
    [],
    ["run_finished"],
  ]);
});

test("a run that has started goes on as long as it takes", () => {
  expect(
    aScene([aTaskSpec("extract")], { startWithinMs: HOUR_MS })
      .after(2 * HOUR_MS)
      .wake().run.state,
  ).toBe("running");
});
