/** The ports of the engine, on the resources of one deployment. */
import type { Dispatch } from "../core/attempt.ts";
import { wakeMessage, type RunMessage } from "../contract/messages.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { EventBus } from "../ports/event-bus.ts";
import { createAttemptStore } from "./attempt-store.ts";
import { createAuditLog } from "./audit-log.ts";
import { createClock, createIds } from "./clock.ts";
import { createDagStore } from "./dag-store.ts";
import { createDueIndex } from "./due-index.ts";
import type { HotClients } from "./hot-clients.ts";
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
