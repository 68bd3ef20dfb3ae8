/** All of the SDK's clients: for the command line and tests. A function has those that it needs. */
import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { S3Client } from "./s3/s3.ts";
import { createBusClient } from "./clients/bus-client.ts";
import type { ClientSettings } from "./clients/client-options.ts";
import { createHotClients, type HotClients } from "./clients/hot-clients.ts";
import { createS3Client } from "./s3/s3-client.ts";

export interface Clients extends HotClients {
  readonly s3: S3Client;
  readonly events: EventBridgeClient;
}

export const createClients = (settings: ClientSettings): Clients => ({
  ...createHotClients(settings),
  s3: createS3Client(settings),
  events: createBusClient(settings),
});
