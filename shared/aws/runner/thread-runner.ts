/**
 * Runs attempts in warm threads, one at a time in each. A thread can be ended whatever its code does, which a function that
 * ran it itself could not; and while it works, the executor renews leases and hears that an attempt was closed.
 */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { SHARE_ENV, Worker } from "node:worker_threads";
import type { TaskError } from "../../core/attempt.ts";
import type { AttemptKey } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { LogLevel, RunnerInput, RunnerResult } from "../../core/task-host.ts";
import { durationText } from "../../core/time.ts";
import type { TaskRunner } from "../../ports/task-runner.ts";
import type { FromThread, ThreadSettings, ToThread } from "./protocol.ts";

/** Between telling the code that it should stop and ending its thread. */
const STOP_GRACE_MS = 5_000;
/** Bundles that a thread loads before it is replaced: modules are never unloaded. */
const BUNDLES_MAX = 50;
/** A thread that has not fetched and loaded its bundle by then is ended. */
const START_MS_MAX = 60_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface ThreadRunnerOptions extends ThreadSettings {
  /** The module of a thread. */
  readonly thread: URL;
  /** The folder of npm packages that bundles import. */
  readonly packages: string;
  readonly log: (key: AttemptKey, level: LogLevel, message: string, fields?: JsonObject) => void;
  readonly stopGraceMs?: number;
  /** Memory of a thread's JavaScript; what takes more ends alone, as lost. Node's own limit unless given. */
  readonly memoryMb?: number;
}

export interface ThreadRunner extends TaskRunner {
  /** Ends all threads; what they ran is lost. */
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  readonly bundles: Set<string>;
  job: Job | undefined;
  /** Whose code it ran last: what that still says is that attempt's. */
  last: Pick<Job, "id" | "key"> | undefined;
}

interface Job {
  readonly id: number;
  readonly key: AttemptKey;
  readonly timeoutMs: number;
  readonly settle: (result: RunnerResult) => void;
  /** The result, once it no longer depends on what the code does. */
  verdict: RunnerResult | undefined;
  timer: NodeJS.Timeout | undefined;
}

interface Threads {
  readonly options: ThreadRunnerOptions;
  readonly idle: Thread[];
  readonly all: Set<Thread>;
  nextId: number;
}

export function createThreadRunner(options: ThreadRunnerOptions): ThreadRunner {
  linkPackages(options);
  const threads: Threads = { options, idle: [], all: new Set(), nextId: 1 };
  return {
    run: (input, signal) => runJob(threads, input, signal),
    async close() {
      await Promise.all([...threads.all].map(({ worker }) => worker.terminate()));
    },
  };
}

/** Bundles import npm packages by name, which Node looks up from where the bundle lies. */
function linkPackages({ folder, packages }: ThreadRunnerOptions): void {
  mkdirSync(folder, { recursive: true });
  const link = join(folder, "node_modules");
  rmSync(link, { force: true });
  symlinkSync(packages, link, "junction");
}

async function runJob(threads: Threads, input: RunnerInput, signal: AbortSignal): Promise<RunnerResult> {
  if (signal.aborted) return cancelled(signal);
  const thread = threads.idle.pop() ?? openThread(threads);
  return new Promise((settled) => {
    const job: Job = {
      id: threads.nextId++,
      key: input.dispatch.key,
      timeoutMs: input.dispatch.timeoutMs,
      settle: done,
      verdict: undefined,
      timer: undefined,
    };
    const onAbort = (): void => stop(threads, thread, "cancelled", cancelled(signal));
    function done(result: RunnerResult): void {
      clearTimeout(job.timer);
      signal.removeEventListener("abort", onAbort);
      settled(job.verdict ?? result);
    }
    thread.job = job;
    thread.last = job;
    thread.bundles.add(input.dispatch.run.bundle);
    signal.addEventListener("abort", onAbort);
    const notBegun = failure("ThreadStart", "lost", `the code did not begin within ${durationText(START_MS_MAX)}`);
    job.timer = setTimeout(() => stop(threads, thread, "it did not begin", notBegun), START_MS_MAX);
    say(thread, { t: "run", id: job.id, input });
  });
}

/** The time of an attempt counts from the beginning of its code: neither the thread's start nor the bundle's way is part of it. */
function startClock(threads: Threads, thread: Thread, job: Job): void {
  if (job.verdict !== undefined) return;
  clearTimeout(job.timer);
  const late = `the task ran longer than its timeout of ${durationText(job.timeoutMs)}`;
  job.timer = setTimeout(
    () => stop(threads, thread, late, failure("Timeout", "timeout", late)),
    Math.min(job.timeoutMs, TIMER_MS_MAX),
  );
}

const say = ({ worker }: Thread, message: ToThread): void => worker.postMessage(message);

function failure(name: string, errorClass: TaskError["class"], message: string): RunnerResult {
  return { kind: "failed", error: { name, message, class: errorClass } };
}

function cancelled(signal: AbortSignal): RunnerResult {
  const reason: unknown = signal.reason;
  return failure("Cancelled", "lost", reason instanceof Error ? reason.message : "the attempt was cancelled");
}

/** From outside: the code is told, given its grace, and ended. Its result is `verdict` whatever it still does. */
function stop(threads: Threads, thread: Thread, reason: string, verdict: RunnerResult): void {
  const { job } = thread;
  if (job === undefined || job.verdict !== undefined) return;
  job.verdict = verdict;
  say(thread, { t: "abort", id: job.id, reason });
  clearTimeout(job.timer);
  const graceMs = threads.options.stopGraceMs ?? STOP_GRACE_MS;
  job.timer = setTimeout(() => {
    threads.options.log(job.key, "error", `${reason}; it did not stop within ${durationText(graceMs)} and was ended`);
    void thread.worker.terminate();
  }, graceMs);
}

function openThread(threads: Threads): Thread {
  const { thread: module, packages: _packages, log, stopGraceMs: _grace, memoryMb, ...settings } = threads.options;
  // Credentials that the platform renews are in the environment, so it is one for all threads.
  const worker = new Worker(module, {
    workerData: settings satisfies ThreadSettings,
    env: SHARE_ENV,
    ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
  });
  const thread: Thread = { worker, bundles: new Set(), job: undefined, last: undefined };
  threads.all.add(thread);
  worker.on("message", (message: FromThread) => {
    const { job, last } = thread;
    if (message.t === "log") {
      if (last?.id === message.id) log(last.key, message.level, message.message, message.fields);
      return;
    }
    if (job?.id !== message.id) return;
    if (message.t === "began") return startClock(threads, thread, job);
    thread.job = undefined;
    if (message.last || thread.bundles.size >= BUNDLES_MAX) void worker.terminate();
    else threads.idle.push(thread);
    job.settle(message.result);
  });
  worker.on("error", (error) => end(threads, thread, crashed(error)));
  worker.on("exit", (code) => {
    const message = `the task's code ended its process: process.exit(${code}); throw an error to fail, return to succeed`;
    end(threads, thread, failure("ProcessExit", "transient", message));
  });
  return thread;
}

/** A thread that runs out of memory ends alone; whatever else it throws outside of an attempt, it has told before. */
function crashed(error: unknown): RunnerResult {
  const message = error instanceof Error ? error.message : String(error);
  return failure("ThreadDied", "lost", `the thread that ran the task died: ${message}`);
}

function end(threads: Threads, thread: Thread, result: RunnerResult): void {
  threads.all.delete(thread);
  const index = threads.idle.indexOf(thread);
  if (index >= 0) threads.idle.splice(index, 1);
  const { job } = thread;
  thread.job = undefined;
  job?.settle(result);
}
