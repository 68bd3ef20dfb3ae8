/** Whether an account has what a deployment asks of it: told before anything is changed, instead of half-way. */
import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { quickOptions, type ClientSettings } from "../clients/client-options.ts";
import { createS3Client } from "../s3/s3-client.ts";
import type { RestoredTables } from "../dynamo/restored-tables.ts";
import { HeadBucketCommand, S3ServiceException, type S3Client } from "../s3/s3.ts";

/** Lambda keeps so many for all functions that have none of their own. */
const UNRESERVED_MIN = 100;

export interface AccountNeeds {
  /** Executions that are kept for the tick; 0: none. */
  readonly tickConcurrency: number;
  /** Attempts at work at once, in all executors together. */
  readonly executorConcurrency: number;
  /** Buckets that should be there already: by the name that pipelines have for them, their own. */
  readonly buckets: Readonly<Record<string, string>>;
  /** Tables that were restored, if it is to work on those. */
  readonly tables?: RestoredTables;
}

/** Everything that is missing, each with what to do; none if all is there. */
export async function accountFaults(
  settings: ClientSettings,
  { tickConcurrency, executorConcurrency, buckets }: AccountNeeds,
): Promise<readonly string[]> {
  const lambda = new LambdaClient(quickOptions(settings));
  const s3 = createS3Client(settings);
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  const quota = AccountLimit?.ConcurrentExecutions ?? Number.POSITIVE_INFINITY;
  const missing = await Promise.all(Object.entries(buckets).map(([name, bucket]) => bucketFault(s3, name, bucket)));
  return [
    ...(tickConcurrency > 0 && quota - tickConcurrency < UNRESERVED_MIN ? [tickText(quota, tickConcurrency)] : []),
    ...(executorConcurrency > quota ? [executorText(quota, executorConcurrency)] : []),
    ...missing.flatMap((fault) => fault ?? []),
  ];
}

const RAISE = "or ask for a higher quota (Service Quotas, Lambda, concurrent executions)";

const tickText = (quota: number, kept: number): string =>
  `this account may run ${quota} functions at once in this region; \`tickConcurrency: ${kept}\` would leave fewer than the ` +
  `${UNRESERVED_MIN} that Lambda wants free: set it to null, ${RAISE}`;

const executorText = (quota: number, asked: number): string =>
  `this account may run ${quota} functions at once in this region; \`maxConcurrency\` lets executors take ${asked} of them, ` +
  `and would leave none to decide: lower it, ${RAISE}`;

async function bucketFault(s3: S3Client, name: string, bucket: string): Promise<string | undefined> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return undefined;
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error;
    const why = REASONS[String(error.$metadata.httpStatusCode)] ?? `cannot be looked at (${error.name})`;
    return `bucket '${bucket}', which \`buckets\` has as '${name}', ${why}`;
  }
}

/** By the status of S3's answer, which has no body. */
const REASONS: Readonly<Record<string, string>> = {
  "301": "lies in another region: its events do not come here; deploy there, or name another",
  "403": "belongs to another account, or its policy keeps this deployment out: allow it s3:ListBucket there",
  "404": "does not exist: make it, or set { create: true }",
};
