import { expect, test } from "vitest";
import { CHAIN_CALLS } from "./chain-calls.ts";
import { modelledHop } from "./hop.ts";

/** Even draws that are the same each time. */
function evenDraws(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("a hop of a chain is within its bars on the published quantiles", () => {
  const { p50Ms, p99Ms } = modelledHop(CHAIN_CALLS, 50_000, evenDraws());

  expect(p50Ms).toBeLessThanOrEqual(100);
  expect(p99Ms).toBeLessThanOrEqual(250);
});

test("a call more on its way makes it longer", () => {
  const hop = modelledHop(CHAIN_CALLS, 50_000, evenDraws());
  const longer = modelledHop({ ...CHAIN_CALLS, "DynamoDB.GetItem": 2 }, 50_000, evenDraws());

  expect(longer.p50Ms).toBeGreaterThan(hop.p50Ms + 3);
});
