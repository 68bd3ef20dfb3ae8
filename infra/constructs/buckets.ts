/** Freshet's own bucket, and the buckets that pipelines name. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, type IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { BucketConfig } from "../config.ts";

/** Staging of attempts that nobody published. */
const STAGING_RETENTION = Duration.days(30);
/** Outputs of attempts: as long as the attempts themselves, since a run in flight reads them. */
const OUTPUT_RETENTION = Duration.days(400);
const OLD_VERSION_RETENTION = Duration.days(30);

const SAFE = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
} as const;

const removal = (keepData: boolean): RemovalPolicy => (keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY);

/** Code bundles, outputs, staging. */
export function createOwnBucket(scope: Construct, keepData: boolean): Bucket {
  const bucket = new Bucket(scope, "Bucket", {
    ...SAFE,
    removalPolicy: removal(keepData),
    lifecycleRules: [
      { prefix: "staging/", expiration: STAGING_RETENTION },
      { prefix: "runs/", expiration: OUTPUT_RETENTION },
      { abortIncompleteMultipartUploadAfter: Duration.days(7) },
    ],
  });
  acknowledgeLogs(bucket);
  return bucket;
}

/** By the name that pipelines have for them. */
export function createBuckets(
  scope: Construct,
  configs: Readonly<Record<string, BucketConfig>>,
  keepData: boolean,
): ReadonlyMap<string, IBucket> {
  return new Map(
    Object.entries(configs).map(([name, config]) => [
      name,
      "create" in config ? newBucket(scope, name, keepData) : existingBucket(scope, name, config),
    ]),
  );
}

function newBucket(scope: Construct, name: string, keepData: boolean): Bucket {
  const bucket = new Bucket(scope, `Bucket-${name}`, {
    ...SAFE,
    versioned: keepData,
    removalPolicy: removal(keepData),
    lifecycleRules: [{ noncurrentVersionExpiration: OLD_VERSION_RETENTION }],
  });
  // Said in the bucket itself; the CDK's own option would bring a function along that says it afterwards.
  acknowledgeLogs(bucket);
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
  return bucket;
}

/** A bucket of logs for each bucket, and what it holds, would cost more than an idle deployment. */
function acknowledgeLogs(bucket: Bucket): void {
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions::AwsSolutions-S1",
    reason: "CloudTrail's data events say who reached an object; server access logs are the account's to decide.",
  });
}

function existingBucket(scope: Construct, name: string, config: Extract<BucketConfig, { existing: string }>): IBucket {
  const bucket = Bucket.fromBucketName(scope, `Bucket-${name}`, config.existing);
  if (config.notifies !== true) bucket.enableEventBridgeNotification();
  return bucket;
}
