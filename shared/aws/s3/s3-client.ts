import { S3Client } from "./s3.ts";
import { objectOptions, type ClientSettings } from "../clients/client-options.ts";
import { namePassingFaults } from "../clients/passing-faults.ts";

export function createS3Client(settings: ClientSettings): S3Client {
  const client = new S3Client(objectOptions(settings));
  namePassingFaults(client);
  return client;
}
