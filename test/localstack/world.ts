/** The deployed stack, as an operator with all rights sees it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ListFunctionsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { inject } from "vitest";
import { REGION, endpointEnvironment } from "../../localstack/lib/deploy.ts";
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { startRun } from "../../shared/app/start-run.ts";
import { readRun, taskViews } from "../../shared/app/views.ts";
import { withBucketNames } from "../../shared/aws/bucket-names.ts";
import { createClients, type Clients } from "../../shared/aws/clients.ts";
import { createObjectStore } from "../../shared/aws/object-store.ts";
import { openPorts } from "../../shared/aws/ports.ts";
import { deploymentParameter, parseDeployment, type Deployment } from "../../shared/contract/deployment.ts";
import type { TaskView } from "../../shared/contract/views.ts";
import { dagId, type RunId } from "../../shared/core/ids.ts";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import type { Run } from "../../shared/core/run.ts";
import { isRunEnded } from "../../shared/core/states.ts";

const LOOK_MS = 250;
const WAIT_MS_MAX = 150_000;

export interface DeployedWorld {
  readonly url: string;
  readonly clients: Clients;
  readonly deployment: Deployment;
  readonly engine: Engine;
  /** By the names that pipelines use. */
  readonly objects: ObjectStore;
}

export async function openDeployed(): Promise<DeployedWorld> {
  const url = inject("localstackUrl");
  const settings = { region: REGION, endpoint: url, credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const timeouts = { connectionMs: 10_000, requestMs: 30_000 };
  const clients = createClients({ ...settings, timeouts });
  const ssm = new SSMClient(settings);
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: deploymentParameter("local") }));
  const deployment = parseDeployment(Parameter?.Value);
  const ports = await openPorts(clients, deployment, () => undefined);
  const versions = createVersionCache(ports.dags);
  const engine = { ...ports, versions, faults: createFaultLog(() => undefined), crashPoint: noCrash };
  const objects = withBucketNames(createObjectStore(clients.s3), deployment.bucketNames);
  return { url, clients, deployment, engine, objects };
}

/** Delivers a day of the shop's orders. */
export async function deliverOrders({ objects }: DeployedWorld, date: string): Promise<void> {
  const path = new URL(`../../dags/data/orders/${date}.csv`, import.meta.url);
  await objects.put("data-lake", `raw/orders/${date}.csv`, readFileSync(path));
}

export async function trigger({ engine }: DeployedWorld, dag: string): Promise<RunId> {
  return (await startRun(engine, { dagId: dagId(dag), by: "test" })).runId;
}

/** Asks again until `ask` has an answer. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + WAIT_MS_MAX; Date.now() < end; await wait(LOOK_MS)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`within ${WAIT_MS_MAX} ms there was no ${what}`);
}

export const ended = ({ engine }: DeployedWorld, id: RunId): Promise<Run> =>
  eventually(`end of run ${id}`, async () => {
    const stored = await engine.runs.load(id);
    return stored !== undefined && isRunEnded(stored.value.state) ? stored.value : undefined;
  });

/** The newest run of the DAG that has ended. */
export const endedRunOf = ({ engine }: DeployedWorld, dag: string): Promise<Run> =>
  eventually(`ended run of ${dag}`, async () => {
    const { runs } = await engine.runs.list({ dagId: dagId(dag), limit: 10 });
    return runs.find(({ state }) => isRunEnded(state));
  });

export async function tasksOf({ engine }: DeployedWorld, id: RunId): Promise<readonly TaskView[]> {
  return taskViews(await readRun(engine, id));
}

/** What the command prints with `--json`, called as a person at a terminal would. Throws what it says when it fails. */
export function freshet({ url, environment = "local" }: CommandWorld, ...args: readonly string[]): unknown {
  const cli = fileURLToPath(new URL("../../cli/bin/freshet.mjs", import.meta.url));
  const { stdout } = spawnSync(process.execPath, [cli, ...args, "--env", environment, "--json"], {
    encoding: "utf8",
    env: { ...endpointEnvironment(url), PATH: process.env["PATH"] ?? "" },
  });
  const said = JSON.parse(stdout) as { readonly error?: { readonly message: string } };
  if (said.error !== undefined) throw new Error(said.error.message);
  return said;
}

interface CommandWorld extends Pick<DeployedWorld, "url"> {
  readonly environment?: string;
}

/** By name, what tells one state of each function from the next. */
export async function functionStates({ url }: DeployedWorld): Promise<ReadonlyMap<string, string>> {
  const lambda = new LambdaClient({
    region: REGION,
    endpoint: url,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  return new Map(
    Functions.map(({ FunctionName = "", CodeSha256, LastModified, RevisionId }) => [
      FunctionName,
      `${CodeSha256} ${LastModified} ${RevisionId}`,
    ]),
  );
}
