/** The clients that every decision needs. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { quickOptions, type ClientSettings } from "./client-options.ts";
import { namePassingFaults } from "./passing-faults.ts";

export interface HotClients {
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
}

export function createHotClients(settings: ClientSettings): HotClients {
  const options = quickOptions(settings);
  const clients = { dynamo: new DynamoDBClient(options), sqs: new SQSClient(options) };
  for (const client of Object.values(clients)) namePassingFaults(client);
  return clients;
}
