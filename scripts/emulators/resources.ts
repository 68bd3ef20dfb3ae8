/** Fresh tables, buckets and queues on the emulators of AWS. */
import { randomUUID } from "node:crypto";
import {
  CreateTableCommand,
  DeleteTableCommand,
  type AttributeDefinition,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
} from "@aws-sdk/client-dynamodb";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import type { Clients } from "../../shared/aws/clients.ts";
import type { Table } from "../../shared/aws/dynamo/dynamo.ts";
import type { IndexDefinition, TableDefinition } from "../../shared/aws/dynamo/tables.ts";

/** Of a client of an emulator; `endpoint` comes on top. */
export const emulatorSettings = {
  region: "eu-west-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  timeouts: { connectionMs: 10_000, requestMs: 30_000 },
} as const;

export interface FreshTable extends Table {
  readonly close: () => Promise<void>;
}

export async function freshTable(
  client: DynamoDBClient,
  definition: TableDefinition,
  tableName = `freshet-${randomUUID()}`,
): Promise<FreshTable> {
  const { partitionKey, sortKey, globalIndexes, localIndexes } = definition;
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributesOf(definition),
      ...keySchema(partitionKey, sortKey),
      ...(globalIndexes.length === 0 ? {} : { GlobalSecondaryIndexes: globalIndexes.map(indexOf) }),
      ...(localIndexes.length === 0 ? {} : { LocalSecondaryIndexes: localIndexes.map(indexOf) }),
    }),
  );
  return {
    client,
    tableName,
    close: async () => {
      await client.send(new DeleteTableCommand({ TableName: tableName }));
    },
  };
}

function attributesOf({ partitionKey, sortKey, globalIndexes, localIndexes }: TableDefinition): AttributeDefinition[] {
  const types = new Map<string, "S" | "N">([
    [partitionKey, "S"],
    [sortKey, "S"],
  ]);
  for (const index of [...globalIndexes, ...localIndexes]) {
    types.set(index.partitionKey, "S");
    types.set(index.sortKey, index.sortKeyType);
  }
  return [...types].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }));
}

const indexOf = ({ indexName, partitionKey, sortKey, projected }: IndexDefinition): GlobalSecondaryIndex => ({
  IndexName: indexName,
  ...keySchema(partitionKey, sortKey),
  Projection: projectionOf(projected),
});

function projectionOf(projected: IndexDefinition["projected"]): GlobalSecondaryIndex["Projection"] {
  if (projected === "all") return { ProjectionType: "ALL" };
  if (projected.length === 0) return { ProjectionType: "KEYS_ONLY" };
  return { ProjectionType: "INCLUDE", NonKeyAttributes: [...projected] };
}

const keySchema = (partitionKey: string, sortKey: string): Pick<GlobalSecondaryIndex, "KeySchema"> => ({
  KeySchema: [
    { AttributeName: partitionKey, KeyType: "HASH" },
    { AttributeName: sortKey, KeyType: "RANGE" },
  ],
});

export async function freshBucket({ s3 }: Clients): Promise<string> {
  const bucket = `freshet-${randomUUID()}`;
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

export async function freshQueue({ sqs }: Clients): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `freshet-${randomUUID()}` }));
  if (QueueUrl === undefined) throw new Error("the emulator made no queue");
  return QueueUrl;
}
