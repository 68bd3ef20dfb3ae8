import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { freshBucket } from "../../../scripts/emulators/resources.ts";
import { createBlobStore } from "../../../shared/aws/s3/blob-store.ts";
import { createObjectStore } from "../../../shared/aws/s3/object-store.ts";
import { blobStoreContract } from "../blob-store.suite.ts";
import { objectConditions } from "../object-conditions.ts";
import type { ObjectStoreSubject } from "../object-store-subject.ts";
import { objectStoreContract } from "../object-store.suite.ts";
import { freshly } from "../subject.ts";
import { fauxqsClients } from "./subjects.ts";

const FAUXQS_IGNORES_CONDITIONS = true;

describe("on S3", () => {
  const clients = fauxqsClients();

  blobStoreContract(async () => ({
    store: createBlobStore({ client: clients.s3, bucket: await freshBucket(clients) }),
    close: async () => {},
  }));

  const objects = async (): Promise<ObjectStoreSubject> => {
    const scratch = await mkdtemp(join(tmpdir(), "freshet-objects-"));
    return {
      store: createObjectStore(clients.s3),
      bucket: await freshBucket(clients),
      otherBucket: await freshBucket(clients),
      scratch,
      close: () => rm(scratch, { recursive: true, force: true }),
    };
  };

  objectStoreContract(objects, {
    conditions: false, // Below.
    // fauxqs ignores `encoding-type`, and XML turns a carriage return into a newline.
    keys: ["tab\tand\rreturn"],
  });

  describe.skipIf(FAUXQS_IGNORES_CONDITIONS)(
    "fauxqs ignores If-Match and If-None-Match: test:localstack keeps this contract on an endpoint that does not",
    () => objectConditions(freshly(objects)),
  );
});
