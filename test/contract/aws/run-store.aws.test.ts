import { describe } from "vitest";
import { freshTable } from "../../../scripts/emulators/resources.ts";
import { createAuditLog } from "../../../shared/aws/dynamo/audit-log.ts";
import { createDagStore } from "../../../shared/aws/dynamo/dag-store.ts";
import { createDueIndex } from "../../../shared/aws/dynamo/due-index.ts";
import { createBackfillStore } from "../../../shared/aws/dynamo/backfill-store.ts";
import { createPoolStore } from "../../../shared/aws/dynamo/pool-store.ts";
import { createRunStore } from "../../../shared/aws/dynamo/run-store.ts";
import { ENGINE_TABLE } from "../../../shared/aws/dynamo/tables.ts";
import { auditLogContract } from "../audit-log.suite.ts";
import { dueIndexContract } from "../due-index.suite.ts";
import { runStoreContract } from "../run-store.suite.ts";
import { dynamoClients, hasDynamo, noBlobs } from "./subjects.ts";

describe.skipIf(!hasDynamo())("on DynamoDB", () => {
  const { dynamo } = dynamoClients();

  runStoreContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    return { store: createRunStore(table), close: table.close };
  });

  auditLogContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    return {
      log: createAuditLog(table),
      runs: createRunStore(table),
      dags: createDagStore(table, noBlobs),
      close: table.close,
    };
  });

  dueIndexContract(async () => {
    const table = await freshTable(dynamo, ENGINE_TABLE);
    return {
      index: createDueIndex(table),
      runs: createRunStore(table),
      dags: createDagStore(table, noBlobs),
      pools: createPoolStore(table),
      backfills: createBackfillStore(table),
      close: table.close,
    };
  });
});
