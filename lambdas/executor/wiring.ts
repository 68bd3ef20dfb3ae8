import { tmpdir } from "node:os";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { noCrash } from "../../shared/app/crash-points.ts";
import type { Executing } from "../../shared/app/attempt/run-attempt.ts";
import { createAttemptStore } from "../../shared/aws/dynamo/attempt-store.ts";
import { createClock, createIds } from "../../shared/aws/clock.ts";
import { createHotClients } from "../../shared/aws/clients/hot-clients.ts";
import { createThreadRunner } from "../../shared/aws/runner/thread-runner.ts";
import type { QueueRecord } from "../../shared/aws/sqs/sqs-batch.ts";
import { createSqsQueue } from "../../shared/aws/sqs/sqs-queue.ts";
import { parseExecutorDeployment } from "../../shared/contract/deployment.ts";
import type { RunMessage } from "../../shared/contract/messages.ts";
import type { AttemptKey } from "../../shared/core/ids.ts";
import { openBlobs } from "../engine/open-blobs.ts";
import { settingsOf } from "../engine/settings.ts";
import { count, logger } from "../engine/telemetry.ts";

export { logger, publishMetrics, tracing } from "../engine/telemetry.ts";

/** A claim lasts as long as the attempt may, and so much longer. */
export const LEASE_SPARE_MS = 30_000;
const HEARTBEAT_MS = 60_000;

const deployment = parseExecutorDeployment(process.env["DEPLOYMENT"]);
const { environment, dataWindowMs, attemptsTable, bucket, bucketNames, eventsQueueUrl } = deployment;
const settings = settingsOf(process.env);
const clients = createHotClients(settings);

/** Where the npm packages of the pipelines are: the layer's come first. */
const packages = (process.env["NODE_PATH"] ?? "").split(delimiter).find((folder) => existsSync(folder));

/** What a line of the log is about. */
export const subjectOf = ({ runId, taskId, mapIndex, attempt }: AttemptKey) => ({ runId, taskId, mapIndex, attempt });

const runner = createThreadRunner({
  ...settings,
  thread: new URL("thread.mjs", import.meta.url),
  packages: packages ?? join(import.meta.dirname, "node_modules"),
  folder: join(tmpdir(), `freshet-${process.pid}`),
  bucket,
  bucketNames,
  environment: { name: environment, dataWindowMs },
  log(key, level, message, fields) {
    logger[level](message, { ...subjectOf(key), ...(fields === undefined ? {} : { fields }) });
  },
});

export const executing: Omit<Executing, "leaseMs"> = {
  attempts: createAttemptStore({ client: clients.dynamo, tableName: attemptsTable }),
  blobs: openBlobs(settings, bucket),
  events: createSqsQueue<RunMessage>({ client: clients.sqs, queueUrl: eventsQueueUrl, encode: JSON.stringify }),
  runner,
  clock: createClock(),
  ids: createIds(),
  heartbeatMs: HEARTBEAT_MS,
  crashPoint: noCrash,
};

/** Nobody can be told whose attempt it was: its run finds that it was lost. */
export function onInvalid({ messageId }: QueueRecord, error: unknown): void {
  count("Faults");
  logger.error("a dispatch could not be read", { messageId, reason: error instanceof Error ? error.message : error });
}
