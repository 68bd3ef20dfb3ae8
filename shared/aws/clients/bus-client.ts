import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { quickOptions, type ClientSettings } from "./client-options.ts";
import { namePassingFaults } from "./passing-faults.ts";

export function createBusClient(settings: ClientSettings): EventBridgeClient {
  const client = new EventBridgeClient(quickOptions(settings));
  namePassingFaults(client);
  return client;
}
