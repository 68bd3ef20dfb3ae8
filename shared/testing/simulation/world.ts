/** A world in which nothing goes wrong but what was asked for, and nothing takes time but the tasks. */
import { handleRunMessages, recordOf } from "../../app/handle-messages.ts";
import type { Engine } from "../../app/engine.ts";
import { runAttempt } from "../../app/attempt/run-attempt.ts";
import { tick } from "../../app/tick.ts";
import type { RunMessage } from "../../contract/messages.ts";
import type { Dispatch } from "../../core/attempt.ts";
import type { Executor } from "../../core/manifest.ts";
import { instant, plus, type Instant } from "../../core/time.ts";
import { TIMER_HORIZON_MS } from "../../ports/timers.ts";
import { createDatabase, type Database } from "../../simulated/database.ts";
import { CALM } from "../../simulated/faults.ts";
import { createKernel, type Kernel } from "../../simulated/kernel.ts";
import { engineOf, executingOf } from "../../simulated/ports/wiring.ts";
import { createProcess, type Host } from "../../simulated/process.ts";
import { randomOf } from "../../simulated/random.ts";
import { playScript, type Script } from "../../simulated/script.ts";
import type { QueueEnd, SimulatedWorld } from "../../simulated/world.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

/** As many as the longest period may need: a world that needs more goes round in circles. */
const STEPS_MAX = 200_000_000;
const TICK_MS = 60_000;

/** How long a claim lasts, and how often it is renewed: as functions and workers have it. */
const LEASES: Readonly<
  Record<Executor, (timeoutMs: number) => { readonly leaseMs: number; readonly heartbeatMs: number }>
> = {
  lambda: (timeoutMs) => ({ leaseMs: timeoutMs + 30_000, heartbeatMs: 60_000 }),
  worker: () => ({ leaseMs: 60_000, heartbeatMs: 20_000 }),
};

export interface CalmWorld {
  readonly kernel: Kernel;
  readonly database: Database;
  readonly recorder: Recorder;
  /** Does it then, after whatever the scheduler is at. */
  schedule(at: Instant, work: (engine: Engine) => Promise<unknown>): void;
  accept(message: RunMessage): void;
  /** Whether nothing is left to be done. */
  atRest(): boolean;
  /** What went wrong, which nothing should. */
  failure(): unknown;
}

/** `scriptOf` says what the code of an attempt does. */
export function createCalmWorld(startAt: Instant, seed: number, scriptOf: (dispatch: Dispatch) => Script): CalmWorld {
  const kernel = createKernel(startAt, STEPS_MAX);
  const random = randomOf(seed, "calm");
  let failure: unknown;
  const fail = (error: unknown): void => void (failure ??= error);
  const recorder = createRecorder((due) => ticker.lookAt(due));
  const database = createDatabase({ kernel, faults: CALM, random, watch: recorder.watch, encoded: false });
  const host: Host = { name: "calm", skewMs: 0, versions: new Map() };
  let counted = 0;
  const world: SimulatedWorld = {
    kernel,
    random,
    faults: CALM,
    floating: () => undefined,
    database,
    watch: recorder.watch,
    events: { accept: (message, delayMs) => kernel.after(delayMs, () => lane.take(message)) },
    tasks: { lambda: executor("lambda"), worker: executor("worker") },
    wire: false,
    recordedFaults: [],
    count: () => (counted += 1),
    trace: undefined,
  };
  const scheduler = createProcess(world, host, "scheduler");
  const engine = engineOf(world, scheduler);
  const lane = createLane(kernel, engine, fail);
  const ticker = createTicker(kernel, () => lane.add(() => tick(engine, plus(engine.clock.now(), TICK_MS))));
  let planned = 0;

  function executor(name: Executor): QueueEnd<Dispatch> {
    return { accept: (dispatch, delayMs) => kernel.after(delayMs, () => start(name, dispatch)) };
  }

  function start(name: Executor, dispatch: Dispatch): void {
    const process = createProcess(world, host, `${name}/${world.count()}`);
    const runner = {
      run: (_input: unknown, signal: AbortSignal) =>
        new Promise<Script>((resolve) => resolve(scriptOf(dispatch))).then(
          (script) => playScript(world, process, script, dispatch.timeoutMs, signal),
          (error: unknown) => {
            fail(error);
            return new Promise<never>(() => {});
          },
        ),
    };
    runAttempt(executingOf(world, process, { ...LEASES[name](dispatch.timeoutMs), runner }), dispatch).catch(fail);
    kernel.settled();
  }

  return {
    kernel,
    database,
    recorder,
    schedule(at, work) {
      planned += 1;
      kernel.schedule(at, () => lane.add(() => work(engine).finally(() => (planned -= 1))));
    },
    // At once, so that nothing seems to be at rest while it is on its way.
    accept: (message) => lane.take(message),
    atRest: () => planned === 0 && recorder.isQuiet() && lane.isIdle(),
    failure: () => failure ?? world.recordedFaults[0],
  };
}

interface Lane {
  add(work: () => Promise<unknown>): void;
  take(message: RunMessage): void;
  isIdle(): boolean;
}

/** The scheduler's work, one thing after the other: what happens together never contends. */
function createLane(kernel: Kernel, engine: Engine, fail: (error: unknown) => void): Lane {
  const work: (() => Promise<unknown>)[] = [];
  let messages: RunMessage[] = [];
  let busy = false;
  const handle = async (): Promise<void> => {
    const taken = messages;
    messages = [];
    for (const group of Map.groupBy(taken, recordOf).values())
      messages.push(...(await handleRunMessages(engine, group)));
  };
  const pump = async (): Promise<void> => {
    busy = true;
    for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
    busy = false;
  };
  const add = (next: () => Promise<unknown>): void => {
    work.push(next);
    if (busy) return;
    pump().catch(fail);
    kernel.settled();
  };
  return {
    add,
    take(message) {
      messages.push(message);
      // All that has come by the time the scheduler gets to it is handled together.
      if (messages.length === 1) add(handle);
    },
    isIdle: () => !busy && messages.length === 0,
  };
}

interface Ticker {
  /** A record is due then. */
  lookAt(due: Instant): void;
}

/** The tick of every minute in which something is due, or nearly: without anything due a tick does nothing. */
function createTicker(kernel: Kernel, beat: () => void): Ticker {
  const planned = new Set<number>();
  return {
    lookAt(due) {
      const soonest = Math.max(kernel.now(), due - TIMER_HORIZON_MS);
      const at = Math.ceil(soonest / TICK_MS) * TICK_MS;
      // A record that is due still is seen by the next tick, too.
      for (const minute of [at, Math.max(at, Math.ceil(due / TICK_MS) * TICK_MS)]) {
        if (planned.has(minute)) continue;
        planned.add(minute);
        kernel.schedule(instant(minute), () => {
          planned.delete(minute);
          beat();
        });
      }
    },
  };
}
