/**
 * Records what happens to a deployment: each change of its tables, by their streams, and each fact on its bus, by a queue. The
 * endpoint numbers the changes of all tables in one order, which AWS does not: so the checkers of the simulation can judge them.
 */
import {
  DescribeTableCommand,
  ScanCommand,
  UpdateTableCommand,
  type AttributeValue,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import type { Clients } from "../../../shared/aws/clients.ts";
import type { Deployment } from "../../../shared/contract/deployment.ts";
import type { Fact } from "../../../shared/core/events.ts";

export type Image = Record<string, AttributeValue>;

/** A change of an item. */
export interface ItemChange {
  readonly kind: "item";
  /** In the order of all of them. */
  readonly number: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly table: string;
  /** Undefined: it was removed. */
  readonly image: Image | undefined;
}

export interface HeardFact {
  readonly kind: "fact";
  readonly at: number;
  readonly fact: Fact;
}

export interface History {
  /** What was there before the recording began. */
  readonly before: readonly Image[];
  readonly changes: readonly ItemChange[];
  readonly facts: readonly HeardFact[];
}

const FACTS_QUEUE = "recorded-facts";
/** Of a sequence number: milliseconds, then a count. */
const NUMBER_MS_DIGITS = 20;

/** What streams and facts are read by, later: it goes from the process that deploys to that of the tests. */
export interface Recording {
  readonly url: string;
  readonly region: string;
  readonly tables: readonly { readonly name: string; readonly stream: string }[];
  readonly factsQueueUrl: string;
  readonly before: readonly Image[];
}

export async function startRecording(
  { dynamo, sqs, events }: Clients,
  deployment: Deployment,
  place: Pick<Recording, "url" | "region">,
): Promise<Recording> {
  const { QueueUrl: factsQueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: FACTS_QUEUE }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: factsQueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const rule = { EventBusName: deployment.busName, Rule: FACTS_QUEUE };
  const EventPattern = JSON.stringify({ source: ["freshet"] });
  await events.send(new PutRuleCommand({ ...rule, Name: FACTS_QUEUE, EventPattern }));
  await events.send(
    new PutTargetsCommand({ ...rule, Targets: [{ Id: "queue", Arn: Attributes?.["QueueArn"] ?? "" }] }),
  );
  const names = [deployment.engineTable, deployment.attemptsTable];
  const tables = await Promise.all(names.map(async (name) => ({ name, stream: await startStream(dynamo, name) })));
  const before = (await Promise.all(names.map((name) => imagesOf(dynamo, name)))).flat();
  return { ...place, tables, factsQueueUrl, before };
}

async function startStream(dynamo: DynamoDBClient, TableName: string): Promise<string> {
  const StreamSpecification = { StreamEnabled: true, StreamViewType: "NEW_IMAGE" } as const;
  await dynamo.send(new UpdateTableCommand({ TableName, StreamSpecification }));
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
  if (Table?.LatestStreamArn === undefined) throw new Error(`table ${TableName} has no stream`);
  return Table.LatestStreamArn;
}

async function imagesOf(dynamo: DynamoDBClient, TableName: string): Promise<readonly Image[]> {
  const { Items = [], LastEvaluatedKey } = await dynamo.send(new ScanCommand({ TableName }));
  if (LastEvaluatedKey !== undefined) throw new Error(`${TableName} holds more than one page before anything ran`);
  return Items;
}

export async function readHistory({ sqs }: Clients, recording: Recording): Promise<History> {
  const changes = await Promise.all(recording.tables.map((table) => changesOf(recording, table)));
  return {
    before: recording.before,
    changes: changes.flat().toSorted((a, b) => (a.number < b.number ? -1 : 1)),
    facts: await factsOf(sqs, recording.factsQueueUrl),
  };
}

interface StreamPage {
  readonly Records?: readonly {
    readonly dynamodb: { readonly SequenceNumber: string; readonly NewImage?: Image };
  }[];
  readonly NextShardIterator?: string;
}

async function changesOf(
  recording: Recording,
  { name, stream }: Recording["tables"][number],
): Promise<readonly ItemChange[]> {
  const changes: ItemChange[] = [];
  const { StreamDescription } = (await askStreams(recording, "DescribeStream", { StreamArn: stream })) as {
    StreamDescription: { Shards: readonly { ShardId: string }[] };
  };
  for (const { ShardId } of StreamDescription.Shards) {
    const start = { StreamArn: stream, ShardId, ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = (await askStreams(recording, "GetShardIterator", start)) as { ShardIterator: string };
    for (let iterator: string | undefined = ShardIterator; iterator !== undefined;) {
      const page = (await askStreams(recording, "GetRecords", { ShardIterator: iterator })) as StreamPage;
      const { Records = [], NextShardIterator } = page;
      for (const { dynamodb } of Records) {
        const at = Number(dynamodb.SequenceNumber.slice(0, NUMBER_MS_DIGITS));
        changes.push({ kind: "item", number: dynamodb.SequenceNumber, at, table: name, image: dynamodb.NewImage });
      }
      // A shard that is open always has a next page.
      iterator = Records.length === 0 ? undefined : NextShardIterator;
    }
  }
  return changes;
}

/** The endpoint needs no signature: what reads streams is no dependency of the project's. */
async function askStreams({ url, region }: Recording, action: string, input: object): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDBStreams_20120810.${action}`,
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${action}: ${text}`);
  return JSON.parse(text, reviveBytes);
}

/** Bytes are base64 on the wire. */
function reviveBytes(key: string, value: unknown): unknown {
  return key === "B" && typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : value;
}

async function factsOf(sqs: Clients["sqs"], queueUrl: string): Promise<readonly HeardFact[]> {
  const messages = await messagesOf(sqs, queueUrl);
  return messages.map(({ body, at }) => ({
    kind: "fact" as const,
    at,
    fact: (JSON.parse(body) as { readonly detail: Fact }).detail,
  }));
}

/** Takes all messages off a queue, in the order in which they came there; waits a second for more. */
export async function messagesOf(
  sqs: Clients["sqs"],
  QueueUrl: string,
): Promise<readonly { readonly body: string; readonly at: number }[]> {
  const taken: { readonly body: string; readonly at: number }[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ["SentTimestamp"],
      }),
    );
    if (Messages.length === 0) return taken.toSorted((a, b) => a.at - b.at);
    for (const { Body = "", Attributes } of Messages) taken.push({ body: Body, at: Number(Attributes?.SentTimestamp) });
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}
