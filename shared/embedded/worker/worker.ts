/** One worker process, as the pool sees it. */
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { AttemptKey } from "../../core/ids.ts";
import type { LogLevel } from "../../core/task-host.ts";
import type { Clock } from "../../ports/clock.ts";
import { openAttemptLog, type AttemptLog } from "../log-store.ts";
import { OWN_TYPES_FLAGS } from "../own-types.ts";
import { createLineReader, parseFromWorker } from "./protocol.ts";
import type { FromWorker, ToWorker, WorkerSettings } from "./protocol.ts";
import { killGroup, type ProcessRegistry } from "./survivors.ts";

/** What a process that has ended may still have in its pipes is waited for this long: what it started may hold them. */
const DRAIN_MS = 250;
/** Characters kept of what a process said last on stderr. */
const LAST_WORDS_LENGTH_MAX = 2_000;
/** So much of it is kept, in case what tells most comes before what is long. */
const HEARD_LENGTH_MAX = 16_000;

const CHILD = fileURLToPath(new URL("main.ts", import.meta.url));

export interface WorkerEnd {
  /** How the process ended, as the rest of a sentence: `was killed by SIGKILL`, `exited with code 134`. */
  readonly how: string;
  /** What it said last on stderr; empty if nothing. */
  readonly lastWords: string;
  /** False: something holds its pipes, and it may have said more than was heard. */
  readonly heard: boolean;
}

export interface WorkerEvents {
  onMessage(message: FromWorker): void;
  /** Native code has printed; its log is that of the attempt of the last `speakFor`. */
  onPrinted(): void;
  /** Once, after everything that the process had to say. */
  onEnd(end: WorkerEnd): void;
}

export interface Worker {
  /** Undefined if it could not be started. */
  readonly pid: number | undefined;
  /** Resolves after `onEnd`. */
  readonly gone: Promise<void>;
  send(message: ToWorker): void;
  /** Whose log gets what native code prints from now on. */
  speakFor(key: AttemptKey): void;
  /** Ends it at once, with everything that it started. */
  kill(): void;
}

export interface WorkerOptions extends WorkerSettings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly registry: ProcessRegistry;
  readonly clock: Clock;
}

export function startWorker(options: WorkerOptions, events: WorkerEvents): Worker {
  const { home, registry } = options;
  const child = spawnChild(options);
  const [, stdout, stderr, input, output] = child.stdio as [null, Readable, Readable, Writable, Readable];
  if (child.pid !== undefined) registry.add(child.pid);
  const kill = (): void => {
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const voice = listen(options, stdout, stderr, events);
  input.on("error", () => undefined); // It is going; `exit` follows.
  output.on("error", () => undefined);
  output.setEncoding("utf8");
  output.on(
    "data",
    createLineReader((line) => {
      const message = parseFromWorker(line);
      if (message === undefined) kill();
      else events.onMessage(message);
    }),
  );
  const gone = ended(child).then(({ how, heard }) => {
    kill(); // What it started dies with it.
    if (child.pid !== undefined) {
      registry.remove(child.pid);
      rmSync(join(home, "scratch", String(child.pid)), { recursive: true, force: true });
    }
    events.onEnd({ how, lastWords: tellingWords(voice.lastWords()), heard });
  });
  return {
    pid: child.pid,
    gone,
    send: (message) => {
      gather(input);
      input.write(`${JSON.stringify(message)}\n`);
    },
    speakFor: (key) => voice.speakFor(key),
    kill,
  };
}

/** What is sent in one turn goes in one write: waking the process costs more than the bytes. */
function gather(input: Writable): void {
  if (input.writableCorked > 0) return;
  input.cork();
  process.nextTick(() => input.uncork());
}

function spawnChild({ cwd, env, home, stagingBucket, environment }: WorkerOptions): ChildProcess {
  const settings: WorkerSettings = { home, stagingBucket, environment };
  const flags = ["--enable-source-maps", "--disable-warning=ExperimentalWarning", ...OWN_TYPES_FLAGS];
  const cache = getCompileCacheDir();
  return spawn(process.execPath, [...flags, CHILD, JSON.stringify(settings)], {
    cwd,
    env: cache === undefined ? env : { ...env, NODE_COMPILE_CACHE: dirname(cache) }, // Node adds its version below it.
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    detached: true, // Its own group: ended as one, and not by the terminal's Ctrl-C.
    windowsHide: true,
  });
}

/** How the process ended, once it has and its pipes are empty, or something else holds them for too long. */
async function ended(child: ChildProcess): Promise<Pick<WorkerEnd, "how" | "heard">> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ how: `could not be started (${error.message})`, heard: true }));
    child.on("exit", (code, signal) => {
      const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
      child.on("close", () => resolve({ how, heard: true }));
      setTimeout(resolve, DRAIN_MS, { how, heard: false }).unref();
    });
  });
}

/** Of the pages that Node prints as it runs out of memory, the line that says so: the log has the rest. */
const tellingWords = (text: string): string =>
  /^FATAL ERROR: (.+)$/m.exec(text)?.[1]?.trim() ?? text.slice(-LAST_WORDS_LENGTH_MAX).trim();

interface Voice {
  speakFor(key: AttemptKey): void;
  lastWords(): string;
}

/** What native code prints goes to the log of the attempt that runs; what JavaScript prints, the worker logs itself. */
function listen({ home, clock }: WorkerOptions, stdout: Readable, stderr: Readable, events: WorkerEvents): Voice {
  let lastWords = "";
  let speaker: { readonly key: AttemptKey; log?: AttemptLog } | undefined;
  const print = (level: LogLevel, line: string): void => {
    events.onPrinted();
    if (speaker === undefined) return;
    speaker.log ??= openAttemptLog(home, speaker.key);
    speaker.log.write(clock.now(), level, line);
  };
  for (const [stream, level] of [
    [stdout, "info"],
    [stderr, "warn"],
  ] as const) {
    stream.setEncoding("utf8");
    const read = createLineReader((line) => print(level, line));
    stream.on("data", read);
    stream.on("error", () => undefined); // `close` follows.
  }
  stderr.on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-HEARD_LENGTH_MAX);
  });
  return {
    speakFor(key) {
      speaker = { key };
    },
    lastWords: () => lastWords,
  };
}
