/**
 * A whole Freshet in this process: the scheduler, its queues in memory, and warm workers. What is in memory may be lost at
 * any moment: the records say what was to be done, and a start begins by looking at all that was at work.
 */
import type { CrashPoint } from "../../shared/app/crash-points.ts";
import { takeDead } from "../../shared/app/dead-letters.ts";
import { createVersionCache, type Engine } from "../../shared/app/engine.ts";
import { handleRunMessages, recordOf } from "../../shared/app/handle-messages.ts";
import { tick } from "../../shared/app/tick.ts";
import { wakeMessage, type RunMessage } from "../../shared/contract/messages.ts";
import type { Fact } from "../../shared/core/events.ts";
import { attemptKeyText, type AttemptKey } from "../../shared/core/ids.ts";
import { plus } from "../../shared/core/time.ts";
import { claimAlong, endLeasesOf } from "../../shared/embedded/state/attempt-store.ts";
import { createClock, createIds, openTokens } from "../../shared/embedded/clock.ts";
import { createMemoryEventBus } from "../../shared/embedded/event-bus.ts";
import { createKeyedQueue } from "../../shared/embedded/keyed-queue.ts";
import { acquireLock, type HomeLock } from "../../shared/embedded/lock.ts";
import { listenPings } from "../../shared/embedded/ping.ts";
import { createMemoryTimers, type MemoryTimers } from "../../shared/embedded/timers.ts";
import { createWorkerPool, type WorkerPool } from "../../shared/embedded/worker/pool.ts";
import { endSurvivors } from "../../shared/embedded/worker/survivors.ts";
import { LOCAL_ENVIRONMENT, type RunnerResult } from "../../shared/core/task-host.ts";
import type { Fault } from "../../shared/ports/fault-log.ts";
import { aborted } from "../aborted.ts";
import { createFaultLog } from "../../shared/app/fault-log.ts";
import { createLocalExecutor, type LocalExecutor } from "./local-executor.ts";
import { STAGING_BUCKET, type Project } from "./paths.ts";
import { openStores, type Stores } from "./stores.ts";

/** An embedded claim lasts this long unless it is renewed, which is done at a third of it. */
const LEASE_MS = 30_000;
/** Later than anything is due. */
const EVER_MS = 100 * 366 * 86_400_000;
/** How often the clock looks at what is due ... */
const TICK_MS = 1_000;
/** ... and how far ahead it arms timers, which are exact. */
const TICK_HORIZON_MS = 2_500;

export interface SchedulerOptions {
  readonly project: Project;
  /** Worker processes at the most. */
  readonly workers?: number;
  /** How far back tasks are told that there is data; all of it unless given. */
  readonly dataWindowMs?: number;
  /** All of the environment that tasks see. */
  readonly env: Readonly<Record<string, string>>;
  readonly crashPoint: CrashPoint;
  readonly onFact: (fact: Fact) => void;
  readonly onFault: (fault: Fault) => void;
  /** The code of an attempt has ended; its record follows. */
  readonly onAttempt?: (key: AttemptKey, result: RunnerResult) => void;
  /** Where tasks run instead of in workers. */
  readonly runner?: LocalRunner;
  /** How long a claim lasts unless it is renewed: longer where a debugger may hold everything up. */
  readonly leaseMs?: number;
  /** False: only what is asked for runs; schedules and what an earlier process left are not touched. */
  readonly serve: boolean;
}

export interface Scheduler {
  readonly engine: Engine;
  readonly stores: Stores;
  readonly runner: LocalRunner;
  /** Resolves once no message is waiting or being handled and no attempt is in hand. */
  idle(): Promise<void>;
  /**
   * Starts nothing more. Waits for the attempts in hand until `patience` aborts (not at all without it); those that are still
   * at work then are lost, and begin again with the next start.
   */
  close(patience?: AbortSignal): Promise<void>;
}

/** What runs tasks on this machine. */
export type LocalRunner = Pick<WorkerPool, "run" | "waits" | "wanted" | "idle" | "close"> &
  Partial<Pick<WorkerPool, "warm">>;

/** Throws HOME_LOCKED if another process schedules this home, and what opening the home throws. */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { home } = options.project;
  const clock = createClock();
  const lock = acquireLock(home.path, clock.now());
  const stores = openOrRelease(options.project, lock);
  endSurvivors(home.path);
  await endLeasesOf(stores.writer, "", clock.now());
  const runner = options.runner ?? createWorkers(options);
  const { engine, events, executor, timers } = assemble(options, stores, runner);
  const look = async (): Promise<void> => {
    await executor.checkClosed();
    await lookAtAll(engine);
  };
  const lookSoon = (): void =>
    void look().catch((error: unknown) => {
      engine.faults.record({ kind: "message", id: "look", code: "LOOK", message: textOf(error), at: clock.now() });
    });
  const stopClock = options.serve ? startClock(engine, stores, look, (count) => runner.warm?.(count)) : (): void => {};
  const pings = options.serve ? await listenPings(home.path, lookSoon) : undefined;
  if (options.serve) await look();
  return {
    engine,
    stores,
    runner,
    async idle() {
      await events.idle();
      await runner.idle();
    },
    async close(patience) {
      stopClock();
      timers.close();
      await pings?.close();
      if (patience !== undefined) await Promise.race([executor.close(), aborted(patience)]);
      await events.close();
      await runner.close();
      await executor.close();
      await stores.close();
      lock.release();
    },
  };
}

/** Worker processes for a project's tasks. */
export function createWorkers({
  project,
  env,
  workers,
  dataWindowMs,
}: Pick<SchedulerOptions, "project" | "env" | "workers" | "dataWindowMs">): WorkerPool {
  return createWorkerPool({
    home: project.home.path,
    projectRoot: project.root,
    stagingBucket: STAGING_BUCKET,
    env,
    clock: createClock(),
    ...(dataWindowMs === undefined ? {} : { environment: { ...LOCAL_ENVIRONMENT, dataWindowMs } }),
    ...(workers === undefined ? {} : { size: workers }),
  });
}

function openOrRelease({ home }: Project, lock: HomeLock): Stores {
  try {
    return openStores(home);
  } catch (error) {
    lock.release();
    throw error;
  }
}

interface Assembly {
  readonly engine: Engine;
  readonly events: ReturnType<typeof createKeyedQueue<RunMessage>>;
  readonly executor: LocalExecutor;
  readonly timers: MemoryTimers;
}

function assemble(options: SchedulerOptions, stores: Stores, runner: LocalRunner): Assembly {
  const { crashPoint, leaseMs = LEASE_MS } = options;
  const clock = createClock();
  const ids = createIds();
  const events = createKeyedQueue<RunMessage>({
    keyOf: recordOf,
    handle: (messages) => handleRunMessages(engine, messages),
    onDead: (message) => takeDead(engine, message),
  });
  const faults = createFaultLog(options.onFault);
  const fault = (id: string, code: string, error: unknown): void =>
    faults.record({ kind: "message", id, code, message: textOf(error), at: clock.now() });
  const executing = { ...stores, events, clock, ids, leaseMs, heartbeatMs: leaseMs / 3, crashPoint };
  const executor = createLocalExecutor({
    executing,
    runner,
    claimAlong: (key, claim, commit) => claimAlong(stores.writer, key, claim, commit),
    onEnd: options.onAttempt ?? ((): void => undefined),
    onError: (key, error) => fault(attemptKeyText(key), "ATTEMPT", error),
    onDead: (dispatch) => takeDead(engine, dispatch),
  });
  const bus = createMemoryEventBus({ onFault: (error) => fault("listener", "LISTENER", error) });
  bus.subscribe(options.onFact);
  const timers = createMemoryTimers({
    clock,
    wake: (targets) => void events.send(targets.map((target) => wakeMessage(target))),
  });
  const engine: Engine = {
    runs: stores.runs,
    dags: stores.dags,
    pools: stores.pools,
    backfills: stores.backfills,
    due: stores.due,
    audit: stores.audit,
    attempts: executor.closing,
    inbox: stores.inbox,
    blobs: stores.blobs,
    events,
    tasks: () => executor.queue,
    claimAlong: (keys, commit) => executor.claimAlong(keys, commit),
    timers,
    bus,
    faults,
    clock,
    ids,
    tokens: openTokens(stores.home.path),
    versions: createVersionCache(stores.dags),
    crashPoint,
  };
  return { engine, events, executor, timers };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The clock, and the slow way of noticing that another process has written. */
function startClock(
  engine: Engine,
  stores: Stores,
  look: () => Promise<void>,
  warm: (count: number) => void,
): () => void {
  let seen = stores.database.dataVersion();
  let busy = false;
  const beat = async (): Promise<void> => {
    const version = stores.database.dataVersion();
    if (version !== seen) await look();
    seen = version;
    const { armed } = await tick(engine, plus(engine.clock.now(), TICK_MS), TICK_HORIZON_MS);
    // What falls due in a moment finds its processes there.
    if (armed > 0) warm(armed);
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void beat()
      .catch((error: unknown) => {
        engine.faults.record({
          kind: "message",
          id: "tick",
          code: "TICK",
          message: textOf(error),
          at: engine.clock.now(),
        });
      })
      .finally(() => void (busy = false));
  }, TICK_MS);
  return () => clearInterval(timer);
}

/**
 * Whatever was on its way may be lost, or another process may have written: every open record is asked, by messages, so
 * that nothing else decides on it at the same time.
 */
async function lookAtAll({ due, clock, events }: Engine): Promise<void> {
  for await (const page of due.due(plus(clock.now(), EVER_MS))) {
    await events.send(page.map((record) => wakeMessage(record, { all: true })));
  }
}
