/** The SDK's clients with the limits that we want: the SDK's own defaults wait for ever. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";
import { namePassingFaults } from "./passing-faults.ts";

const CONNECTION_TIMEOUT_MS = 1_000;
/** From the first byte of a request to the head of its response. DynamoDB, SQS and EventBridge answer within tens of ms. */
const REQUEST_TIMEOUT_MS = 3_000;
/** An object's part of 16 MB goes up within one request. */
const OBJECT_REQUEST_TIMEOUT_MS = 60_000;
/** A connection that says nothing for so long in the middle of a body is dead. */
const OBJECT_SOCKET_TIMEOUT_MS = 30_000;
/** Tries of one call, the first included; the SDK backs off with jitter between them. */
const TRIES_MAX = 4;
/** Connections of one client; further calls wait for one, and their timeout runs meanwhile. */
const SOCKETS_MAX = 64;

export interface ClientSettings {
  readonly region: string;
  /** Of an emulator. S3 then takes the bucket as part of the path. */
  readonly endpoint?: string;
  /** An emulator on a busy machine needs more than AWS does. */
  readonly timeouts?: { readonly connectionMs: number; readonly requestMs: number };
  /** The SDK's own chain (role, environment, profile) if absent. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface Clients {
  readonly dynamo: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly s3: S3Client;
  readonly events: EventBridgeClient;
}

/**
 * The middleware that copies Lambda's trace header onto requests stays: AWS stops loops by it, and what we let pass is
 * declared on the functions, where an operator sees it.
 */
export function createClients({ timeouts, ...settings }: ClientSettings): Clients {
  const config = { ...settings, retryMode: "standard", maxAttempts: TRIES_MAX } as const;
  const requestMs = timeouts?.requestMs ?? REQUEST_TIMEOUT_MS;
  const connectionMs = timeouts?.connectionMs ?? CONNECTION_TIMEOUT_MS;
  const quick = handlerOf(connectionMs, requestMs, requestMs);
  const objects = handlerOf(connectionMs, OBJECT_REQUEST_TIMEOUT_MS, OBJECT_SOCKET_TIMEOUT_MS);
  const clients = {
    dynamo: new DynamoDBClient({ ...config, requestHandler: quick }),
    sqs: new SQSClient({ ...config, requestHandler: quick }),
    s3: new S3Client({ ...config, requestHandler: objects, forcePathStyle: settings.endpoint !== undefined }),
    events: new EventBridgeClient({ ...config, requestHandler: quick }),
  };
  for (const client of Object.values(clients)) namePassingFaults(client);
  return clients;
}

function handlerOf(connectionTimeout: number, requestTimeout: number, socketTimeout: number) {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  return {
    connectionTimeout,
    requestTimeout,
    socketTimeout,
    throwOnRequestTimeout: true, // Otherwise it only warns.
    httpAgent: agent,
    httpsAgent: agent,
  };
}
