/** The contracts of the ports, as the simulated ones keep them in calm weather. */
import { setTimeout as delay } from "node:timers/promises";
import { attemptStoreContract } from "../../test/contract/attempt-store.suite.ts";
import { auditLogContract } from "../../test/contract/audit-log.suite.ts";
import { backfillStoreContract } from "../../test/contract/backfill-store.suite.ts";
import { blobStoreContract } from "../../test/contract/blob-store.suite.ts";
import { dagStoreContract } from "../../test/contract/dag-store.suite.ts";
import { dueIndexContract } from "../../test/contract/due-index.suite.ts";
import { eventBusContract } from "../../test/contract/event-bus.suite.ts";
import { inboxContract } from "../../test/contract/inbox.suite.ts";
import { poolStoreContract } from "../../test/contract/pool-store.suite.ts";
import { queueContract } from "../../test/contract/queue.suite.ts";
import { runStoreContract } from "../../test/contract/run-store.suite.ts";
import { timersContract } from "../../test/contract/timers.suite.ts";
import type { RunMessage } from "../contract/messages.ts";
import type { Fact } from "../core/events.ts";
import { instant, type Instant } from "../core/time.ts";
import type { TimerTarget } from "../ports/timers.ts";
import { createDatabase } from "./database.ts";
import { CALM } from "./faults.ts";
import type { Kernel } from "./kernel.ts";
import {
  attemptStoreOf,
  auditLogOf,
  backfillStoreOf,
  blobStoreOf,
  dagStoreOf,
  dueIndexOf,
  inboxOf,
  poolStoreOf,
  runStoreOf,
} from "./ports/stores.ts";
import { busOf, eventsOf, timersOf } from "./ports/signals.ts";
import { createProcess, type Process } from "./process.ts";
import { randomOf } from "./random.ts";
import { UNWATCHED } from "./watch.ts";
import type { SimulatedWorld } from "./world.ts";

/** True time, and nothing to wait for: what is called happens once whoever called it waits. */
function aPromptKernel(): Kernel {
  const kernel: Kernel = {
    now: () => Date.now(),
    schedule: (_at, run) => queueMicrotask(run),
    after: (ms, run) => void (ms > 0 ? setTimeout(run, Math.ceil(ms) + 1) : queueMicrotask(run)),
    settled: () => undefined,
    runUntil: () => Promise.resolve(),
    steps: 0,
  };
  return kernel;
}

interface Ground {
  readonly world: SimulatedWorld;
  readonly process: Process;
  readonly facts: readonly Fact[];
  /** Messages that have come, until there are `count` of them or `waitMs` have passed. */
  readonly receive: (count: number, waitMs: number) => Promise<readonly Come[]>;
}

interface Come {
  readonly message: RunMessage;
  readonly at: Instant;
}

async function take(come: Come[], count: number, waitMs: number): Promise<readonly Come[]> {
  for (const end = Date.now() + waitMs; come.length < count && Date.now() < end;) await delay(5);
  return come.splice(0);
}

async function onNewGround<T>(make: (ground: Ground) => T): Promise<T & { close(): Promise<void> }> {
  const kernel = aPromptKernel();
  const random = randomOf(1, "contract");
  const facts: Fact[] = [];
  const watch = { ...UNWATCHED, published: ({ fact }: { readonly fact: Fact }) => void facts.push(fact) };
  const database = createDatabase({ kernel, faults: CALM, random, watch, encoded: true });
  let counted = 0;
  const come: Come[] = [];
  const arrive = (message: RunMessage) => void come.push({ message, at: instant(kernel.now()) });
  const unused = { accept: () => undefined };
  const world: SimulatedWorld = {
    kernel,
    random,
    faults: CALM,
    floating: () => undefined,
    database,
    watch,
    events: { accept: (message, delayMs) => kernel.after(delayMs, () => arrive(message)) },
    tasks: { lambda: unused, worker: unused },
    wire: true,
    recordedFaults: [],
    count: () => (counted += 1),
    trace: undefined,
  };
  const process = createProcess(world, { name: "host", skewMs: 0, versions: new Map() }, "process");
  const receive: Ground["receive"] = (count, waitMs) => take(come, count, waitMs);
  return Promise.resolve({ ...make({ world, process, facts, receive }), close: () => Promise.resolve() });
}

runStoreContract(() => onNewGround(({ world, process }) => ({ store: runStoreOf(world, process) })));
dagStoreContract(() => onNewGround(({ world, process }) => ({ store: dagStoreOf(world, process) })));
poolStoreContract(() => onNewGround(({ world, process }) => ({ store: poolStoreOf(world, process) })));
backfillStoreContract(() => onNewGround(({ world, process }) => ({ store: backfillStoreOf(world, process) })));
attemptStoreContract(() => onNewGround(({ world, process }) => ({ store: attemptStoreOf(world, process) })));
inboxContract(() => onNewGround(({ world, process }) => ({ inbox: inboxOf(world, process) })));
blobStoreContract(() => onNewGround(({ world, process }) => ({ store: blobStoreOf(world, process) })));
auditLogContract(() =>
  onNewGround(({ world, process }) => ({
    log: auditLogOf(world, process),
    runs: runStoreOf(world, process),
    dags: dagStoreOf(world, process),
  })),
);
dueIndexContract(() =>
  onNewGround(({ world, process }) => ({
    index: dueIndexOf(world, process),
    runs: runStoreOf(world, process),
    dags: dagStoreOf(world, process),
    pools: poolStoreOf(world, process),
    backfills: backfillStoreOf(world, process),
  })),
);
eventBusContract(() =>
  onNewGround(({ world, process, facts }) => ({
    bus: busOf(world, process),
    heard: () => Promise.resolve(facts),
  })),
);

const aMessage = (n: number, bytes = 0): RunMessage => ({
  type: "object_created",
  v: 1,
  object: {
    bucket: "lake",
    key: `${n}`,
    size: n,
    etag: "e",
    version: "x".repeat(Math.max(1, bytes)),
    arrivedAt: "2026-03-02T12:00:00Z",
  },
});

queueContract<RunMessage>(() =>
  onNewGround(({ world, process, receive }) => ({
    queue: eventsOf(world, process),
    message: aMessage,
    receive: async (count, waitMs) => (await receive(count, waitMs)).map(({ message }) => message),
    now: () => process.clock.now(),
  })),
);

const targetOf = (message: RunMessage): TimerTarget =>
  message.type === "wake_dag"
    ? { kind: "dag", id: message.dagId }
    : { kind: "run", id: (message as Extract<RunMessage, { type: "wake_run" }>).runId };

timersContract(() =>
  onNewGround(({ world, process, receive }) => ({
    timers: timersOf(world, process),
    now: () => process.clock.now(),
    woken: async (count, waitMs) =>
      (await receive(count, waitMs)).map(({ message, at }) => ({ target: targetOf(message), at })),
  })),
);
