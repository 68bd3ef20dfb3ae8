/** A Freshet on AWS as far as it can be had on one machine: its adapters, its tables and queues, its two functions. */
import { randomBytes } from "node:crypto";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { emulatorSettings, freshBucket, freshQueue, freshTable } from "../../scripts/emulators/resources.ts";
import { measureUnits, type Units } from "../../scripts/emulators/capacity.ts";
import { noCrash } from "../../shared/app/crash-points.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import type { Executing } from "../../shared/app/attempt/run-attempt.ts";
import { createAttemptStore } from "../../shared/aws/dynamo/attempt-store.ts";
import { createAuditLog } from "../../shared/aws/dynamo/audit-log.ts";
import { createBlobStore } from "../../shared/aws/s3/blob-store.ts";
import { countCalls, createCallCounter, type CallCounter } from "../../shared/aws/clients/call-counter.ts";
import { createClients, type Clients } from "../../shared/aws/clients.ts";
import { createDagStore } from "../../shared/aws/dynamo/dag-store.ts";
import { createDueIndex } from "../../shared/aws/dynamo/due-index.ts";
import { createEventBus } from "../../shared/aws/event-bus.ts";
import { createInbox } from "../../shared/aws/dynamo/inbox.ts";
import { createBackfillStore } from "../../shared/aws/dynamo/backfill-store.ts";
import { createPoolStore } from "../../shared/aws/dynamo/pool-store.ts";
import { createRunStore } from "../../shared/aws/dynamo/run-store.ts";
import { createSqsQueue } from "../../shared/aws/sqs/sqs-queue.ts";
import { ATTEMPTS_TABLE, ENGINE_TABLE } from "../../shared/aws/dynamo/tables.ts";
import { createQueueTimers } from "../../shared/aws/sqs/timers.ts";
import { createTokens } from "../../shared/aws/tokens.ts";
import { wakeMessage, type RunMessage } from "../../shared/contract/messages.ts";
import type { Dispatch } from "../../shared/core/attempt.ts";
import { createClock, createIds } from "../../shared/embedded/clock.ts";
import type { BusEndpoint } from "./bus.ts";

export interface Endpoints {
  readonly dynamo: string;
  readonly fauxqs: string;
}

/** One function's clients: they record what they send. */
interface Role {
  readonly clients: Clients;
  readonly counter: CallCounter;
}

export interface AwsWorld {
  readonly engine: Engine;
  readonly executing: Omit<Executing, "runner">;
  /** For the event sources, which count for themselves. */
  readonly uncounted: Clients;
  readonly eventsUrl: string;
  readonly tasksUrl: string;
  readonly scheduler: CallCounter;
  readonly executor: CallCounter;
  /** Read and write units of the engine's table since it was last asked. */
  readonly units: () => Units;
  /** Write units of all tables and indexes since it was last asked, those of executors included; what is refused costs as much. */
  readonly written: () => number;
  close(): Promise<void>;
}

/** An attempt of the default 10 minutes, and 30 seconds; it heartbeats each minute. */
const LEASE_MS = 630_000;
const HEARTBEAT_MS = 60_000;

export async function openWorld(endpoints: Endpoints, bus: BusEndpoint): Promise<AwsWorld> {
  const uncounted = clientsOf(endpoints, bus);
  const [engineTable, attemptsTable] = [
    await freshTable(uncounted.dynamo, ENGINE_TABLE),
    await freshTable(uncounted.dynamo, ATTEMPTS_TABLE),
  ];
  const [bucket, eventsUrl, tasksUrl] = [
    await freshBucket(uncounted),
    await freshQueue(uncounted),
    await freshQueue(uncounted),
  ];
  const scheduler = roleOf(endpoints, bus);
  const executor = roleOf(endpoints, bus);
  const tables = { engine: engineTable.tableName, attempts: attemptsTable.tableName };
  const urls = { events: eventsUrl, tasks: tasksUrl };
  const writes = [scheduler, executor].map(({ clients }) => measureUnits(clients.dynamo, "writes"));
  return {
    engine: engineOf(scheduler.clients, tables, bucket, urls),
    executing: {
      attempts: createAttemptStore({ client: executor.clients.dynamo, tableName: tables.attempts }),
      blobs: createBlobStore({ client: executor.clients.s3, bucket }),
      events: createSqsQueue<RunMessage>({ client: executor.clients.sqs, queueUrl: eventsUrl, encode: JSON.stringify }),
      clock: createClock(),
      ids: createIds(),
      leaseMs: LEASE_MS,
      heartbeatMs: HEARTBEAT_MS,
      crashPoint: noCrash,
    },
    uncounted,
    eventsUrl,
    tasksUrl,
    scheduler: scheduler.counter,
    executor: executor.counter,
    units: measureUnits(scheduler.clients.dynamo),
    written: () => writes.map((units) => units()).reduce((total, { table, indexes }) => total + table + indexes, 0),
    async close() {
      await Promise.all([engineTable.close(), attemptsTable.close()]);
    },
  };
}

function clientsOf({ dynamo, fauxqs }: Endpoints, bus: BusEndpoint): Clients {
  return {
    dynamo: createClients({ ...emulatorSettings, endpoint: dynamo }).dynamo,
    sqs: createClients({ ...emulatorSettings, endpoint: fauxqs }).sqs,
    s3: createClients({ ...emulatorSettings, endpoint: fauxqs }).s3,
    events: createClients({ ...emulatorSettings, endpoint: bus.endpoint }).events,
  };
}

function roleOf(endpoints: Endpoints, bus: BusEndpoint): Role {
  const clients = clientsOf(endpoints, bus);
  const counter = createCallCounter();
  for (const client of Object.values(clients)) countCalls(client, counter);
  return { clients, counter };
}

function engineOf(
  clients: Clients,
  tables: { readonly engine: string; readonly attempts: string },
  bucket: string,
  urls: { readonly events: string; readonly tasks: string },
): Engine {
  const table = { client: clients.dynamo, tableName: tables.engine };
  const blobs = createBlobStore({ client: clients.s3, bucket });
  const dags = createDagStore(table, blobs);
  const events = createSqsQueue<RunMessage>({ client: clients.sqs, queueUrl: urls.events, encode: JSON.stringify });
  const tasks = createSqsQueue<Dispatch>({ client: clients.sqs, queueUrl: urls.tasks, encode: JSON.stringify });
  return {
    runs: createRunStore(table),
    dags,
    pools: createPoolStore(table),
    backfills: createBackfillStore(table),
    due: createDueIndex(table),
    audit: createAuditLog(table),
    attempts: createAttemptStore({ client: clients.dynamo, tableName: tables.attempts }),
    inbox: createInbox(table),
    blobs,
    events,
    tasks: () => tasks,
    timers: createQueueTimers(events, (target) => wakeMessage(target)),
    bus: createEventBus({
      client: clients.events,
      busName: "freshet",
      onLost: (facts, reason) => {
        throw new Error(`${facts.length} facts were lost: ${reason}`);
      },
    }),
    faults: createFaultLog(({ kind, id, message }) => {
      throw new Error(`${kind} '${id}' could not be decided: ${message}`);
    }),
    clock: createClock(),
    ids: createIds(),
    tokens: createTokens(randomBytes(32)),
    versions: createVersionCache(dags),
    crashPoint: noCrash,
  };
}
