/** The processes of a pool and what each of them has: which of them an attempt goes to. */
import type { RunnerInput, RunnerResult } from "../../core/task-host.ts";
import { SHORT_TASK_MS, type ShortTasks } from "./short-tasks.ts";
import type { Worker, WorkerOptions } from "./worker.ts";

/** Attempts that are worth claiming ahead of a free process while tasks take next to no time. */
const AHEAD_MAX = 64;
/** Attempts that a process has at once at the most, the one that it runs included. */
const AHEAD_IN_PLACE_MAX = 8;

export interface PoolLimits {
  /** Between telling the code that it should stop and killing its process. */
  readonly stopGraceMs: number;
  /** A process that is not ready by then is killed. */
  readonly startMs: number;
  /** A worker that had nothing to do for this long is ended, unless it is the last. */
  readonly idleMs: number;
  /** Bundles that a process loads before it is replaced: modules are never unloaded. */
  readonly bundlesMax: number;
}

export interface Job {
  readonly id: number;
  readonly input: RunnerInput;
  readonly settle: (result: RunnerResult) => void;
  place: Place | undefined;
  /** The result, once it no longer depends on what the code does, and why it should stop. */
  verdict: RunnerResult | undefined;
  reason: string;
  timer: NodeJS.Timeout | undefined;
}

export interface Place {
  readonly worker: Worker;
  readonly loaded: Set<string>;
  readonly startTimer: NodeJS.Timeout;
  state: "starting" | "idle" | "busy" | "leaving";
  /** On the monotonic clock: when the present state began. */
  since: number;
  /** The first one runs, the others were sent ahead. */
  jobs: Job[];
  /** It was told to give back what has not begun: it gets nothing more before the one that runs has ended. */
  asked: boolean;
}

export interface Pool {
  readonly size: number;
  readonly limits: PoolLimits;
  readonly worker: WorkerOptions;
  readonly places: Set<Place>;
  readonly waiting: Job[];
  readonly jobs: Set<Job>;
  readonly short: ShortTasks;
  watch: NodeJS.Timeout | undefined;
  idleWaiters: (() => void)[];
  closed: boolean;
  startFailures: number;
  nextId: number;
  meanTaskMs: number;
}

/** One that knows the bundle if there is one. */
export function freePlace(pool: Pool, { input }: Job): Place | undefined {
  let free: Place | undefined;
  for (const place of pool.places) {
    if (place.state !== "idle") continue;
    if (place.loaded.has(input.dispatch.run.bundle)) return place;
    free ??= place;
  }
  return free;
}

/** The least loaded of those that run tasks of the same bundle, all short. */
export function placeAhead(pool: Pool, { input }: Job): Place | undefined {
  if (!pool.short.isShort(input)) return undefined;
  let least: Place | undefined;
  for (const place of pool.places) {
    const { jobs, state, asked, loaded } = place;
    const room = state === "busy" && !asked && loaded.size < pool.limits.bundlesMax;
    if (!room || jobs.length >= (least?.jobs.length ?? AHEAD_IN_PLACE_MAX)) continue;
    const last = jobs.at(-1)?.input;
    const alike = last?.dispatch.run.bundle === input.dispatch.run.bundle;
    if (alike && last !== undefined && pool.short.isShort(last)) least = place;
  }
  return least;
}

/** How many attempts are worth having in hand: as many as there are processes, more while tasks are short. */
export function wanted(pool: Pool): number {
  const { size } = pool;
  if (pool.meanTaskMs > SHORT_TASK_MS) return size;
  const now = performance.now();
  for (const place of pool.places) if (place.state === "busy" && now - place.since > SHORT_TASK_MS) return size;
  return size + AHEAD_MAX;
}
