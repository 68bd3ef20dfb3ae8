import { expect, test } from "vitest";
import { CHAIN_CALLS } from "./chain-calls.ts";
import { dollarsPerMillion } from "./task.ts";

test("a task of a chain is within its bar", () => {
  expect(dollarsPerMillion(CHAIN_CALLS)).toBeCloseTo(5.35, 1);
  expect(dollarsPerMillion(CHAIN_CALLS)).toBeLessThanOrEqual(6.5);
});

test("a task of a fan-out is within its bar: the scheduler's calls are shared by a batch", () => {
  const batch = 8;
  const fanOut = {
    "DynamoDB.GetItem": 1 / batch,
    "DynamoDB.PutItem": 1 + 1 / batch,
    "DynamoDB.UpdateItem": 1,
    "SQS.DeleteMessageBatch": 1 + 1 / batch,
    "SQS.ReceiveMessage": 1 + 1 / batch,
    "SQS.SendMessageBatch": 1 + 1 / 10,
  };

  expect(dollarsPerMillion(fanOut)).toBeLessThanOrEqual(3.5);
});
