/** The `freshet` command as people start it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Place } from "./place.ts";

const BIN = join(import.meta.dirname, "../../cli/bin/freshet.mjs");
/** What a process said last. */
const SAID_LENGTH_MAX = 4_000;
const WORKERS = "6";

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What `freshet dev --json` tells, as far as it matters here. */
export interface DevEvent {
  readonly type: string;
  readonly run?: { readonly runId: string };
  readonly code?: string;
  readonly id?: string;
  readonly message?: string;
  readonly problems?: readonly { readonly message: string }[];
}

/** One `freshet dev`, from its start to its end. */
export interface Life {
  readonly startedAt: number;
  readonly pid: number;
  readonly events: readonly DevEvent[];
  /** Resolves once it has taken up the DAGs; never if it ends before. */
  readonly ready: Promise<void>;
  readonly gone: Promise<void>;
  readyAt(): number | undefined;
  endedAt(): number | undefined;
  exit(): { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly said: string };
  kill(signal: NodeJS.Signals): void;
}

function start({ project, journal, seed }: Place, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [BIN, ...args, "--json"], {
    cwd: project.root,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      FRESHET_HOME: project.home.path,
      CHAOS_JOURNAL: journal,
      CHAOS_SEED: String(seed),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs a command to its end; with `killAfterMs`, perhaps to an earlier one, of which the code is null. */
export async function freshet(place: Place, args: readonly string[], killAfterMs?: number): Promise<Said> {
  const child = start(place, args);
  if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs).unref();
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)];
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out: out(), err: err() };
}

export function startLife(place: Place): Life {
  const child = start(place, ["dev", "--dags", place.project.dagsDir, "--workers", WORKERS, "--window", "as-written"]);
  const events: DevEvent[] = [];
  const other: string[] = [];
  const times: { readyAt?: number; endedAt?: number } = {};
  const ready = Promise.withResolvers<void>();
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? ""; // The last line of a life that was killed may be cut.
    for (const line of lines) {
      const event = eventOf(line);
      if (event === undefined) other.push(line);
      else events.push(event);
      if (event?.type !== "registered") continue;
      times.readyAt ??= Date.now();
      ready.resolve();
    }
  });
  const err = textOf(child.stderr);
  const gone = once(child, "close").then(() => void (times.endedAt = Date.now()));
  return {
    startedAt: Date.now(),
    pid: child.pid ?? 0,
    events,
    ready: ready.promise,
    gone,
    readyAt: () => times.readyAt,
    endedAt: () => times.endedAt,
    exit: () => ({ code: child.exitCode, signal: child.signalCode, said: `${other.join("\n")}${err()}` }),
    kill: (signal) => void child.kill(signal),
  };
}

/** A failure is told in more than one line. */
function eventOf(line: string): DevEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<DevEvent> | null;
    return event?.type === undefined ? undefined : (event as DevEvent);
  } catch {
    return undefined;
  }
}

function textOf(stream: ChildProcess["stdout"]): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (chunk: string) => void (text = (text + chunk).slice(-SAID_LENGTH_MAX)));
  return () => text;
}
