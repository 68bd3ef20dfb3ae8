/** Loaded on demand. */
export { createBlobStore } from "../../shared/aws/blob-store.ts";
export { createS3Client } from "../../shared/aws/s3-client.ts";
