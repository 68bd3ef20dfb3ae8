/** An environment on AWS, as the commands see it: with the caller's own credentials and region. */
import { setTimeout as delay } from "node:timers/promises";
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { withBucketNames } from "../../shared/aws/s3/bucket-names.ts";
import { createClients } from "../../shared/aws/clients.ts";
import { findDeployment } from "../../shared/aws/deployment/find-deployment.ts";
import { createCloudLogs } from "../../shared/aws/logs.ts";
import { createObjectStore } from "../../shared/aws/s3/object-store.ts";
import { openPorts } from "../../shared/aws/ports.ts";
import { wakeMessage } from "../../shared/contract/messages.ts";
import { FreshetError } from "../../shared/core/errors.ts";
import type { AttemptKey } from "../../shared/core/ids.ts";
import type { LogStore } from "../../shared/embedded/log-store.ts";
import type { Environment } from "../command.ts";
import type { OpenHome } from "./open-home.ts";

/** How often a followed log is read anew. */
const LOG_FOLLOW_MS = 2_000;

/** Throws USAGE without a region, and what finding the deployment throws. */
export async function openEnvironment(name: string, env: Environment): Promise<OpenHome> {
  if (name === "") throw new FreshetError("USAGE", "--env is empty: name an environment, such as dev");
  const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "";
  if (region === "") {
    throw new FreshetError("USAGE", `--env ${name}: in which region is it? Set AWS_REGION, such as eu-west-1`);
  }
  const endpoint = env["AWS_ENDPOINT_URL"];
  const settings = { region, ...(endpoint === undefined || endpoint === "" ? {} : { endpoint }) };
  const deployment = await findDeployment(settings, name);
  const clients = createClients(settings);
  const ports = await openPorts(clients, deployment, () => undefined);
  const versions = createVersionCache(ports.dags);
  const engine: Engine = { ...ports, versions, faults: createFaultLog(() => undefined), crashPoint: noCrash };
  const objects = withBucketNames(createObjectStore(clients.s3), deployment.bucketNames);
  const logs = cloudLogs(createCloudLogs(settings, deployment.executorLogGroups));
  return {
    reading: { ...ports, versions },
    stores: { ...ports, objects, logs },
    engine,
    environment: deployment,
    async heardBy(changed) {
      await ports.events.send([wakeMessage(changed, { all: true })]);
      return `environment '${name}'`;
    },
  };
}

type Lines = ReturnType<typeof createCloudLogs>;

function cloudLogs(read: Lines): Pick<LogStore, "read" | "follow"> {
  return { read, follow: (key, over) => followed(read, key, over) };
}

async function* followed(read: Lines, key: AttemptKey, over?: AbortSignal) {
  let told = 0;
  for (let last = false; ;) {
    const lines = await read(key);
    yield* lines.slice(told);
    told = Math.max(told, lines.length);
    if (last) return;
    await delay(LOG_FOLLOW_MS, undefined, over === undefined ? {} : { signal: over }).catch(() => undefined);
    last = over?.aborted === true; // Once more, for what was written last.
  }
}
