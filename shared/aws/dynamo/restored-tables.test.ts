import { afterEach, expect, test } from "vitest";
import { json, startWire, type Wire } from "../../../test/contract/aws/wire.ts";
import { tableFaults } from "./restored-tables.ts";
import { ATTEMPTS_TABLE, ENGINE_TABLE, type TableDefinition } from "./tables.ts";

let wire: Wire | undefined;
afterEach(() => wire?.close());

const indexesOf = ({ globalIndexes, localIndexes }: TableDefinition) => ({
  GlobalSecondaryIndexes: globalIndexes.map(({ indexName: IndexName }) => ({ IndexName })),
  LocalSecondaryIndexes: localIndexes.map(({ indexName: IndexName }) => ({ IndexName })),
});
const ENGINE = { TableStatus: "ACTIVE", ...indexesOf(ENGINE_TABLE) };
const ATTEMPTS = { TableStatus: "ACTIVE", ...indexesOf(ATTEMPTS_TABLE) };

/** What is wrong where these tables are. */
async function faultsOf(tables: Readonly<Record<string, object>>): Promise<readonly string[]> {
  wire = await startWire(({ body }) => {
    const { TableName } = JSON.parse(body.toString()) as { readonly TableName: string };
    const Table = tables[TableName];
    if (Table !== undefined) return json({ Table });
    return json({ __type: "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException" }, 400);
  });
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const settings = { region: "eu-west-1", endpoint: wire.endpoint, credentials };
  return tableFaults(settings, { engine: "engine-restored", attempts: "attempts-restored" });
}

test("tables that were restored whole are as they should be", async () => {
  expect(await faultsOf({ "engine-restored": ENGINE, "attempts-restored": ATTEMPTS })).toEqual([]);
});

test("names that no table has are told, both", async () => {
  expect(await faultsOf({})).toEqual([
    "there is no table 'engine-restored', which `restoredTables` names, in this account and region",
    "there is no table 'attempts-restored', which `restoredTables` names, in this account and region",
  ]);
});

test("a table that is not there yet is waited for", async () => {
  const restoring = { "engine-restored": { TableStatus: "CREATING" }, "attempts-restored": ATTEMPTS };

  expect(await faultsOf(restoring)).toEqual([
    "table 'engine-restored' is still being restored: deploy once it is ACTIVE",
  ]);
});

test("one without its indexes, or in the place of the other, is told", async () => {
  const [fault = ""] = await faultsOf({ "engine-restored": ATTEMPTS, "attempts-restored": ATTEMPTS });

  expect(fault).toMatch(/^table 'engine-restored' has no index runsOfDag, .*: is it the other table\?/);
});
