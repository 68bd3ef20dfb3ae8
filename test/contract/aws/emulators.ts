/** Starts what the contract tests of `shared/aws` run against, once for all of their files. */
import type { AddressInfo } from "node:net";
import { buildApp } from "fauxqs";
import type { TestProject } from "vitest/node";
import { startDynamoDbLocal } from "./dynamodb-local.ts";
import { findJava } from "./java.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of DynamoDB Local; null where there is no Java to run it. */
    dynamoEndpoint: string | null;
    /** Of fauxqs: SQS and S3. */
    fauxqsEndpoint: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = await findJava();
  if ("missing" in found) {
    if (process.env["CI"] === "true") throw new Error(`the DynamoDB contract cannot be tested: ${found.missing}`);
    console.warn(`\nSKIPPED: the contract tests on DynamoDB Local, since there is ${found.missing}.\n`);
  }
  const dynamo = "java" in found ? await startDynamoDbLocal(found.java) : undefined;
  const fauxqs = buildApp({ logger: false, host: "127.0.0.1" });
  await fauxqs.listen({ port: 0, host: "127.0.0.1" });
  project.provide("dynamoEndpoint", dynamo?.endpoint ?? null);
  project.provide("fauxqsEndpoint", `http://127.0.0.1:${(fauxqs.server.address() as AddressInfo).port}`);
  return async () => {
    await Promise.all([dynamo?.stop(), fauxqs.close()]);
  };
}
