/**
 * docs/runbooks/restore.md, rehearsed: all of it but the restoring itself, in the place of which tables are copied under other
 * names while a run is in flight. What those before held is then lost.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BatchWriteItemCommand, ScanCommand, type AttributeValue, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DisableRuleCommand, EnableRuleCommand, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from "@aws-sdk/client-lambda";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootstrap, deploy } from "../../localstack/lib/deploy.ts";
import { endEndpoint, startEndpoint, stopEndpoint, type Endpoint } from "../../localstack/lib/endpoint.ts";
import { freePort } from "../../localstack/lib/free-port.ts";
import { freshTable } from "../../scripts/emulators/resources.ts";
import { ATTEMPTS_TABLE, ENGINE_TABLE } from "../../shared/aws/dynamo/tables.ts";
import { dagId, type RunId } from "../../shared/core/ids.ts";
import { RESTORED } from "./restored.ts";
import {
  ended,
  eventually,
  freshet,
  lambdaOf,
  openDeployed,
  outputOf,
  tasksOf,
  trigger,
  type DeployedWorld,
} from "./world.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Ignored by git. */
const DAGS = "tmp/localstack/rehearsed";
const RESTORED_APP = "test/localstack/apps/restored.ts";
const BATCH = 25;
/** Three deployments, and what is waited for between them, on a busy machine. */
const REHEARSAL_MS_MAX = 600_000;

type Item = Record<string, AttributeValue>;

describe("a restore of both tables", () => {
  let endpoint: Endpoint;
  let before: DeployedWorld;
  let after: DeployedWorld;
  let run: RunId;
  let early: unknown;
  beforeAll(async () => {
    endpoint = await startEndpoint({ port: await freePort() });
    process.once("exit", () => endEndpoint(endpoint));
    rmSync(join(ROOT, DAGS), { recursive: true, force: true });
    cpSync(join(ROOT, "test/localstack/dags/steady.dag.ts"), join(ROOT, DAGS, "steady.dag.ts"));
    await bootstrap(endpoint);
    await deploy({ url: endpoint.url, dags: DAGS });
    before = await openDeployed(endpoint.url);
    early = await deploy({ url: endpoint.url, dags: DAGS, app: RESTORED_APP }).catch((error: unknown) => error);

    run = await trigger(before, "steady");
    await succeeded(before, run, 3);
    await copyTables(before);
    await succeeded(before, run, 6); // What is done meanwhile, the copies do not know.
    await work(before, false);
    for (const name of tableNames(before)) await removeAll(before.clients.dynamo, name);
    await deploy({ url: endpoint.url, dags: DAGS, app: RESTORED_APP });
    await work(before, true);
    after = await openDeployed(endpoint.url);
  }, REHEARSAL_MS_MAX);
  afterAll(() => stopEndpoint(endpoint));

  test("that was not made yet is refused, before anything is changed", () => {
    expect(String(early)).toContain(
      "there is no table 'engine-restored', which `restoredTables` names, in this account and region",
    );
  });

  test("has the deployment work on the tables that were restored", () => {
    expect(after.deployment).toMatchObject({ engineTable: RESTORED.engine, attemptsTable: RESTORED.attempts });
  });

  test("lets a run that was in flight at that moment go on, and end with the code that it began with", async () => {
    expect(await ended(after, run)).toMatchObject({ state: "success" });
    expect(await outputOf(after, run, "step_20")).toEqual(["first"]);
  });

  test("lets new runs start, and the commands find them", async () => {
    const started = freshet(after, "trigger", "steady") as { readonly runId: RunId };

    expect(await ended(after, started.runId)).toMatchObject({ state: "success" });
    expect((await after.engine.runs.list({ dagId: dagId("steady"), limit: 10 })).runs).toHaveLength(2);
  });

  test("writes nothing to the tables before: they can be looked at, or taken back", async () => {
    const left = await Promise.all(tableNames(before).map((name) => itemsOf(before.clients.dynamo, name)));

    expect(left).toEqual([[], []]);
  });
});

const tableNames = ({ deployment }: DeployedWorld): readonly string[] => [
  deployment.engineTable,
  deployment.attemptsTable,
];

const succeeded = (world: DeployedWorld, run: RunId, count: number): Promise<true> =>
  eventually(`${count} tasks done`, async () => {
    const done = (await tasksOf(world, run)).filter(({ state }) => state === "success").length;
    return done >= count ? true : undefined;
  });

/** Steps 1 and 4 of the runbook: nothing is taken from queues, and no minute strikes; or everything goes on. */
async function work(world: DeployedWorld, on: boolean): Promise<void> {
  const lambda = lambdaOf(world);
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  for (const { UUID } of EventSourceMappings)
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: on }));
  const { events } = world.clients;
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  for (const { Name, ScheduleExpression } of Rules) {
    if (ScheduleExpression !== undefined)
      await events.send(on ? new EnableRuleCommand({ Name }) : new DisableRuleCommand({ Name }));
  }
  if (on) return;
  // What was at work has told of its end, or never will.
  const { sqs } = world.clients;
  await eventually("message that waits", async () => {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: world.deployment.eventsQueueUrl,
        AttributeNames: ["ApproximateNumberOfMessages"],
      }),
    );
    return Number(Attributes?.["ApproximateNumberOfMessages"]) > 0 ? true : undefined;
  });
}

async function copyTables({ clients: { dynamo }, deployment }: DeployedWorld): Promise<void> {
  const copies = [
    [deployment.engineTable, RESTORED.engine, ENGINE_TABLE],
    [deployment.attemptsTable, RESTORED.attempts, ATTEMPTS_TABLE],
  ] as const;
  for (const [from, to, definition] of copies) {
    const items = await itemsOf(dynamo, from);
    await freshTable(dynamo, definition, to);
    await write(
      dynamo,
      to,
      items.map((Item) => ({ PutRequest: { Item } })),
    );
  }
}

async function removeAll(dynamo: DynamoDBClient, name: string): Promise<void> {
  const keys = (await itemsOf(dynamo, name)).map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } as Item } }));
  await write(dynamo, name, keys);
}

async function itemsOf(dynamo: DynamoDBClient, TableName: string): Promise<readonly Item[]> {
  const { Items = [], LastEvaluatedKey } = await dynamo.send(new ScanCommand({ TableName }));
  if (LastEvaluatedKey !== undefined) throw new Error(`${TableName} holds more than one page`);
  return Items;
}

type Write = { readonly PutRequest: { readonly Item: Item } } | { readonly DeleteRequest: { readonly Key: Item } };

async function write(dynamo: DynamoDBClient, name: string, writes: readonly Write[]): Promise<void> {
  for (let first = 0; first < writes.length; first += BATCH) {
    await dynamo.send(new BatchWriteItemCommand({ RequestItems: { [name]: writes.slice(first, first + BATCH) } }));
  }
}
