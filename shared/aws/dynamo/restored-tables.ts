/** Whether tables that were restored are as Freshet needs them: told before anything runs over them. */
import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from "@aws-sdk/client-dynamodb";
import { quickOptions, type ClientSettings } from "../clients/client-options.ts";
import { ATTEMPTS_TABLE, ENGINE_TABLE, type TableDefinition } from "./tables.ts";

/** Their names. */
export interface RestoredTables {
  readonly engine: string;
  readonly attempts: string;
}

/** Everything that is wrong with them, each with what to do; none if nothing is. */
export async function tableFaults(
  settings: ClientSettings,
  { engine, attempts }: RestoredTables,
): Promise<readonly string[]> {
  const client = new DynamoDBClient(quickOptions(settings));
  const faults = [tableFault(client, engine, ENGINE_TABLE), tableFault(client, attempts, ATTEMPTS_TABLE)];
  return (await Promise.all(faults)).flatMap((fault) => fault ?? []);
}

async function tableFault(
  client: DynamoDBClient,
  TableName: string,
  { globalIndexes, localIndexes }: TableDefinition,
): Promise<string | undefined> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    if (Table?.TableStatus === "CREATING")
      return `table '${TableName}' is still being restored: deploy once it is ACTIVE`;
    const there = [...(Table?.GlobalSecondaryIndexes ?? []), ...(Table?.LocalSecondaryIndexes ?? [])];
    const missing = [...globalIndexes, ...localIndexes]
      .map(({ indexName }) => indexName)
      .filter((name) => !there.some(({ IndexName }) => IndexName === name));
    if (missing.length === 0) return undefined;
    return `table '${TableName}' has no index ${missing.join(", ")}: is it the other table? Restore it with its indexes`;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    return `there is no table '${TableName}', which \`restoredTables\` names, in this account and region`;
  }
}
