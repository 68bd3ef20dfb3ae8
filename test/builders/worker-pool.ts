/** A pool of worker processes in a temporary home, and bundles for it. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunnerInput, RunnerResult } from "../../shared/core/task-host.ts";
import { createClock } from "../../shared/embedded/clock.ts";
import { createLogStore, type LogLine } from "../../shared/embedded/log-store.ts";
import { blobsOf } from "../../shared/embedded/worker/bundles.ts";
import { bundleKey } from "../../shared/ports/blob-store.ts";
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from "../../shared/embedded/worker/pool.ts";
import { aDispatch, aRunContext, anAttemptKey } from "./attempt.ts";

/** A temporary folder that holds a home, and whatever pools a test makes in it. */
export interface PoolPlace {
  /** Holds the home; the project of the pool unless told otherwise. */
  readonly folder: string;
  readonly home: string;
  /** Two processes at the most, unless told otherwise. */
  pool(options?: Partial<WorkerPoolOptions>): WorkerPool;
  /** Stores a bundle whose `execute(input, host)` has this body, with `before` above it. */
  bundle(body: string, before?: string): string;
  /** Runs such a body in a pool of its own. */
  runOf(body: string, options?: Partial<WorkerPoolOptions>): Promise<RunnerResult>;
  log(attempt?: number): Promise<readonly LogLine[]>;
  /** As `level message`. */
  messages(attempt?: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function aPoolPlace(): Promise<PoolPlace> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-pool-"));
  const home = join(folder, "home");
  const env = { PATH: process.env["PATH"] ?? "" };
  const pools: WorkerPool[] = [];
  const place: PoolPlace = {
    folder,
    home,
    pool(options = {}) {
      const clock = createClock();
      const pool = createWorkerPool({
        home,
        projectRoot: folder,
        stagingBucket: "lake",
        size: 2,
        env,
        clock,
        ...options,
      });
      pools.push(pool);
      return pool;
    },
    bundle(body, before = "") {
      const code = `${before}\nexport default { freshetBundle: 1, async execute(input, host) {\n${body}\n} };\n`;
      const hash = createHash("sha256").update(code).digest("hex");
      const path = bundlePath(home, hash);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, code);
      return hash;
    },
    runOf: async (body, options) => place.pool(options).run(anInput(place.bundle(body)), never()),
    log: async (attempt = 1) => createLogStore({ home }).read(anAttemptKey({ attempt })),
    messages: async (attempt) => (await place.log(attempt)).map(({ level, message }) => `${level} ${message}`),
    async close() {
      await Promise.all(pools.map(async (pool) => pool.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return place;
}

/** Where the blob store keeps a bundle. */
export const bundlePath = (home: string, hash: string): string => join(blobsOf(home), "data", bundleKey(hash));

/** An attempt that runs the bundle. */
export function anInput(bundle: string, { attempt = 1, timeoutMs = 60_000, outputs = {} } = {}): RunnerInput {
  const dispatch = aDispatch({ key: anAttemptKey({ attempt }), run: aRunContext({ bundle }), timeoutMs });
  return { dispatch, outputs, files: [] };
}

export const never = (): AbortSignal => new AbortController().signal;

/** The error of a failure; anything else as it is. */
export const failureOf = (result: RunnerResult): object => (result.kind === "failed" ? result.error : result);

export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await holds());) {
    if (Date.now() > end) throw new Error("it did not come about within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
