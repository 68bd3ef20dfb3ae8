/** A thread that runs the authors' code, one attempt at a time: whatever it prints, throws or breaks stays here. */
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parentPort, threadId, workerData } from "node:worker_threads";
import type { ErrorClass, TaskError } from "../../core/attempt.ts";
import { UNMAPPED, type AttemptKey } from "../../core/ids.ts";
import type { ObjectStore, RunnerInput, RunnerResult, TaskHost } from "../../core/task-host.ts";
import { createBlobStore } from "../s3/blob-store.ts";
import { withBucketNames } from "../s3/bucket-names.ts";
import { createObjectStore } from "../s3/object-store.ts";
import { createS3Client } from "../s3/s3-client.ts";
import { createBundleLoader } from "./bundles.ts";
import { captureOutput, finishLines, type Scope } from "./output.ts";
import type { FromThread, ThreadSettings, ToThread } from "./protocol.ts";

interface Current {
  readonly id: number;
  readonly scope: Scope;
  readonly control: AbortController;
}

const settings = workerData as ThreadSettings;
const s3 = createS3Client(settings);
const bundles = createBundleLoader(createBlobStore({ client: s3, bucket: settings.bucket }), settings.folder);
const objects: ObjectStore = withBucketNames(createObjectStore(s3), settings.bucketNames);
const scopes = new AsyncLocalStorage<Scope>();
let current: Current | undefined;
let tainted = false;
let attempts = 0;

const send = (message: FromThread): void => parentPort?.postMessage(message);

async function run(id: number, input: RunnerInput): Promise<void> {
  const scope: Scope = {
    say: (level, message, fields) => {
      const late = current?.id === id ? "" : "(after the end) ";
      send({ t: "log", id, level, message: `${late}${message}`, ...(fields === undefined ? {} : { fields }) });
    },
    unfinished: { info: "", warn: "" },
  };
  const control = new AbortController();
  current = { id, scope, control };
  const scratch = join(settings.folder, "scratch", `${threadId}-${++attempts}`);
  const result = await scopes.run(scope, () => execute(id, input, hostOf(input.dispatch.key, scope, control, scratch)));
  rmSync(scratch, { recursive: true, force: true });
  end(id, result);
}

async function execute(id: number, input: RunnerInput, host: TaskHost<AbortSignal>): Promise<RunnerResult> {
  try {
    const code = await bundles.load(input.dispatch.run.bundle);
    if (host.signal.aborted) return { kind: "skipped", reason: "given up before its code began" };
    send({ t: "began", id });
    return await code.execute(input, host);
  } catch (error) {
    tainted = true; // A module that failed to load stays failed in this thread.
    return { kind: "failed", error: taskError(error, isOurs(error) ? "permanent" : "transient") };
  }
}

function hostOf(key: AttemptKey, scope: Scope, control: AbortController, scratch: string): TaskHost<AbortSignal> {
  const instance = key.mapIndex === UNMAPPED ? key.taskId : `${key.taskId}@${key.mapIndex}`;
  let made = false;
  return {
    signal: control.signal,
    get scratch() {
      if (!made) mkdirSync(scratch, { recursive: true });
      made = true;
      return scratch;
    },
    staging: { bucket: settings.bucket, prefix: `staging/${key.runId}/${instance}/${key.attempt}/` },
    objects,
    environment: settings.environment,
    log: (level, message, fields) => scope.say(level, message, fields),
    now: () => Date.now(),
  };
}

function end(id: number, result: RunnerResult): void {
  if (current?.id !== id) return; // It has been answered for: what it threw elsewhere came first.
  finishLines(current.scope);
  current = undefined;
  send({ t: "result", id, result: sendable(result), last: tainted });
}

/** The result as plain data, or why it cannot leave the thread. */
function sendable(result: RunnerResult): RunnerResult {
  try {
    return JSON.parse(JSON.stringify(result)) as RunnerResult;
  } catch (error) {
    return { kind: "failed", error: taskError(error, "permanent") };
  }
}

const PERMANENT = new Set(["TypeError", "ReferenceError", "SyntaxError", "AssertionError"]);
const isOurs = (error: unknown): boolean => error instanceof Error && error.name === "FreshetError";

function taskError(error: unknown, otherwise: ErrorClass): TaskError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), class: otherwise };
  const name = "code" in error && isOurs(error) ? String(error.code) : error.name;
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  return { name, message: error.message, class: PERMANENT.has(error.name) ? "permanent" : otherwise, ...stack };
}

/** Something threw where nobody could catch it: the thread is answered for, and then not used again. */
function onUncaught(thrown: unknown): void {
  tainted = true;
  if (current === undefined) return;
  const error = taskError(thrown, "transient");
  const message = `${error.message} (thrown outside of what the task awaits: is there an \`await\` missing?)`;
  end(current.id, { kind: "failed", error: { ...error, message } });
}

captureOutput(scopes);
process.setSourceMapsEnabled(true);
process.on("uncaughtException", onUncaught);
process.on("unhandledRejection", onUncaught);
parentPort?.on("message", (message: ToThread) => {
  if (message.t === "run") void run(message.id, message.input);
  else if (current?.id === message.id) current.control.abort(new DOMException(message.reason, "AbortError"));
});
