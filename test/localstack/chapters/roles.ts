/** The same deployment with the functions' roles enforced: whatever is not allowed is denied. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text as readText } from "node:stream/consumers";
import { GetItemCommand, ScanCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { REGION } from "../../../localstack/lib/deploy.ts";
import {
  endEndpoint,
  startEndpoint,
  stopEndpoint,
  suspendEndpoint,
  type Endpoint,
} from "../../../localstack/lib/endpoint.ts";
import { createClients, type Clients } from "../../../shared/aws/clients.ts";
import type { ResourceRequest } from "../../../shared/aws/deployment/custom-resource.ts";
import { createObjectStore } from "../../../shared/aws/s3/object-store.ts";
import { ENGINE_SCHEMA } from "../../../shared/aws/dynamo/tables.ts";
import { parseRelease } from "../../../shared/contract/release.ts";
import { TOKEN_KEY } from "../../../shared/aws/dynamo/keys.ts";
import { dagId } from "../../../shared/core/ids.ts";
import { ASSETS, dropTransportPolicies, nameBatches } from "../emulated-rights.ts";
import {
  deliverOrders,
  ended,
  eventually,
  functionsOf,
  lambdaOf,
  openDeployed,
  trigger,
  type DeployedWorld,
} from "../world.ts";

export function rolesChapter(world: () => DeployedWorld): void {
  describe("with the roles of functions enforced", () => {
    let endpoint: Endpoint;
    let deployed: DeployedWorld;
    let since: number;
    /** Bytes of the endpoint's log before that. */
    let logged: number;
    beforeAll(async () => {
      const { port, pid, logFile } = inject("localstack");
      await dropTransportPolicies(world());
      await nameBatches(world());
      await suspendEndpoint({ pid });
      logged = statSync(logFile).size;
      endpoint = await startEndpoint({ port, state: "resumed", enforceRoles: true });
      process.once("exit", () => endEndpoint(endpoint));
      deployed = await openDeployed();
      since = Date.now();
      await deliverOrders(deployed, "1997-01-03");
    });
    afterAll(() => stopEndpoint(endpoint));

    test("a run by hand ends as it should", async () => {
      expect(await ended(deployed, await trigger(deployed, "daily_revenue"))).toMatchObject({ state: "success" });
    });

    test("executors can do what their tasks need, and no more", async () => {
      const executor = await clientsOf(deployed, "Executor-lambda");
      const { engineTable, attemptsTable, bucket, eventsQueueUrl, deadLettersUrl, busName } = deployed.deployment;
      const forbidden: Readonly<Record<string, () => Promise<unknown>>> = {
        "read the key of tokens": () => readTokenKey(executor.dynamo, engineTable),
        "list attempts": () => executor.dynamo.send(new ScanCommand({ TableName: attemptsTable })),
        "replace code": () => executor.s3.send(new PutObjectCommand({ Bucket: bucket, Key: "bundles/x", Body: "x" })),
        "take events": () => executor.sqs.send(new ReceiveMessageCommand({ QueueUrl: eventsQueueUrl })),
        "take dead letters": () => executor.sqs.send(new ReceiveMessageCommand({ QueueUrl: deadLettersUrl })),
        "publish facts": () =>
          executor.events.send(
            new PutEventsCommand({ Entries: [{ EventBusName: busName, Source: "x", DetailType: "x", Detail: "{}" }] }),
          ),
      };

      expect(await refusals(forbidden)).toEqual(Object.keys(forbidden));
      await executor.s3.send(new PutObjectCommand({ Bucket: bucket, Key: "staging/x", Body: "x" }));
    });

    test("the function of the minute can wake what is due; it reaches neither objects nor the bus", async () => {
      const FunctionName = (await functionsOf(deployed)).get("Tick")?.FunctionName;
      const { FunctionError } = await lambdaOf(deployed).send(new InvokeCommand({ FunctionName }));
      const tick = await clientsOf(deployed, "Tick");
      const { bucket, busName } = deployed.deployment;

      expect(FunctionError).toBeUndefined();
      expect(
        await refusals({
          "write objects": () => tick.s3.send(new PutObjectCommand({ Bucket: bucket, Key: "runs/x", Body: "x" })),
          "publish facts": () =>
            tick.events.send(
              new PutEventsCommand({
                Entries: [{ EventBusName: busName, Source: "x", DetailType: "x", Detail: "{}" }],
              }),
            ),
        }),
      ).toEqual(["write objects", "publish facts"]);
    });

    test("an arriving file is published: rule, queue, scheduler and executor have all that they need", async () => {
      const run = await eventually("run of the file", async () => {
        const { runs } = await deployed.engine.runs.list({ dagId: dagId("process_new_orders"), limit: 20 });
        return runs.find(({ runType, queuedAt }) => runType === "event" && queuedAt > since);
      });

      expect(await ended(deployed, run.runId)).toMatchObject({ state: "success" });
    });

    test("the function that takes deployments in can do so, and brings back what was deployed before", async () => {
      const releases = await releasesOf(deployed);
      const [trials, project] = ["pooled", "process_new_orders"].map((dag) =>
        releases.find(({ dags }) => dags.has(dag)),
      );

      expect(await askRegistrar(deployed, CHECK)).toBe("SUCCESS");
      expect(await askRegistrar(deployed, { action: "register", bucket: ASSETS, key: trials?.key })).toBe("SUCCESS");
      expect(await ended(deployed, await trigger(deployed, "pooled"))).toMatchObject({ state: "success" });
      expect(await askRegistrar(deployed, { action: "register", bucket: ASSETS, key: project?.key })).toBe("SUCCESS");
      expect((await deployed.engine.dags.load(dagId("pooled")))?.value.removed).toBe(true);
    });

    test("nothing that a function asked for was denied", () => {
      expect(denials(readFileSync(endpoint.logFile).subarray(logged))).toEqual([]);
    });
  });
}

/** What a deployment asks before it changes anything. */
const CHECK = {
  action: "check",
  schema: String(ENGINE_SCHEMA),
  needs: JSON.stringify({ tickConcurrency: 1, executorConcurrency: 5, buckets: {} }),
};
const RELEASES = "releases/";

/** What was deployed so far, as it is kept for a rollback. */
async function releasesOf({ clients, deployment }: DeployedWorld) {
  const objects = createObjectStore(clients.s3);
  const listed = await objects.list(deployment.bucket, RELEASES);
  const releases = listed.map(async ({ key }) => {
    const { body } = (await objects.get(deployment.bucket, key)) ?? {};
    const { dags } = parseRelease(new TextDecoder().decode(body));
    return { key: key.slice(RELEASES.length), dags: new Set<string>(dags.map(({ manifest }) => manifest.dagId)) };
  });
  return Promise.all(releases);
}

interface Answer {
  readonly Status: string;
  readonly Reason?: string;
}

/** Asks for it as CloudFormation does, and hears the answer in its place: `SUCCESS`, or the reason. */
async function askRegistrar(
  world: DeployedWorld,
  ResourceProperties: ResourceRequest["ResourceProperties"],
): Promise<string> {
  const answers: string[] = [];
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      answers.push(body);
      response.end();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const request: ResourceRequest = {
    RequestType: "Update",
    ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    StackId: "Freshet-local",
    RequestId: "trial",
    LogicalResourceId: "Release",
    ResourceProperties,
  };
  const FunctionName = (await functionsOf(world)).get("Register")?.FunctionName;
  const Payload = new TextEncoder().encode(JSON.stringify(request));
  await lambdaOf(world).send(new InvokeCommand({ FunctionName, Payload }));
  server.close();
  const { Status, Reason = Status } = JSON.parse(answers[0] ?? '{"Status":"no answer"}') as Answer;
  return Reason;
}

/** Clients with the credentials of a function, made as the endpoint makes them. */
async function clientsOf(world: DeployedWorld, name: string): Promise<Clients> {
  const { FunctionArn, Role } = (await functionsOf(world)).get(name) ?? {};
  const digest = sha256(`${FunctionArn}:${Role}`);
  const credentials = {
    accessKeyId: `ASIA${digest.slice(0, 16).toUpperCase()}`,
    secretAccessKey: sha256(`secret:${digest}`),
    sessionToken: sha256(`token:${digest}`),
  };
  return createClients({ region: REGION, endpoint: world.url, credentials });
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const readTokenKey = (dynamo: DynamoDBClient, TableName: string): Promise<unknown> =>
  dynamo.send(new GetItemCommand({ TableName, Key: { pk: { S: TOKEN_KEY.pk }, sk: { S: TOKEN_KEY.sk } } }));

/** Names of the calls that were refused for want of a permission. */
async function refusals(calls: Readonly<Record<string, () => Promise<unknown>>>): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const answer = await call().then(
      () => "allowed",
      (error: unknown) => (error instanceof Error ? error.name : String(error)),
    );
    if (/AccessDenied/.test(answer)) refused.push(name);
  }
  return refused;
}

/** What functions said of calls that they were not allowed to make: the endpoint's log has their output. */
const denials = (log: Uint8Array): readonly string[] =>
  new TextDecoder()
    .decode(log)
    .split("\n")
    .filter((line) => /AccessDenied|not authorized/.test(line));
