import { describe } from "vitest";
import { freshBucket, freshTable } from "../../../scripts/emulators/resources.ts";
import { createBlobStore } from "../../../shared/aws/s3/blob-store.ts";
import { createDagStore } from "../../../shared/aws/dynamo/dag-store.ts";
import { ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { dagStoreContract } from "../dag-store.suite.ts";
import { dynamoClients, fauxqsClients, hasDynamo } from "./subjects.ts";

describe.skipIf(!hasDynamo())("on DynamoDB and S3", () => {
  const { dynamo } = dynamoClients();
  const clients = fauxqsClients();

  dagStoreContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    const blobs = createBlobStore({ client: clients.s3, bucket: await freshBucket(clients) });
    return { store: createDagStore(table, blobs), close: table.close };
  });
});
