/** What each function may do; taking from its queue comes with its event source. Executors run the authors' code: they reach no record of the engine's. */
import type { EventBus } from "aws-cdk-lib/aws-events";
import type { Bucket, IBucket } from "aws-cdk-lib/aws-s3";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { MayDo } from "./least-role.ts";
import type { Queues } from "./queues.ts";
import type { Tables } from "./tables.ts";

export interface Reachable {
  readonly tables: Tables;
  readonly queues: Queues;
  readonly bus: EventBus;
  readonly bucket: Bucket;
}

const INDEXES = "All indexes of the engine's own table.";
const OBJECTS = "Objects of Freshet's own bucket below a prefix: their names carry runs and hashes.";

const withIndexes = (table: ITable): readonly string[] => [table.tableArn, `${table.tableArn}/index/*`];

/** Deciding: records of the engine's, closing attempts, sending what follows. */
export function allowDeciding(decider: MayDo, { tables, queues, bus, bucket }: Reachable): void {
  decider.allow(
    ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"],
    withIndexes(tables.engine),
    INDEXES,
  );
  decider.allow(["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], [tables.attempts.tableArn]);
  decider.allow(
    ["sqs:SendMessage"],
    [queues.events.queueArn, ...[...queues.tasks.values()].map((queue) => queue.queueArn)],
  );
  decider.allow(["events:PutEvents"], [bus.eventBusArn]);
  decider.allow(
    ["s3:GetObject", "s3:PutObject"],
    ["runs", "manifests"].map((prefix) => bucket.arnForObjects(`${prefix}/*`)),
    OBJECTS,
  );
  allowListing(decider, bucket);
}

/** The tick wakes what is due, and closes the attempts of dispatches that died. */
export function allowTicking(ticker: MayDo, { tables, queues }: Reachable): void {
  ticker.allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], withIndexes(tables.engine), INDEXES);
  ticker.allow(["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], [tables.attempts.tableArn]);
  ticker.allow(["sqs:SendMessage"], [queues.events.queueArn]);
  ticker.allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], [queues.dead.queueArn]);
}

export function allowRegistering(registrar: MayDo, reachable: Reachable): void {
  allowDeciding(registrar, reachable);
  // The only one that writes code: what executors run is what was deployed.
  registrar.allow(
    ["s3:GetObject", "s3:PutObject"],
    ["bundles", "releases"].map((prefix) => reachable.bucket.arnForObjects(`${prefix}/*`)),
    OBJECTS,
  );
}

/** Before a deployment: does the account have what it asks for, and the tables that were restored for it? */
export function allowChecking(registrar: MayDo, existing: readonly IBucket[], restored: readonly ITable[]): void {
  registrar.allow(["lambda:GetAccountSettings"], ["*"], "It knows no resources: it tells the account's quota.");
  for (const bucket of existing) allowListing(registrar, bucket);
  if (restored.length > 0) {
    registrar.allow(
      ["dynamodb:DescribeTable"],
      restored.map((table) => table.tableArn),
    );
  }
}

/** Running the authors' code: attempts, completions, outputs and staging. */
export function allowExecuting(executor: MayDo, { tables, queues, bucket }: Reachable): void {
  executor.allow(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchGetItem"], [tables.attempts.tableArn]);
  executor.allow(["sqs:SendMessage"], [queues.events.queueArn]);
  executor.allow(["s3:GetObject"], [bucket.arnForObjects("bundles/*")], OBJECTS);
  executor.allow(
    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
    ["runs", "staging"].map((prefix) => bucket.arnForObjects(`${prefix}/*`)),
    OBJECTS,
  );
  allowListing(executor, bucket);
}

/** A bucket that pipelines name. */
export function allowBucket(executor: MayDo, bucket: IBucket): void {
  executor.allow(
    ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
    [bucket.arnForObjects("*")],
    "Pipelines read and write all of the buckets that their environment names.",
  );
  allowListing(executor, bucket);
}

/** Without it S3 answers "forbidden" to a question for what is not there. */
const allowListing = (fn: MayDo, bucket: IBucket): void => fn.allow(["s3:ListBucket"], [bucket.bucketArn]);
