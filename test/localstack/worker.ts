/** The worker's own module, as its container starts it, as a process on this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFunction } from "../../infra/functions/build.ts";
import { WORKER_SOURCE } from "../../infra/functions/sources.ts";
import { endpointEnvironment } from "../../localstack/lib/deploy.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface WorkerCode {
  readonly folder: string;
  readonly remove: () => void;
}

export async function buildWorker(): Promise<WorkerCode> {
  const folder = mkdtempSync(join(tmpdir(), "freshet-worker-code-"));
  await buildFunction(WORKER_SOURCE, folder, "chain");
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface WorkerProcess {
  /** All that it has written, as lines of JSON. */
  readonly lines: () => readonly Record<string, unknown>[];
  /** Tells it to stop, and waits for its end: the exit code. */
  readonly stop: () => Promise<number | null>;
}

export function startWorker({ folder }: WorkerCode, url: string, env: NodeJS.ProcessEnv = {}): WorkerProcess {
  const child = spawn(process.execPath, [join(folder, "worker.mjs")], {
    env: {
      PATH: process.env["PATH"] ?? "",
      ...endpointEnvironment(url),
      FRESHET_ENV: "local",
      NODE_PATH: join(ROOT, "node_modules"),
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = once(child, "exit");
  return {
    lines: () =>
      text
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async stop() {
      child.kill("SIGTERM");
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}
