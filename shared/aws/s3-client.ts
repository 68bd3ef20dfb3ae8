import { S3Client } from "./s3.ts";
import { objectOptions, type ClientSettings } from "./client-options.ts";
import { namePassingFaults } from "./passing-faults.ts";

export function createS3Client(settings: ClientSettings): S3Client {
  const client = new S3Client(objectOptions(settings));
  namePassingFaults(client);
  return client;
}
