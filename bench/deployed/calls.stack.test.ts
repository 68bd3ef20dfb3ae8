import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHAIN_CALLS } from "../cost/chain-calls.ts";
import { dollarsPerMillion } from "../cost/task.ts";
import type { ChainCalls } from "../aws/workloads.ts";
import { deployedChain } from "./workloads.ts";
import { openDeployedBench, type DeployedBench } from "./world.ts";

/** A deployment and up to twelve chains, on a busy machine. */
const MEASURING_MS_MAX = 600_000;

describe("on the deployed stack", () => {
  let bench: DeployedBench;
  let calls: ChainCalls;
  beforeAll(async () => {
    bench = await openDeployedBench({});
    ({ calls } = await deployedChain(bench));
  }, MEASURING_MS_MAX);
  afterAll(() => bench.close());

  test("a task of a chain takes ten calls, those of its event sources included", () => {
    expect(calls.perTask).toEqual(CHAIN_CALLS);
    expect(calls.perTaskTotal).toBe(10);
  });

  test("a million tasks of a chain cost less than $6.50", () => {
    expect(dollarsPerMillion(calls.perTask)).toBeLessThanOrEqual(6.5);
  });
});
