/**
 * Runs attempts in warm child processes, one attempt at a time in each. A process that hangs, runs out of time or dies is
 * replaced; what it ran is answered for here.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { TaskError } from "../../core/attempt.ts";
import type { RunnerInput, RunnerResult } from "../../core/task-host.ts";
import { durationText } from "../../core/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TaskRunner } from "../../ports/task-runner.ts";
import { openAttemptLog } from "../log-store.ts";
import { linkPackages } from "./bundles.ts";
import type { FromWorker } from "./protocol.ts";
import { createProcessRegistry } from "./survivors.ts";
import { startWorker, type Worker, type WorkerEnd, type WorkerOptions } from "./worker.ts";

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

const POOL_LIMITS: PoolLimits = { stopGraceMs: 5_000, startMs: 30_000, idleMs: 15_000, bundlesMax: 50 };

/** Processes that may fail to start in a row before the attempts that wait for one are given up. */
const WORKER_STARTS_MAX = 3;
/** Attempts that are worth claiming ahead of a free process while tasks take next to no time. */
const AHEAD_MAX = 64;
/** Tasks that take longer than this are not claimed ahead. */
const AHEAD_TASK_MS = 5;
/** Tasks mostly wait, for storage and for other systems; processes without work are ended. */
const WORKERS_A_CORE = 4;
const WORKERS_DEFAULT_MAX = 32;
const TIMER_MS_MAX = 2 ** 31 - 1;
/** The weight of the latest task in the mean of how long tasks take. */
const MEAN_WEIGHT = 0.1;

export interface WorkerPoolOptions {
  readonly home: string;
  /** Where the author's `node_modules` are, and where tasks run. */
  readonly projectRoot: string;
  /** The bucket in which attempts have their staging. */
  readonly stagingBucket: string;
  /** Processes at the most; four a core, and no more than 32, unless given. */
  readonly size?: number;
  /** All of the environment that tasks see. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly limits?: Partial<PoolLimits>;
}

export interface WorkerPool extends TaskRunner {
  /** How many attempts are worth having in hand at once: as many as there are processes, more while tasks are short. */
  wanted(): number;
  /** Resolves as soon as no attempt is in hand. */
  idle(): Promise<void>;
  pids(): readonly number[];
  /** Kills what runs (as lost) and refuses what comes; resolves when all processes are gone. */
  close(): Promise<void>;
}

interface Job {
  readonly id: number;
  readonly input: RunnerInput;
  readonly settle: (result: RunnerResult) => void;
  place: Place | undefined;
  /** The result, once it no longer depends on what the code does. */
  verdict: RunnerResult | undefined;
  timer: NodeJS.Timeout | undefined;
}

interface Place {
  readonly worker: Worker;
  readonly loaded: Set<string>;
  readonly startTimer: NodeJS.Timeout;
  state: "starting" | "idle" | "busy" | "leaving";
  /** On the monotonic clock: when the present state began. */
  since: number;
  job: Job | undefined;
  tainted: boolean;
}

interface Pool {
  readonly size: number;
  readonly limits: PoolLimits;
  readonly worker: WorkerOptions;
  readonly places: Set<Place>;
  readonly waiting: Job[];
  readonly jobs: Set<Job>;
  idleWaiters: (() => void)[];
  closed: boolean;
  startFailures: number;
  nextId: number;
  meanTaskMs: number;
}

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { env, clock, stagingBucket } = options;
  const [home, cwd] = [resolve(options.home), resolve(options.projectRoot)];
  linkPackages(home, cwd);
  const pool: Pool = {
    size: options.size ?? Math.min(WORKERS_DEFAULT_MAX, WORKERS_A_CORE * availableParallelism()),
    limits: { ...POOL_LIMITS, ...options.limits },
    worker: { home, cwd, env, clock, stagingBucket, registry: createProcessRegistry(home) },
    places: new Set(),
    waiting: [],
    jobs: new Set(),
    idleWaiters: [],
    closed: false,
    startFailures: 0,
    nextId: 1,
    meanTaskMs: Number.POSITIVE_INFINITY,
  };
  openPlace(pool);
  const shrinking = setInterval(endIdle, pool.limits.idleMs / 2, pool).unref();
  return {
    run: async (input, signal) => runJob(pool, input, signal),
    wanted: () => wanted(pool),
    idle: async () => whenIdle(pool),
    pids: () => [...pool.places].map(({ worker }) => worker.pid).filter((pid) => pid !== undefined),
    async close() {
      clearInterval(shrinking);
      pool.closed = true;
      for (const job of pool.waiting.splice(0)) settle(pool, job, STOPPING);
      for (const job of pool.jobs) job.verdict ??= STOPPING;
      const gone = [...pool.places].map((place) => place.worker.gone);
      for (const place of pool.places) leave(place);
      await Promise.all(gone);
    },
  };
}

const failure = (name: string, errorClass: TaskError["class"], message: string): RunnerResult => ({
  kind: "failed",
  error: { name, message, class: errorClass },
});

const STOPPING = failure("PoolClosed", "lost", "Freshet is stopping");

async function runJob(pool: Pool, input: RunnerInput, signal: AbortSignal): Promise<RunnerResult> {
  if (pool.closed) return STOPPING;
  if (signal.aborted) return cancelled(signal);
  return new Promise((settled) => {
    const id = pool.nextId++;
    const job: Job = { id, input, settle: done, place: undefined, verdict: undefined, timer: undefined };
    const onAbort = (): void => stop(pool, job, "cancelled", cancelled(signal));
    function done(result: RunnerResult): void {
      signal.removeEventListener("abort", onAbort);
      settled(result);
    }
    signal.addEventListener("abort", onAbort);
    pool.jobs.add(job);
    pool.waiting.push(job);
    assign(pool);
  });
}

function cancelled(signal: AbortSignal): RunnerResult {
  const reason: unknown = signal.reason;
  return failure("Cancelled", "lost", reason instanceof Error ? reason.message : "the attempt was cancelled");
}

/** Gives jobs to free processes, and starts processes for the others. */
function assign(pool: Pool): void {
  while (pool.waiting.length > 0) {
    const place = freePlace(pool, pool.waiting[0]?.input.dispatch.run.bundle);
    if (place === undefined) break;
    const job = pool.waiting.shift();
    if (job !== undefined) start(pool, place, job);
  }
  let starting = 0;
  for (const { state } of pool.places) if (state === "starting") starting++;
  while (starting < pool.waiting.length && pool.places.size < pool.size) {
    openPlace(pool);
    starting++;
  }
}

/** One that knows the bundle if there is one. */
function freePlace(pool: Pool, bundle: string | undefined): Place | undefined {
  let free: Place | undefined;
  for (const place of pool.places) {
    if (place.state !== "idle") continue;
    if (bundle !== undefined && place.loaded.has(bundle)) return place;
    free ??= place;
  }
  return free;
}

function start(pool: Pool, place: Place, job: Job): void {
  const { dispatch } = job.input;
  Object.assign(place, { state: "busy", since: performance.now(), job } satisfies Partial<Place>);
  job.place = place;
  place.loaded.add(dispatch.run.bundle);
  place.worker.speakFor(dispatch.key);
  place.worker.send({ t: "run", id: job.id, input: job.input });
  const late = `the task ran longer than its timeout of ${durationText(dispatch.timeoutMs)}`;
  const verdict = failure("Timeout", "timeout", late);
  job.timer = setTimeout(stop, Math.min(dispatch.timeoutMs, TIMER_MS_MAX), pool, job, late, verdict);
}

/** From outside: the code is told, given its grace, and killed. Its result is `verdict` whatever it still does. */
function stop(pool: Pool, job: Job, reason: string, verdict: RunnerResult): void {
  if (job.verdict !== undefined) return;
  const { place } = job;
  if (place === undefined) {
    pool.waiting.splice(pool.waiting.indexOf(job), 1);
    return settle(pool, job, verdict);
  }
  job.verdict = verdict;
  place.worker.send({ t: "abort", id: job.id, reason });
  clearTimeout(job.timer);
  job.timer = setTimeout(() => {
    const { key } = job.input.dispatch;
    const text = `${reason}; it did not stop within ${durationText(pool.limits.stopGraceMs)} and was killed`;
    openAttemptLog(pool.worker.home, key).write(pool.worker.clock.now(), "error", text);
    leave(place);
  }, pool.limits.stopGraceMs);
}

function settle(pool: Pool, job: Job, result: RunnerResult): void {
  clearTimeout(job.timer);
  pool.jobs.delete(job);
  job.settle(job.verdict ?? result);
  if (pool.jobs.size > 0) return;
  for (const wake of pool.idleWaiters.splice(0)) wake();
}

async function whenIdle(pool: Pool): Promise<void> {
  if (pool.jobs.size === 0) return;
  await new Promise<void>((wake) => pool.idleWaiters.push(wake));
}

function openPlace(pool: Pool): void {
  const events = {
    onMessage: (message: FromWorker) => onMessage(pool, place, message),
    onEnd: (end: WorkerEnd) => onEnd(pool, place, end),
  };
  const worker = startWorker(pool.worker, events);
  const place: Place = {
    worker,
    loaded: new Set(),
    startTimer: setTimeout(() => worker.kill(), pool.limits.startMs).unref(),
    state: "starting",
    since: performance.now(),
    job: undefined,
    tainted: false,
  };
  pool.places.add(place);
}

function onMessage(pool: Pool, place: Place, message: FromWorker): void {
  if (message.t === "ready") {
    clearTimeout(place.startTimer);
    pool.startFailures = 0;
    release(pool, place);
  } else if (message.t === "tainted") {
    place.tainted = true;
    if (place.state === "idle") leave(place);
  } else if (place.job?.id === message.id) {
    const { job } = place;
    const tookMs = performance.now() - place.since;
    pool.meanTaskMs = Number.isFinite(pool.meanTaskMs)
      ? pool.meanTaskMs + (tookMs - pool.meanTaskMs) * MEAN_WEIGHT
      : tookMs;
    place.job = undefined;
    if (message.last || place.tainted || place.loaded.size >= pool.limits.bundlesMax) leave(place);
    else if (place.state === "busy") release(pool, place);
    settle(pool, job, message.result);
  }
}

function release(pool: Pool, place: Place): void {
  place.state = "idle";
  place.since = performance.now();
  assign(pool);
}

function leave(place: Place): void {
  place.state = "leaving";
  place.worker.kill();
}

function onEnd(pool: Pool, place: Place, { how, lastWords }: WorkerEnd): void {
  clearTimeout(place.startTimer);
  pool.places.delete(place);
  const said = lastWords === "" ? "" : `; it said last:\n${lastWords}`;
  if (place.job !== undefined) {
    settle(pool, place.job, failure("WorkerDied", "lost", `the worker process that ran the task ${how}${said}`));
  }
  if (pool.closed) return;
  if (place.state === "starting" && ++pool.startFailures >= WORKER_STARTS_MAX) {
    const text = `no worker process can be started: the last one ${how}${said}`;
    for (const job of pool.waiting.splice(0)) settle(pool, job, failure("WorkerStart", "lost", text));
    return; // The next attempt tries again.
  }
  if (pool.places.size === 0) openPlace(pool);
  assign(pool);
}

function endIdle(pool: Pool): void {
  const now = performance.now();
  let staying = 0;
  for (const { state } of pool.places) if (state !== "leaving") staying++;
  for (const place of pool.places) {
    if (staying <= 1) return;
    if (place.state !== "idle" || now - place.since < pool.limits.idleMs) continue;
    leave(place);
    staying--;
  }
}

function wanted(pool: Pool): number {
  const { size } = pool;
  if (pool.meanTaskMs > AHEAD_TASK_MS) return size;
  const now = performance.now();
  for (const place of pool.places) if (place.state === "busy" && now - place.since > AHEAD_TASK_MS) return size;
  return size + AHEAD_MAX;
}
