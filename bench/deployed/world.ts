/** The real app, deployed to the endpoint that stands in for AWS, with what its functions ask of that counted. */
import { DisableRuleCommand, EventBridgeClient, ListRulesCommand } from "@aws-sdk/client-eventbridge";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { bootstrap, deploy, REGION } from "../../localstack/lib/deploy.ts";
import { endEndpoint, startEndpoint, stopEndpoint } from "../../localstack/lib/endpoint.ts";
import { freePort } from "../../localstack/lib/free-port.ts";
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { countCalls, createCallCounter, type CallCounter } from "../../shared/aws/clients/call-counter.ts";
import { createClients } from "../../shared/aws/clients.ts";
import { openPorts } from "../../shared/aws/ports.ts";
import { deploymentParameter, parseDeployment, type Deployment } from "../../shared/contract/deployment.ts";
import { countFunctions, type CountedFunction } from "./functions.ts";

/** Of infra/environments.ts. */
const ENVIRONMENT = "local";
const DAGS = "bench/deployed/dags";
const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };
/** A busy machine answers late. */
const TIMEOUTS = { connectionMs: 10_000, requestMs: 30_000 };

export interface DeployedBench {
  readonly logFile: string;
  readonly functions: readonly CountedFunction[];
  /** As whoever starts a run has it. */
  readonly engine: Engine;
  /** What `engine` asks. */
  readonly caller: CallCounter;
  close(): Promise<void>;
}

export interface DeployedOptions {
  /** The file of a CDK app, relative to the repository; the project's own unless given. */
  readonly app?: string;
  /** Told of what the CDK prints. */
  readonly onLine?: (text: string) => void;
}

/** On an endpoint of its own. */
export async function openDeployedBench(options: DeployedOptions): Promise<DeployedBench> {
  const endpoint = await startEndpoint({ port: await freePort() });
  process.once("exit", () => endEndpoint(endpoint));
  try {
    const { url, logFile } = endpoint;
    await bootstrap({ ...options, url });
    await deploy({ ...options, url, environment: ENVIRONMENT, dags: DAGS });
    await stopClock(new EventBridgeClient(settingsOf(url)));
    const functions = await countFunctions(new LambdaClient(settingsOf(url)), new URL(url));
    const caller = createCallCounter();
    return {
      logFile,
      functions,
      engine: await openEngine(url, caller),
      caller,
      async close() {
        await stopEndpoint(endpoint);
        await Promise.all(functions.map((fn) => fn.close()));
      },
    };
  } catch (error) {
    await stopEndpoint(endpoint);
    throw error;
  }
}

const settingsOf = (endpoint: string) => ({ region: REGION, endpoint, credentials: CREDENTIALS });

/** What the tick asks does not depend on the tasks; what it wakes would be counted with them. */
async function stopClock(events: EventBridgeClient): Promise<void> {
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  for (const { Name, ScheduleExpression } of Rules) {
    if (ScheduleExpression !== undefined) await events.send(new DisableRuleCommand({ Name }));
  }
}

async function openEngine(url: string, caller: CallCounter): Promise<Engine> {
  const clients = createClients({ ...settingsOf(url), timeouts: TIMEOUTS });
  const ports = await openPorts(clients, await deploymentOf(url), () => undefined);
  const engine = {
    ...ports,
    versions: createVersionCache(ports.dags),
    faults: createFaultLog(() => undefined),
    crashPoint: noCrash,
  };
  for (const client of Object.values(clients)) countCalls(client, caller);
  return engine;
}

async function deploymentOf(url: string): Promise<Deployment> {
  const Name = deploymentParameter(ENVIRONMENT);
  const { Parameter } = await new SSMClient(settingsOf(url)).send(new GetParameterCommand({ Name }));
  return parseDeployment(Parameter?.Value);
}
