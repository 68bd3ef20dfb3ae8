/** The engine as the functions that decide have it. */
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { createClients, type Clients } from "../../shared/aws/clients.ts";
import { openPorts } from "../../shared/aws/ports.ts";
import { parseDeployment, type Deployment } from "../../shared/contract/deployment.ts";
import { count, logger } from "./telemetry.ts";

export interface OpenEngine {
  readonly engine: Engine;
  readonly deployment: Deployment;
  readonly clients: Clients;
}

/** Throws INVALID_MESSAGE if the function's environment is of another Freshet. */
export async function openEngine(env: NodeJS.ProcessEnv): Promise<OpenEngine> {
  const deployment = parseDeployment(env["DEPLOYMENT"]);
  const endpoint = env["AWS_ENDPOINT_URL"];
  const clients = createClients({
    region: env["AWS_REGION"] ?? "",
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const ports = await openPorts(clients, deployment, (facts, reason) => {
    count("FactsLost", facts.length);
    logger.warn("facts were not published", { facts: facts.map(({ type, runId }) => ({ type, runId })), reason });
  });
  const faults = createFaultLog(({ kind, id, code, message }) => {
    count("Faults");
    logger.error("a record or message could not be decided", { fault: { kind, id, code, message } });
  });
  const engine = { ...ports, faults, versions: createVersionCache(ports.dags), crashPoint: noCrash };
  return { engine, deployment, clients };
}
