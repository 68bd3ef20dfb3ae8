/** Loaded on demand. */
export { createBlobStore } from "../../shared/aws/s3/blob-store.ts";
export { createS3Client } from "../../shared/aws/s3/s3-client.ts";
