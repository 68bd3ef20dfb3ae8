import { describe } from "vitest";
import { freshTable } from "../../../scripts/emulators/resources.ts";
import { createAttemptStore } from "../../../shared/aws/dynamo/attempt-store.ts";
import { ATTEMPTS_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { attemptStoreContract } from "../attempt-store.suite.ts";
import { dynamoClients, hasDynamo } from "./subjects.ts";

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();

  attemptStoreContract(async () => {
    const table = await freshTable(dynamo, ATTEMPTS_TABLE);
    return { store: createAttemptStore(table), close: table.close };
  });
});
