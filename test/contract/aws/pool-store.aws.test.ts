import { describe } from "vitest";
import { freshTable } from "../../../scripts/emulators/resources.ts";
import { createPoolStore } from "../../../shared/aws/dynamo/pool-store.ts";
import { ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { poolStoreContract } from "../pool-store.suite.ts";
import { dynamoClients, hasDynamo } from "./subjects.ts";

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();

  poolStoreContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    return { store: createPoolStore(table), close: table.close };
  });
});
