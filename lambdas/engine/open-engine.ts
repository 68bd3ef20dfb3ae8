/** The engine as the functions that decide have it. */
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import type { ClientSettings } from "../../shared/aws/clients/client-options.ts";
import { createHotClients, type HotClients } from "../../shared/aws/clients/hot-clients.ts";
import { openHotPorts, type SeldomPorts } from "../../shared/aws/hot-ports.ts";
import { busOnDemand } from "../../shared/aws/on-demand.ts";
import type { Fact } from "../../shared/core/events.ts";
import { parseDeployment, type Deployment } from "../../shared/contract/deployment.ts";
import { openBlobs } from "./open-blobs.ts";
import { settingsOf } from "./settings.ts";
import { count, logger } from "./telemetry.ts";

export interface OpenEngine {
  readonly engine: Engine;
  readonly deployment: Deployment;
  readonly clients: HotClients;
  readonly settings: ClientSettings;
}

/** Throws INVALID_MESSAGE if the function's environment is of another Freshet. */
export async function openEngine(env: NodeJS.ProcessEnv): Promise<OpenEngine> {
  const deployment = parseDeployment(env["DEPLOYMENT"]);
  const settings = settingsOf(env);
  const clients = createHotClients(settings);
  const ports = await openHotPorts(clients, deployment, seldomPorts(settings, deployment));
  const faults = createFaultLog(({ kind, id, code, message }) => {
    count("Faults");
    logger.error("a record or message could not be decided", { fault: { kind, id, code, message } });
  });
  const engine = { ...ports, faults, versions: createVersionCache(ports.dags), crashPoint: noCrash };
  return { engine, deployment, clients, settings };
}

/** S3 and EventBridge: a completion in the middle of a run needs neither, and each takes long to load. */
const seldomPorts = (settings: ClientSettings, { bucket, busName }: Deployment): SeldomPorts => ({
  blobs: openBlobs(settings, bucket),
  bus: busOnDemand(async () => {
    const { createBusClient, createEventBus } = await import("./bus.ts");
    return createEventBus({ client: createBusClient(settings), busName, onLost: tellLost });
  }),
});

function tellLost(facts: readonly Fact[], reason: string): void {
  count("FactsLost", facts.length);
  logger.warn("facts were not published", { facts: facts.map(({ type, runId }) => ({ type, runId })), reason });
}
