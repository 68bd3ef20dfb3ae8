/**
 * A worker process: runs one attempt at a time, and everything that it prints, throws or breaks stays here. What it was sent
 * ahead waits, and goes back where it came from if this process should not run it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { Socket } from "node:net";
import { join } from "node:path";
import type { ErrorClass, TaskError } from "../../core/attempt.ts";
import type { RunnerResult, TaskHost } from "../../core/task-host.ts";
import { openAttemptLog } from "../log-store.ts";
import { createBundleLoader } from "./bundles.ts";
import { createHost } from "./host.ts";
import { captureOutput, createScope, finishLines, say, type Scope } from "./output.ts";
import { RESULT_BYTES_MAX, WORKER_IN_FD, WORKER_OUT_FD, createLineReader } from "./protocol.ts";
import type { FromWorker, ToWorker, WorkerSettings } from "./protocol.ts";

type RunMessage = Extract<ToWorker, { t: "run" }>;

interface Current {
  readonly id: number;
  readonly scope: Scope;
  readonly controller: AbortController;
  /** On the monotonic clock: when its code, which may have had to be loaded, began. */
  began: number;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as WorkerSettings;
const bundles = createBundleLoader(settings.home);
const scopes = new AsyncLocalStorage<Scope>();
const folder = process.cwd();
delete process.env["NODE_COMPILE_CACHE"]; // Ours, and not for what the author's code starts.
/** Sent and not begun, in the order in which they will be. */
const waiting: RunMessage[] = [];
/** What takes longer than this may have kept messages from being heard. */
const DEAF_MS = 5;
let current: Current | undefined;
/** What the process can no longer be trusted with after this attempt. */
let tainted = false;
let attempts = 0;

const send = (message: Exclude<FromWorker, { t: "result" }>): void => writeLine(JSON.stringify(message));

function writeLine(text: string): void {
  const bytes = Buffer.from(`${text}\n`);
  for (let sent = 0; sent < bytes.length;) sent += writeSync(WORKER_OUT_FD, bytes, sent);
}

function runNext(): void {
  if (tainted || current !== undefined) return;
  const message = waiting.shift();
  if (message !== undefined) void run(message);
}

/** What has not begun never will in this process. */
function giveBack(): void {
  send({ t: "returned", ids: waiting.splice(0).map(({ id }) => id) });
}

async function run(message: RunMessage): Promise<void> {
  const { key } = message.input.dispatch;
  const scope = createScope(openAttemptLog(settings.home, key));
  const controller = new AbortController();
  current = { id: message.id, scope, controller, began: performance.now() };
  if (process.cwd() !== folder) process.chdir(folder); // An earlier attempt went elsewhere.
  const open = createHost({
    ...settings,
    key,
    signal: controller.signal,
    scratch: join(settings.home, "scratch", String(process.pid), String(++attempts)),
    log: (level, text, fields) => say(scope, level, text, fields),
  });
  const result = await scopes.run(scope, async () => execute(message, open.host));
  if (current?.scope !== scope) return; // It has been answered for: what it threw elsewhere came first.
  open.close();
  end(result);
}

async function execute({ id, input }: RunMessage, host: TaskHost<AbortSignal>): Promise<RunnerResult> {
  try {
    const code = await bundles.load(input.dispatch.run.bundle);
    if (current?.id === id) current.began = performance.now();
    if (host.signal.aborted) return { kind: "skipped", reason: "given up before its code began" };
    return await code.execute(input, host);
  } catch (error) {
    tainted = true; // A module that failed to load stays failed in this process.
    return { kind: "failed", error: taskError(error, "permanent") };
  }
}

/** Answers for the current attempt. */
function end(result: RunnerResult): void {
  if (current === undefined) return;
  const { id, scope, began } = current;
  finishLines(scope);
  scope.ended = true;
  current = undefined;
  const ms = Math.round((performance.now() - began) * 100) / 100;
  writeLine(`{"t":"result","id":${id},"last":${tainted},"ms":${ms},"result":${resultText(result)}}`);
  // After a turn of the event loop: what this attempt threw elsewhere comes out before the next one begins. After a long
  // attempt there is another turn, in which what has come meanwhile is heard: the next one may be wanted back.
  if (waiting.length > 0) setImmediate(ms > DEAF_MS ? () => setImmediate(runNext) : runNext);
}

/** The result as JSON, or why it cannot leave the process. */
function resultText(result: RunnerResult): string {
  let size = "cannot be written as JSON";
  try {
    const text = JSON.stringify(result);
    const bytes = Buffer.byteLength(text);
    if (bytes <= RESULT_BYTES_MAX) return text;
    size = `has ${bytes} bytes; at most ${RESULT_BYTES_MAX} are allowed`;
  } catch {
    // Longer than the longest text that there can be, or not JSON: the runtime in the bundle should have refused it.
  }
  const message = `the task's output ${size}. Put the data into storage and return its key`;
  const error: TaskError = { name: "OUTPUT_TOO_LARGE", message, class: "permanent" };
  return JSON.stringify({ kind: "failed", error });
}

const PERMANENT = new Set(["TypeError", "ReferenceError", "SyntaxError", "AssertionError"]);

function taskError(error: unknown, otherwise: ErrorClass): TaskError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), class: otherwise };
  const name = "code" in error && error.name === "FreshetError" ? String(error.code) : error.name;
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  return { name, message: error.message, class: PERMANENT.has(error.name) ? "permanent" : otherwise, ...stack };
}

/** Something threw where nobody could catch it. After that the state of the process is anybody's guess. */
function onUncaught(thrown: unknown): void {
  const scope = scopes.getStore();
  const first = !tainted;
  tainted = true;
  const error = taskError(thrown, "transient");
  if (scope?.ended === true) say(scope, "error", error.stack ?? `${error.name}: ${error.message}`);
  else if (current !== undefined) {
    const message = `${error.message} (thrown outside of what the task awaits: is there an \`await\` missing?)`;
    end({ kind: "failed", error: { ...error, message } });
    die(); // The rest of the task must not go on beside its next try.
  }
  if (first && current === undefined) send({ t: "tainted" });
}

/** The author's code ended the process: `process.exit`. */
function onExit(exitCode: number): void {
  if (current === undefined) return;
  tainted = true;
  const message = `the task's code called process.exit(${exitCode}); throw an error to fail, return to succeed`;
  try {
    end({ kind: "failed", error: { name: "ProcessExit", message, class: "transient" } });
  } catch {
    // The pool is gone, and so is the need to tell it.
  }
}

/** The pool is gone or needs this process no more: nobody waits for what it does, nor for what it started. */
function die(): never {
  current = undefined;
  if (process.platform !== "win32") process.kill(-process.pid, "SIGKILL");
  process.exit();
}

function onMessage(line: string): void {
  const message = JSON.parse(line) as ToWorker;
  switch (message.t) {
    case "run":
      waiting.push(message);
      return waiting.length === 1 ? runNext() : undefined;
    case "return":
      return giveBack();
    case "abort":
      if (current?.id === message.id) current.controller.abort(new DOMException(message.reason, "AbortError"));
  }
}

captureOutput(scopes);
process.on("uncaughtException", onUncaught);
process.on("exit", onExit);
const input = new Socket({ fd: WORKER_IN_FD, readable: true, writable: false });
input.setEncoding("utf8");
input.on("data", createLineReader(onMessage));
input.on("close", die);
input.on("error", die);
send({ t: "ready" });
flushCompileCache(); // The next worker starts sooner.
