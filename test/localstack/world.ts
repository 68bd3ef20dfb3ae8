/** The deployed stack, as an operator with all rights sees it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ListFunctionsCommand, LambdaClient, type FunctionConfiguration } from "@aws-sdk/client-lambda";
import { inject } from "vitest";
import { endpointEnvironment } from "../../localstack/lib/deploy.ts";
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { startRun } from "../../shared/app/start-run.ts";
import { readRun, taskViews } from "../../shared/app/views/runs.ts";
import { withBucketNames } from "../../shared/aws/s3/bucket-names.ts";
import type { Clients } from "../../shared/aws/clients.ts";
import { createObjectStore } from "../../shared/aws/s3/object-store.ts";
import { openPorts } from "../../shared/aws/ports.ts";
import type { Deployment } from "../../shared/contract/deployment.ts";
import type { TaskView } from "../../shared/contract/views.ts";
import { dagId, taskId, type RunId, type VersionHash } from "../../shared/core/ids.ts";
import type { JsonValue } from "../../shared/core/json.ts";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import type { DataInterval, Run } from "../../shared/core/run.ts";
import { isRunEnded, type RunType } from "../../shared/core/states.ts";
import { findLocal, settingsOf } from "./place.ts";

const LOOK_MS = 250;
const WAIT_MS_MAX = 170_000;

export interface DeployedWorld {
  readonly url: string;
  readonly clients: Clients;
  readonly deployment: Deployment;
  readonly engine: Engine;
  /** By the names that pipelines use. */
  readonly objects: ObjectStore;
}

export async function openDeployed(url = inject("localstack").url): Promise<DeployedWorld> {
  const { clients, deployment } = await findLocal(url);
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

export async function trigger({ engine }: DeployedWorld, dag: string, dataInterval?: DataInterval): Promise<RunId> {
  const covers = dataInterval === undefined ? {} : { dataInterval };
  return (await startRun(engine, { dagId: dagId(dag), by: "test", ...covers })).runId;
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

/** The newest run of the DAG that has ended, or of those of one type. */
export const endedRunOf = ({ engine }: DeployedWorld, dag: string, type?: RunType): Promise<Run> =>
  eventually(`ended run of ${dag}`, async () => {
    const { runs } = await engine.runs.list({ dagId: dagId(dag), limit: 20 });
    return runs.find(({ state, runType }) => isRunEnded(state) && (type === undefined || runType === type));
  });

export async function tasksOf({ engine }: Pick<DeployedWorld, "engine">, id: RunId): Promise<readonly TaskView[]> {
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

export const lambdaOf = ({ url }: Pick<DeployedWorld, "url">): LambdaClient => new LambdaClient(settingsOf(url));

/** Functions of the stack by the name of their construct: `Scheduler`, `Executor-lambda` ... */
export async function functionsOf(world: DeployedWorld): Promise<ReadonlyMap<string, FunctionConfiguration>> {
  const { Functions = [] } = await lambdaOf(world).send(new ListFunctionsCommand({}));
  return new Map(
    Functions.flatMap((fn) => {
      const service = fn.Environment?.Variables?.["POWERTOOLS_SERVICE_NAME"];
      return service === undefined ? [] : [[service, fn] as const];
    }),
  );
}

/** By name, what tells one state of each function from the next. */
export async function functionStates(world: DeployedWorld): Promise<ReadonlyMap<string, string>> {
  const functions = await functionsOf(world);
  return new Map(
    [...functions].map(([name, { CodeSha256, LastModified, RevisionId }]) => [
      name,
      `${CodeSha256} ${LastModified} ${RevisionId}`,
    ]),
  );
}

/** Names of functions that are not as they were. */
export async function changedSince(
  world: DeployedWorld,
  before: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const after = await functionStates(world);
  return [...after].filter(([name, state]) => before.get(name) !== state).map(([name]) => name);
}

export async function versionOf({ engine }: DeployedWorld, dag: string): Promise<VersionHash | undefined> {
  return (await engine.dags.load(dagId(dag)))?.value.version;
}

/** What the task of an ended run gave, if it is small. */
export async function outputOf({ engine }: DeployedWorld, run: RunId, task: string): Promise<JsonValue | undefined> {
  const { attempt } = (await tasksOf({ engine }, run)).find((view) => view.taskId === task) ?? {};
  const found = await engine.attempts.list(run, taskId(task));
  const item = found.find(({ key }) => key.attempt === attempt)?.item;
  if (item?.status !== "finished" || item.outcome.kind !== "success") return undefined;
  const { output } = item.outcome;
  return output.kind === "inline" ? output.value : undefined;
}
