/** The ports of the engine, on the resources of one deployment. */
import type { Dispatch } from "../core/attempt.ts";
import { wakeMessage, type RunMessage } from "../contract/messages.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { EventBus } from "../ports/event-bus.ts";
import { createAttemptStore } from "./dynamo/attempt-store.ts";
import { createAuditLog } from "./dynamo/audit-log.ts";
import { createClock, createIds } from "./clock.ts";
import { createDagStore } from "./dynamo/dag-store.ts";
import { createDueIndex } from "./dynamo/due-index.ts";
import type { HotClients } from "./clients/hot-clients.ts";
import { createInbox } from "./dynamo/inbox.ts";
import { createBackfillStore } from "./dynamo/backfill-store.ts";
import { createPoolStore } from "./dynamo/pool-store.ts";
import { createRunStore } from "./dynamo/run-store.ts";
import { createSqsQueue } from "./sqs/sqs-queue.ts";
import { createQueueTimers } from "./sqs/timers.ts";
import { openTokenKey } from "./dynamo/token-key.ts";
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

/** What most invocations need nothing of. */
export interface SeldomPorts {
  readonly blobs: BlobStore;
  readonly bus: EventBus;
}

export async function openHotPorts(clients: HotClients, resources: Resources, { blobs, bus }: SeldomPorts) {
  const table = { client: clients.dynamo, tableName: resources.engineTable };
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
    bus,
    clock: createClock(),
    ids: createIds(),
    tokens: createTokens(await openTokenKey(table)),
  };
}

function createQueues({ sqs }: HotClients, { eventsQueueUrl, taskQueueUrls }: Resources) {
  const events = createSqsQueue<RunMessage>({ client: sqs, queueUrl: eventsQueueUrl, encode: JSON.stringify });
  const byClass = new Map(
    Object.entries(taskQueueUrls).map(([name, queueUrl]) => [
      name,
      createSqsQueue<Dispatch>({ client: sqs, queueUrl, encode: JSON.stringify }),
    ]),
  );
  return { events, tasks: (executor: string) => byClass.get(executor) };
}
