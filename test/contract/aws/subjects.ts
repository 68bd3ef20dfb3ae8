/** The emulators that this run of the tests has started. */
import { inject } from "vitest";
import { emulatorSettings } from "../../../scripts/emulators/resources.ts";
import { createClients, type Clients } from "../../../shared/aws/clients.ts";
import type { BlobStore } from "../../../shared/ports/blob-store.ts";

/** Is there a DynamoDB to test on? */
export const hasDynamo = (): boolean => inject("dynamoEndpoint") !== null;

export const dynamoClients = (): Clients =>
  createClients({ ...emulatorSettings, endpoint: inject("dynamoEndpoint") ?? "" });
export const fauxqsClients = (): Clients => createClients({ ...emulatorSettings, endpoint: inject("fauxqsEndpoint") });

/** For stores that are tested with small records only. */
export const noBlobs: BlobStore = {
  put: () => Promise.reject(new Error("nothing here should need a blob")),
  get: () => Promise.resolve(undefined),
  range: () => Promise.resolve(undefined),
};
