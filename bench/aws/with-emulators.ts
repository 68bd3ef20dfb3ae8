import { startEmulators } from "../../scripts/emulators/start.ts";
import type { Endpoints } from "./world.ts";

/** Throws where there is no Java for DynamoDB Local, with what to do. */
export async function withEmulators<T>(use: (endpoints: Endpoints) => Promise<T>): Promise<T> {
  const emulators = await startEmulators();
  try {
    const { dynamo, fauxqsEndpoint } = emulators;
    if ("missing" in dynamo) throw new Error(`calls to DynamoDB cannot be counted: there is ${dynamo.missing}`);
    return await use({ dynamo: dynamo.endpoint, fauxqs: fauxqsEndpoint });
  } finally {
    await emulators.stop();
  }
}
