/** What stands in for AWS on one machine: DynamoDB Local, and fauxqs for SQS and S3. */
import type { AddressInfo } from "node:net";
import { buildApp } from "fauxqs";
import { startDynamoDbLocal } from "./dynamodb-local.ts";
import { findJava } from "./java.ts";

export interface Emulators {
  /** Of DynamoDB Local; or why there is none. */
  readonly dynamo: { readonly endpoint: string } | { readonly missing: string };
  /** Of fauxqs. */
  readonly fauxqsEndpoint: string;
  stop(): Promise<void>;
}

export async function startEmulators(): Promise<Emulators> {
  const found = await findJava();
  const dynamo = "java" in found ? await startDynamoDbLocal(found.java) : undefined;
  const fauxqs = buildApp({ logger: false, host: "127.0.0.1" });
  await fauxqs.listen({ port: 0, host: "127.0.0.1" });
  return {
    dynamo: dynamo ?? { missing: "missing" in found ? found.missing : "" },
    fauxqsEndpoint: `http://127.0.0.1:${(fauxqs.server.address() as AddressInfo).port}`,
    async stop() {
      await Promise.all([dynamo?.stop(), fauxqs.close()]);
    },
  };
}
