/** All ports of the engine, on the resources of one deployment. */
import type { Dispatch } from "../core/attempt.ts";
import type { Fact } from "../core/events.ts";
import { wakeMessage, type RunMessage } from "../contract/messages.ts";
import { createAttemptStore } from "./attempt-store.ts";
import { createAuditLog } from "./audit-log.ts";
import { createBlobStore } from "./blob-store.ts";
import { createClock, createIds } from "./clock.ts";
import type { Clients } from "./clients.ts";
import { createDagStore } from "./dag-store.ts";
import { createDueIndex } from "./due-index.ts";
import { createEventBus } from "./event-bus.ts";
import { createInbox } from "./inbox.ts";
import { createBackfillStore } from "./backfill-store.ts";
import { createPoolStore } from "./pool-store.ts";
import { createRunStore } from "./run-store.ts";
import { createSqsQueue } from "./sqs-queue.ts";
import { createQueueTimers } from "./timers.ts";
import { openTokenKey } from "./token-key.ts";
import { createTokens } from "./tokens.ts";

/** Names of what one deployment is made of. */
export interface Resources {
  readonly engineTable: string;
  readonly attemptsTable: string;
  /** Freshet's own bucket: bundles, outputs, lists, staging. */
  readonly bucket: string;
  readonly eventsQueueUrl: string;
  /** By executor class. */
  readonly taskQueueUrls: Readonly<Record<string, string>>;
  readonly busName: string;
}

/** The `source` of published facts. */
const FACT_SOURCE = "freshet";

export async function openPorts(
  clients: Clients,
  resources: Resources,
  onLostFacts: (facts: readonly Fact[], reason: string) => void,
) {
  const table = { client: clients.dynamo, tableName: resources.engineTable };
  const blobs = createBlobStore({ client: clients.s3, bucket: resources.bucket });
  const { events, tasks } = createQueues(clients, resources);
  return {
    runs: createRunStore(table),
    dags: createDagStore(table, blobs),
    pools: createPoolStore(table),
    backfills: createBackfillStore(table),
    due: createDueIndex(table),
    audit: createAuditLog(table),
    attempts: createAttemptStore({ client: clients.dynamo, tableName: resources.attemptsTable }),
    inbox: createInbox(table),
    blobs,
    events,
    tasks,
    timers: createQueueTimers(events, (target) => wakeMessage(target)),
    bus: createEventBus({
      client: clients.events,
      busName: resources.busName,
      source: FACT_SOURCE,
      onLost: onLostFacts,
    }),
    clock: createClock(),
    ids: createIds(),
    tokens: createTokens(await openTokenKey(table)),
  };
}

function createQueues({ sqs }: Clients, { eventsQueueUrl, taskQueueUrls }: Resources) {
  const events = createSqsQueue<RunMessage>({ client: sqs, queueUrl: eventsQueueUrl, encode: JSON.stringify });
  const byClass = new Map(
    Object.entries(taskQueueUrls).map(([name, queueUrl]) => [
      name,
      createSqsQueue<Dispatch>({ client: sqs, queueUrl, encode: JSON.stringify }),
    ]),
  );
  // A class that this deployment does not have takes nothing: its tasks wait, and fail when their queued timeout is over.
  const absent = { send: async (refused: readonly Dispatch[]) => ({ refused }) };
  return { events, tasks: (executor: string) => byClass.get(executor) ?? absent };
}
