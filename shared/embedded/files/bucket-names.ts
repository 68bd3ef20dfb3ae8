import { FreshetError } from "../../core/errors.ts";

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
/** Prefixes and suffixes that S3 keeps to itself. */
const RESERVED = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/** Throws INVALID_KEY for a name that no bucket of S3 could have: then it must not have worked on a laptop either. */
export function checkBucketName(bucket: string): void {
  const valid = NAME.test(bucket) && !bucket.includes("..") && !ADDRESS.test(bucket) && !RESERVED.test(bucket);
  if (valid) return;
  throw new FreshetError(
    "INVALID_KEY",
    `${JSON.stringify(bucket)} cannot be the name of a bucket: 3 to 63 lower-case letters, digits, '-' and single '.', ` +
      "beginning and ending with a letter or digit, and nothing that S3 reserves (as 'data-lake')",
  );
}
