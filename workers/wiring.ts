import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Logger } from "@aws-lambda-powertools/logger";
import { noCrash } from "../shared/app/crash-points.ts";
import type { Executing } from "../shared/app/attempt/run-attempt.ts";
import { createAttemptStore } from "../shared/aws/dynamo/attempt-store.ts";
import { createBlobStore } from "../shared/aws/s3/blob-store.ts";
import type { ClientSettings } from "../shared/aws/clients/client-options.ts";
import { createClock, createIds } from "../shared/aws/clock.ts";
import { findDeployment } from "../shared/aws/deployment/find-deployment.ts";
import { createHotClients } from "../shared/aws/clients/hot-clients.ts";
import { createThreadRunner, type ThreadRunner } from "../shared/aws/runner/thread-runner.ts";
import { createS3Client } from "../shared/aws/s3/s3-client.ts";
import { createSqsQueue } from "../shared/aws/sqs/sqs-queue.ts";
import { POLL_REQUEST_MS_MAX } from "../shared/aws/sqs/task-consumer.ts";
import {
  parseWorkerDeployment,
  parseWorkerSettings,
  workerDeployment,
  type WorkerDeployment,
  type WorkerSettings,
} from "../shared/contract/worker.ts";
import type { RunMessage } from "../shared/contract/messages.ts";
import { FreshetError } from "../shared/core/errors.ts";
import type { AttemptKey } from "../shared/core/ids.ts";

/** A claim lasts so long unless it is renewed: then a worker that died is found. */
const LEASE_MS = 90_000;
const HEARTBEAT_MS = LEASE_MS / 3;
const CONNECTION_MS_MAX = 1_000;

export const logger = new Logger({ serviceName: "Worker" });

/** What a line of the log is about. */
export const subjectOf = ({ runId, taskId, mapIndex, attempt }: AttemptKey) => ({ runId, taskId, mapIndex, attempt });

export interface Wiring {
  readonly executing: Executing;
  readonly runner: ThreadRunner;
  readonly polling: ReturnType<typeof createHotClients>["sqs"];
  readonly tasksQueueUrl: string;
  readonly settings: WorkerSettings;
}

/** Throws FreshetError, which says what of the environment is missing. */
export async function wiring(env: NodeJS.ProcessEnv): Promise<Wiring> {
  const settings = parseWorkerSettings(env);
  const endpoint = settings.AWS_ENDPOINT_URL;
  const client = { region: settings.AWS_REGION, ...(endpoint === undefined ? {} : { endpoint }) };
  const deployment = await deploymentOf(client, settings);
  const { dynamo, sqs } = createHotClients(client);
  const timeouts = { connectionMs: CONNECTION_MS_MAX, requestMs: POLL_REQUEST_MS_MAX };
  const runner = threadRunner(client, deployment, settings);
  const { attemptsTable, bucket, eventsQueueUrl, tasksQueueUrl } = deployment;
  return {
    executing: {
      attempts: createAttemptStore({ client: dynamo, tableName: attemptsTable }),
      blobs: createBlobStore({ client: createS3Client(client), bucket }),
      events: createSqsQueue<RunMessage>({ client: sqs, queueUrl: eventsQueueUrl, encode: JSON.stringify }),
      runner,
      clock: createClock(),
      ids: createIds(),
      leaseMs: LEASE_MS,
      heartbeatMs: HEARTBEAT_MS,
      crashPoint: noCrash,
    },
    runner,
    polling: createHotClients({ ...client, timeouts }).sqs,
    tasksQueueUrl,
    settings,
  };
}

/** As the container is told; elsewhere it is found by the name of its environment. */
async function deploymentOf(
  client: ClientSettings,
  { DEPLOYMENT, FRESHET_ENV }: WorkerSettings,
): Promise<WorkerDeployment> {
  if (DEPLOYMENT !== undefined) return parseWorkerDeployment(DEPLOYMENT);
  if (FRESHET_ENV === undefined) {
    throw new FreshetError("USAGE", "for which environment does this worker work? Set FRESHET_ENV, such as dev");
  }
  const found = workerDeployment(await findDeployment(client, FRESHET_ENV));
  if (found !== undefined) return found;
  throw new FreshetError(
    "USAGE",
    `environment '${FRESHET_ENV}' has no queue for workers: none of its DAGs has a task with \`executor: "worker"\``,
  );
}

function threadRunner(
  client: ClientSettings,
  { environment, dataWindowMs, bucket, bucketNames }: WorkerDeployment,
  { TASK_MEMORY_MB, NODE_PATH = "" }: WorkerSettings,
): ThreadRunner {
  const packages = NODE_PATH.split(delimiter).find((folder) => folder !== "" && existsSync(folder));
  return createThreadRunner({
    ...client,
    thread: new URL("thread.mjs", import.meta.url),
    packages: packages ?? join(import.meta.dirname, "node_modules"),
    folder: join(tmpdir(), `freshet-worker-${process.pid}`),
    bucket,
    bucketNames,
    environment: { name: environment, dataWindowMs },
    ...(TASK_MEMORY_MB === undefined ? {} : { memoryMb: TASK_MEMORY_MB }),
    log(key, level, message, fields) {
      logger[level](message, { ...subjectOf(key), ...(fields === undefined ? {} : { fields }) });
    },
  });
}
