/** Starts what the tests of `shared/aws` run against, once for all of their files. */
import type { TestProject } from "vitest/node";
import { startEmulators } from "../../../scripts/emulators/start.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of DynamoDB Local; null where there is no Java to run it. */
    dynamoEndpoint: string | null;
    /** Of fauxqs: SQS and S3. */
    fauxqsEndpoint: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const emulators = await startEmulators();
  const { dynamo, fauxqsEndpoint } = emulators;
  if ("missing" in dynamo) {
    if (process.env["CI"] === "true") {
      await emulators.stop();
      throw new Error(`the DynamoDB contract cannot be tested: ${dynamo.missing}`);
    }
    console.warn(`\nSKIPPED: the contract tests on DynamoDB Local, since there is ${dynamo.missing}.\n`);
  }
  project.provide("dynamoEndpoint", "endpoint" in dynamo ? dynamo.endpoint : null);
  project.provide("fauxqsEndpoint", fauxqsEndpoint);
  return () => emulators.stop();
}
