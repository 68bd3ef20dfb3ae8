/**
 * Runs attempts in warm child processes, one attempt at a time in each. A process that hangs, runs out of time or dies is
 * replaced; what it ran is answered for here. Short tasks are sent ahead, so that a process need not sleep between them:
 * what has not begun comes back when the one before it takes long, or with the end of the process.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { TaskError } from "../../core/attempt.ts";
import { attemptKeyText } from "../../core/ids.ts";
import { LOCAL_ENVIRONMENT, type EnvironmentFacts, type RunnerInput, type RunnerResult } from "../../core/task-host.ts";
import { durationText } from "../../core/time.ts";
import type { Clock } from "../../ports/clock.ts";
import type { TaskRunner } from "../../ports/task-runner.ts";
import { openAttemptLog } from "../log-store.ts";
import { linkPackages } from "./bundles.ts";
import { freePlace, placeAhead, wanted, type Job, type Place, type Pool, type PoolLimits } from "./places.ts";
import type { FromWorker } from "./protocol.ts";
import { createShortTasks } from "./short-tasks.ts";
import { createProcessRegistry } from "./survivors.ts";
import { startWorker, type WorkerEnd } from "./worker.ts";

const POOL_LIMITS: PoolLimits = { stopGraceMs: 5_000, startMs: 30_000, idleMs: 15_000, bundlesMax: 50 };

/** Processes that may fail to start in a row before the attempts that wait for one are given up. */
const WORKER_STARTS_MAX = 3;
/** What has waited in a process for this long is asked back. */
const ASK_BACK_MS = 20;
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
  /** What tasks are told of where they run; `local`, with all the past that there is, unless given. */
  readonly environment?: EnvironmentFacts;
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
  /** So many attempts will come in a moment: processes for them are started now. */
  warm(count: number): void;
  /** Resolves as soon as no attempt is in hand. */
  idle(): Promise<void>;
  pids(): readonly number[];
  /** Kills what runs (as lost) and refuses what comes; resolves when all processes are gone. */
  close(): Promise<void>;
}

export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { env, clock, stagingBucket, environment = LOCAL_ENVIRONMENT } = options;
  const [home, cwd] = [resolve(options.home), resolve(options.projectRoot)];
  linkPackages(home, cwd);
  const pool: Pool = {
    size: options.size ?? Math.min(WORKERS_DEFAULT_MAX, WORKERS_A_CORE * availableParallelism()),
    limits: { ...POOL_LIMITS, ...options.limits },
    worker: { home, cwd, env, clock, stagingBucket, environment, registry: createProcessRegistry(home) },
    places: new Set(),
    waiting: [],
    jobs: new Set(),
    short: createShortTasks(),
    watch: undefined,
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
    waits: (key) => waits(pool, attemptKeyText(key)),
    wanted: () => wanted(pool),
    warm(count) {
      while (!pool.closed && pool.places.size < Math.min(count, pool.size)) openPlace(pool);
    },
    idle: async () => whenIdle(pool),
    pids: () => [...pool.places].map(({ worker }) => worker.pid).filter((pid) => pid !== undefined),
    async close() {
      clearInterval(shrinking);
      clearTimeout(pool.watch);
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
    const unset = { place: undefined, verdict: undefined, reason: "", timer: undefined };
    const job: Job = { id, input, settle: done, ...unset };
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

function waits(pool: Pool, name: string): boolean {
  for (const job of pool.jobs) {
    if (attemptKeyText(job.input.dispatch.key) === name) return job.place?.jobs[0] !== job;
  }
  return false;
}

function cancelled(signal: AbortSignal): RunnerResult {
  const reason: unknown = signal.reason;
  return failure("Cancelled", "lost", reason instanceof Error ? reason.message : "the attempt was cancelled");
}

/** Gives jobs to free processes, sends short ones ahead to others, and starts processes for what remains. */
function assign(pool: Pool): void {
  for (let [job] = pool.waiting; job !== undefined; [job] = pool.waiting) {
    const place = freePlace(pool, job) ?? placeAhead(pool, job);
    if (place === undefined) break;
    pool.waiting.shift();
    give(pool, place, job);
  }
  let starting = 0;
  for (const { state } of pool.places) if (state === "starting") starting++;
  while (starting < pool.waiting.length && pool.places.size < pool.size) {
    openPlace(pool);
    starting++;
  }
}

function give(pool: Pool, place: Place, job: Job): void {
  job.place = place;
  place.jobs.push(job);
  place.loaded.add(job.input.dispatch.run.bundle);
  place.worker.send({ t: "run", id: job.id, input: job.input });
  if (place.jobs.length === 1) begin(pool, place, job);
  else pool.watch ??= setTimeout(watchHeads, ASK_BACK_MS, pool);
}

/** It is this one's turn in its process. */
function begin(pool: Pool, place: Place, job: Job): void {
  const { dispatch } = job.input;
  if (place.state === "idle") place.state = "busy";
  place.since = performance.now();
  place.worker.speakFor(dispatch.key);
  if (job.verdict !== undefined) return tellToStop(pool, place, job);
  job.timer = setTimeout(timeOut, Math.min(dispatch.timeoutMs, TIMER_MS_MAX), pool, job);
}

function timeOut(pool: Pool, job: Job): void {
  const late = `the task ran longer than its timeout of ${durationText(job.input.dispatch.timeoutMs)}`;
  stop(pool, job, late, failure("Timeout", "timeout", late));
}

/** From outside: the code is told, given its grace, and killed. Its result is `verdict` whatever it still does. */
function stop(pool: Pool, job: Job, reason: string, verdict: RunnerResult): void {
  if (job.verdict !== undefined) return;
  const { place } = job;
  if (place === undefined) {
    pool.waiting.splice(pool.waiting.indexOf(job), 1);
    return settle(pool, job, verdict);
  }
  Object.assign(job, { verdict, reason } satisfies Partial<Job>);
  if (place.jobs[0] === job) tellToStop(pool, place, job);
  else askBack(place); // Settled when it comes back, told to stop if it begins before that.
}

function tellToStop(pool: Pool, place: Place, job: Job): void {
  const { id, reason, input } = job;
  place.worker.send({ t: "abort", id, reason });
  clearTimeout(job.timer);
  job.timer = setTimeout(() => {
    const text = `${reason}; it did not stop within ${durationText(pool.limits.stopGraceMs)} and was killed`;
    openAttemptLog(pool.worker.home, input.dispatch.key).write(pool.worker.clock.now(), "error", text);
    leave(place);
  }, pool.limits.stopGraceMs);
}

/** Asks back what waits behind something that takes long; looks again as long as there is anything sent ahead. */
function watchHeads(pool: Pool): void {
  // Results may have come while this process was busy itself: first they are heard.
  setImmediate(() => {
    pool.watch = undefined;
    if (pool.closed) return;
    const now = performance.now();
    for (const place of pool.places) {
      if (place.jobs.length < 2) continue;
      if (now - place.since > ASK_BACK_MS) askBack(place);
      pool.watch ??= setTimeout(watchHeads, ASK_BACK_MS, pool);
    }
  });
}

function askBack(place: Place): void {
  if (place.asked) return;
  place.asked = true;
  place.worker.send({ t: "return" });
}

/** These have not begun, and go to the next free process before all others. */
function takeBack(pool: Pool, jobs: readonly Job[]): void {
  for (const job of jobs) {
    clearTimeout(job.timer);
    job.place = undefined;
    if (job.verdict !== undefined) settle(pool, job, job.verdict);
  }
  pool.waiting.unshift(...jobs.filter(({ verdict }) => verdict === undefined));
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
    onPrinted: () => {
      const bundle = place.jobs[0]?.input.dispatch.run.bundle;
      if (bundle !== undefined) pool.short.printed(bundle);
    },
    onEnd: (end: WorkerEnd) => onEnd(pool, place, end),
  };
  const worker = startWorker(pool.worker, events);
  const place: Place = {
    worker,
    loaded: new Set(),
    startTimer: setTimeout(() => worker.kill(), pool.limits.startMs).unref(),
    state: "starting",
    since: performance.now(),
    jobs: [],
    asked: false,
  };
  pool.places.add(place);
}

function onMessage(pool: Pool, place: Place, message: FromWorker): void {
  switch (message.t) {
    case "ready":
      clearTimeout(place.startTimer);
      pool.startFailures = 0;
      release(place);
      return assign(pool);
    case "tainted":
      return retire(pool, place);
    case "returned":
      return onReturned(pool, place, message.ids);
    case "result":
      return onResult(pool, place, message);
  }
}

function onReturned(pool: Pool, place: Place, ids: readonly number[]): void {
  const back = place.jobs.filter(({ id }) => ids.includes(id));
  place.jobs = place.jobs.filter((job) => !back.includes(job));
  takeBack(pool, back);
  if (place.jobs.length === 0 && place.state === "busy") release(place);
  assign(pool);
}

function onResult(pool: Pool, place: Place, message: Extract<FromWorker, { t: "result" }>): void {
  const [job, next] = place.jobs;
  if (job?.id !== message.id) return;
  place.jobs.shift();
  place.asked = false;
  pool.short.ended(job.input, message.ms);
  pool.meanTaskMs = Number.isFinite(pool.meanTaskMs)
    ? pool.meanTaskMs + (message.ms - pool.meanTaskMs) * MEAN_WEIGHT
    : message.ms;
  if (message.last || (next === undefined && place.loaded.size >= pool.limits.bundlesMax)) retire(pool, place);
  else if (next === undefined && place.state === "busy") release(place);
  else if (next !== undefined) begin(pool, place, next);
  settle(pool, job, message.result);
  assign(pool);
}

/** Nothing begins there any more. */
function retire(pool: Pool, place: Place): void {
  leave(place);
  takeBack(pool, place.jobs.splice(0));
}

function release(place: Place): void {
  place.state = "idle";
  place.since = performance.now();
}

function leave(place: Place): void {
  place.state = "leaving";
  place.worker.kill();
}

function onEnd(pool: Pool, place: Place, { how, lastWords, heard }: WorkerEnd): void {
  clearTimeout(place.startTimer);
  pool.places.delete(place);
  const said = lastWords === "" ? "" : `; it said last:\n${lastWords}`;
  const lost = failure("WorkerDied", "lost", `the worker process that ran the task ${how}${said}`);
  // Of those without a result only the first can have begun, if all results have been heard.
  const begun = heard ? place.jobs.slice(0, 1) : place.jobs;
  const behind = place.jobs.slice(begun.length);
  place.jobs = [];
  takeBack(pool, behind);
  for (const job of begun) settle(pool, job, lost);
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
