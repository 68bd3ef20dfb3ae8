/** The `freshet` command in processes of its own, in a temporary home, as a person would start it. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createObjectStore, type FolderObjectStore } from "../../shared/embedded/files/object-store.ts";
import { aFolder } from "./folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const COMMAND = join(ROOT, "cli/bin/freshet.mjs");

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An event that `freshet dev --json` prints. */
export interface DevLine {
  readonly type: string;
  readonly [member: string]: unknown;
}

export interface DevProcess {
  /** The next event of this type that was not taken yet. Rejects if the process ends before there is one. */
  next(type: string): Promise<DevLine>;
  /** As Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface FreshetPlace {
  readonly home: string;
  readonly objects: FolderObjectStore;
  /** Runs a command of this repository's pipelines to its end. */
  run(...args: readonly string[]): Promise<CommandResult>;
  /** Starts `freshet dev`; resolves once the pipelines are registered. */
  dev(...args: readonly string[]): Promise<DevProcess>;
  close(): Promise<void>;
}

/** A home with an empty bucket: no first start, so that no sample is put into it. */
export async function aFreshetPlace(bucket: string): Promise<FreshetPlace> {
  const folder = await aFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, "buckets", bucket), { recursive: true });
  const objects = createObjectStore({ root: join(home, "buckets") });
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[]): ChildProcess => {
    const env = { ...process.env, FRESHET_HOME: home };
    const child = spawn(process.execPath, [COMMAND, ...args], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };

  return {
    home,
    objects,
    run: (...args) => resultOf(start(args)),
    dev: async (...args) => {
      const dev = follow(start(["dev", "--json", ...args]));
      await dev.next("registered");
      return dev;
    },
    close: async () => {
      const ends = [...children].map((child) => new Promise((resolve) => child.once("close", resolve)));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ends);
      objects.close();
      await folder.remove();
    },
  };
}

async function resultOf(child: ChildProcess): Promise<CommandResult> {
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => err.push(chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout: out.join(""), stderr: err.join("") };
}

function follow(child: ChildProcess): DevProcess {
  const events: DevLine[] = [];
  const printed: string[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  if (child.stdout === null || child.stderr === null) throw new Error("the process has no output to follow");
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith('{"at"')) events.push(JSON.parse(line) as DevLine);
    else printed.push(line); // Why it ends.
    wake();
  });
  child.stderr.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
  const end = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      ended = true;
      wake();
      resolve(code);
    });
  });
  return {
    next: async (type) => {
      for (;;) {
        const at = events.findIndex((event) => event.type === type);
        const [event] = at < 0 ? [] : events.splice(at, 1);
        if (event !== undefined) return event;
        if (ended) throw new Error(`freshet dev ended without telling of '${type}': ${printed.join("")}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    stop: async () => {
      child.kill("SIGINT");
      return end;
    },
  };
}
