import { expect, test } from "vitest";
import { dollarsPerMillion } from "./task.ts";

/** A task of a chain: sent, taken, claimed, finished, told, decided. */
const CHAIN = {
  "DynamoDB.GetItem": 1,
  "DynamoDB.PutItem": 2,
  "DynamoDB.UpdateItem": 1,
  "SQS.DeleteMessageBatch": 2,
  "SQS.ReceiveMessage": 2,
  "SQS.SendMessageBatch": 2,
};

test("a task of a chain is within its bar", () => {
  expect(dollarsPerMillion(CHAIN)).toBeCloseTo(5.35, 1);
  expect(dollarsPerMillion(CHAIN)).toBeLessThanOrEqual(6.5);
});
