import { describe } from "vitest";
import { freshTable } from "../../../scripts/emulators/resources.ts";
import { createInbox } from "../../../shared/aws/dynamo/inbox.ts";
import { ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { inboxContract } from "../inbox.suite.ts";
import { dynamoClients, hasDynamo } from "./subjects.ts";

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();

  inboxContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    return { inbox: createInbox(table), close: table.close };
  });
});
