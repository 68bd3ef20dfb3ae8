import { describe, expect, inject, test } from "vitest";
import { CHAIN_CALLS } from "../cost/chain-calls.ts";
import { chainCalls, fanOutCalls, mapUnits } from "./workloads.ts";

/** Widths and lengths of the bars take long on a busy machine; the counts follow from shorter ones. */
const TIMEOUT_MS = 180_000;

const dynamo = inject("dynamoEndpoint");

describe.skipIf(dynamo === null)("on DynamoDB and SQS", () => {
  const endpoints = { dynamo: dynamo ?? "", fauxqs: inject("fauxqsEndpoint") };

  test(
    "a task of a chain takes ten calls: five of its executor, five of the scheduler",
    async () => {
      const { calls } = await chainCalls(endpoints, 5, 15);

      expect(calls.perTask).toEqual(CHAIN_CALLS);
      expect(calls.perTaskTotal).toBeLessThanOrEqual(10);
    },
    TIMEOUT_MS,
  );

  test("starting and ending a run takes at most fifteen more", async () => {
    const { calls } = await chainCalls(endpoints, 1, 2);

    expect(calls.startAndEnd).toBeLessThanOrEqual(15);
  });

  test.each([{ join: false }, { join: true }])(
    "a task of a fan-out of 200 takes at most six, start and end of the run included: %o",
    async (options) => {
      const { calls } = await fanOutCalls(endpoints, 200, options);

      expect(calls.perTask, `at ${calls.batchMean} completions a batch`).toBeLessThanOrEqual(6);
    },
    TIMEOUT_MS,
  );

  test(
    "a task of a map of 1,024 takes at most three write units, indexes and refused writes included",
    async () => {
      const { units } = await mapUnits(endpoints, 1_024);

      expect(units.perTask).toBeLessThanOrEqual(3);
    },
    TIMEOUT_MS,
  );
});
