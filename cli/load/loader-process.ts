/** One loader process, as the loader sees it. */
import { spawn, type ChildProcess } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { durationText } from "../../shared/core/time.ts";
import type { Problem, SourcePlace } from "../../shared/core/problem.ts";
import { OWN_TYPES_FLAGS } from "../../shared/embedded/own-types.ts";
import { createLineReader } from "../../shared/embedded/worker/protocol.ts";
import { killGroup, type ProcessRegistry } from "../../shared/embedded/worker/survivors.ts";
import type { LoadCode } from "./codes.ts";
import { problem, shownPath } from "./fault.ts";
import type { FileReport, FromLoader, LoaderSettings, ToLoader } from "./protocol.ts";

/** What a process that has ended may still have in its pipe is waited for this long. */
const DRAIN_MS = 250;
/** The last words of a process, in a message. */
const LAST_WORDS_LENGTH_MAX = 500;

/** A small young generation: a fifth less memory, and no slower, since most of what is made stays. */
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=2"];
const CHILD = fileURLToPath(new URL("main.ts", import.meta.url));

/** How a `load` ended: all files answered for, or with a file that took the process with it. */
export type LoadEnd =
  { readonly kind: "done" } | { readonly kind: "stopped"; readonly file: string; readonly problem: Problem };

export interface LoaderProcess {
  /** One at a time. After `stopped` the process is gone. Rejects for a fault of the loader's own. */
  load(request: Omit<ToLoader, "t">, onReport: (report: FileReport) => void): Promise<LoadEnd>;
  /** Nothing more is asked of it: it writes its cache and goes, and nobody need wait for that. */
  end(): void;
}

export interface LoaderProcessOptions extends LoaderSettings {
  /** How long one file may take. */
  readonly timeoutMs: number;
  /** Records processes, so that one that hangs when this process is killed can be ended later. */
  readonly registry?: ProcessRegistry | undefined;
}

interface State {
  readonly options: LoaderProcessOptions;
  readonly kill: () => void;
  present: string | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Why the process is about to end, where it is known. */
  verdict: Problem | undefined;
  lastWords: string;
  onReport: (report: FileReport) => void;
  settle: ((end: LoadEnd) => void) | undefined;
  reject: (error: unknown) => void;
  first: string;
  gone: boolean;
}

export function startLoaderProcess(options: LoaderProcessOptions): LoaderProcess {
  const child = spawnChild(options);
  const [, , stderr, input, output] = child.stdio as [null, null, Readable, Writable, Readable];
  if (child.pid !== undefined) options.registry?.add(child.pid);
  const state: State = {
    options,
    kill: () => void (child.pid !== undefined && killGroup(child.pid)),
    present: undefined,
    timer: undefined,
    verdict: undefined,
    lastWords: "",
    onReport: () => undefined,
    settle: undefined,
    reject: () => undefined,
    first: "",
    gone: false,
  };
  stderr.setEncoding("utf8");
  stderr.on("data", (text: string) => {
    state.lastWords = (state.lastWords + text).slice(-LAST_WORDS_LENGTH_MAX);
  });
  input.on("error", () => undefined); // It is going; `exit` follows.
  output.setEncoding("utf8");
  output.on(
    "data",
    createLineReader((line) => onMessage(state, line)),
  );
  void ended(child).then((how) => {
    state.kill(); // What it started dies with it.
    if (child.pid !== undefined) options.registry?.remove(child.pid);
    onGone(state, how);
  });
  return {
    load: async (request, onReport) =>
      new Promise((resolve, reject) => {
        Object.assign(state, {
          onReport,
          settle: resolve,
          reject,
          first: request.files[0] ?? "",
        } satisfies Partial<State>);
        if (state.gone) return onGone(state, "was gone before it began");
        input.write(`${JSON.stringify({ t: "load", ...request } satisfies ToLoader)}\n`);
      }),
    end() {
      if (state.settle !== undefined) state.kill(); // In the middle of a load that nobody wants any more.
      input.end();
      // It may outlive this process by that moment.
      for (const handle of [child, stderr, input, output] as readonly { unref?(): void }[]) handle.unref?.();
    },
  };
}

function spawnChild({ root, cwd }: LoaderSettings): ChildProcess {
  const cache = getCompileCacheDir();
  const env = cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
  const settings: LoaderSettings = { root, cwd };
  return spawn(process.execPath, [...FLAGS, ...OWN_TYPES_FLAGS, CHILD, JSON.stringify(settings)], {
    cwd,
    env,
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    detached: true, // Its own group: ended as one, and not by the terminal's Ctrl-C.
    windowsHide: true,
  });
}

async function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(`could not be started (${error.message})`));
    child.on("exit", (code, signal) => {
      const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
      child.on("close", () => resolve(how));
      setTimeout(resolve, DRAIN_MS, how).unref();
    });
  });
}

function onMessage(state: State, line: string): void {
  const message = parse(line);
  switch (message?.t) {
    case "begin":
      state.present = message.file;
      clearTimeout(state.timer);
      state.timer = setTimeout(onTimeout, state.options.timeoutMs, state, message.file);
      return;
    case "loaded":
      return state.onReport(message.report);
    case "exit":
      state.verdict = exitProblem(state, message.file, message.code, message.at);
      return;
    case "end":
      clearTimeout(state.timer);
      return settle(state, { kind: "done" });
    case "broken":
      return state.reject(new Error(`the loader failed: ${message.message}`));
    case "ready":
      return;
    case undefined: // The author's code wrote to our pipe.
    default:
      return state.kill();
  }
}

function parse(line: string): FromLoader | undefined {
  try {
    return JSON.parse(line) as FromLoader;
  } catch {
    return undefined;
  }
}

function settle(state: State, end: LoadEnd): void {
  clearTimeout(state.timer);
  const { settle: resolve } = state;
  state.settle = undefined;
  resolve?.(end);
}

/** Its last message may lie unread in the pipe if this process was busy itself: one more turn, then it is over. */
function onTimeout(state: State, file: string): void {
  setImmediate(() => {
    if (state.present !== file || state.settle === undefined) return;
    const shown = shownPath(state.options.cwd, file);
    const message = `${shown} does not finish loading: it was ended after ${durationText(state.options.timeoutMs)}`;
    const help = "the code outside of the tasks may only define things: waiting and long work belong into tasks";
    state.verdict = fileProblem(state, "LOAD002", file, message, help);
    state.kill();
  });
}

function fileProblem(
  state: State,
  code: LoadCode,
  file: string,
  message: string,
  help: string,
  at?: SourcePlace,
): Problem {
  return problem(code, message, at ?? { file: shownPath(state.options.cwd, file), line: 1, column: 1 }, help);
}

function exitProblem(state: State, file: string, code: number, at: SourcePlace | null): Problem {
  const message = `${shownPath(state.options.cwd, file)} ends the process while it is loaded: process.exit(${code})`;
  return fileProblem(state, "LOAD003", file, message, "throw an error in a task instead", at ?? undefined);
}

function onGone(state: State, how: string): void {
  state.gone = true;
  if (state.settle === undefined) return;
  const file = state.present ?? state.first;
  const said = state.lastWords.trim() === "" ? "" : `; it said last:\n${state.lastWords.trim()}`;
  const message = `the process ${how} while it loaded ${shownPath(state.options.cwd, file)}${said}`;
  const help = "the code outside of the tasks may only define things";
  settle(state, {
    kind: "stopped",
    file,
    problem: state.verdict ?? fileProblem(state, "LOAD004", file, message, help),
  });
}
