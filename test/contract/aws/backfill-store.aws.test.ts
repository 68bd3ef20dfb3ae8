import { describe } from "vitest";
import { freshTable } from "../../../scripts/emulators/resources.ts";
import { createBackfillStore } from "../../../shared/aws/dynamo/backfill-store.ts";
import { ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { backfillStoreContract } from "../backfill-store.suite.ts";
import { dynamoClients, hasDynamo } from "./subjects.ts";

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();

  backfillStoreContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    return { store: createBackfillStore(table), close: table.close };
  });
});
