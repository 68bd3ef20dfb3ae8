/** MiniStack, an endpoint that LocalStack's clients understand: installed into a folder of its own, started, stopped. */
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const ROOT = join(import.meta.dirname, "../..");
/** Ignored by git. */
const HOME = join(ROOT, "tmp/localstack");
const REQUIREMENTS = join(ROOT, "localstack/requirements.txt");

export const PORT_DEFAULT = 4566;
const INSTALL_TIMEOUT_MS = 300_000;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 100;
/** It stops within this, or is ended: an open custom resource would hold it up. */
const STOP_GRACE_MS = 2_000;
/** As long as that takes with its state to be written down. */
const WRITE_GRACE_MS = 20_000;

export interface Endpoint {
  readonly url: string;
  readonly pid: number;
  readonly logFile: string;
}

export interface EndpointOptions {
  readonly port: number;
  /** The roles of functions are enforced, as on AWS. */
  readonly enforceRoles?: boolean;
  /** `written`: what it holds is written down when it stops. `resumed`: it also starts with what the one before wrote. */
  readonly state?: "forgotten" | "written" | "resumed";
}

/** Starts it, installing it first where it is not. Rejects if the port is taken, or if it does not become ready. */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { port, state = "forgotten" } = options;
  await requireFree(port);
  const command = await install();
  const work = join(HOME, `work-${port}`);
  if (state !== "resumed") rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  // Functions are unpacked and run below it, and our own package.json would have their loaders be ES modules.
  writeFileSync(join(work, "package.json"), '{ "type": "commonjs" }\n');
  const logFile = join(HOME, `ministack-${port}.log`);
  const log = openSync(logFile, state === "resumed" ? "a" : "w");
  const child = spawn(command, [], {
    cwd: work,
    env: environment(options, work),
    stdio: ["ignore", log, log],
    detached: true, // It outlives this command, and is ended as a group with all functions that it runs.
  });
  child.unref();
  const url = `http://127.0.0.1:${port}`;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  for (let waited = 0; !(await isReady(url)); waited += READY_POLL_MS) {
    if (child.exitCode !== null || waited >= READY_TIMEOUT_MS) {
      await stopProcess(pid);
      throw new Error(`MiniStack did not start; it said:\n${readFileSync(logFile, "utf8").slice(-2_000)}`);
    }
    await wait(READY_POLL_MS);
  }
  return { url, pid, logFile };
}

export const stopEndpoint = ({ pid }: Pick<Endpoint, "pid">): Promise<void> => stopProcess(pid);

/** Whether it is still there: its process, and not one that has got its number since. */
export async function isRunning({ pid }: Pick<Endpoint, "pid">): Promise<boolean> {
  // Fails for a process that is gone.
  const { stdout } = await run("ps", ["-o", "command=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.includes("ministack");
}

/** At once: for the end of a process that cannot wait. */
export const endEndpoint = ({ pid }: Pick<Endpoint, "pid">): void => void signal(pid, "SIGKILL");

/** Stops one whose state is `written`, and waits until it is. */
export const suspendEndpoint = ({ pid }: Pick<Endpoint, "pid">): Promise<void> => stopProcess(pid, WRITE_GRACE_MS);

/** Nothing of the user's own AWS goes along: neither credentials nor profile. */
function environment({ port, enforceRoles, state }: EndpointOptions, work: string): NodeJS.ProcessEnv {
  const path = [join(ROOT, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
  return {
    PATH: path,
    HOME: process.env["HOME"] ?? work,
    TMPDIR: work,
    BIND_HOST: "127.0.0.1", // Otherwise it listens on every interface.
    MINISTACK_HOST: "127.0.0.1",
    GATEWAY_PORT: String(port),
    NODE_PATH: join(ROOT, "node_modules"),
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    ...(enforceRoles === true ? { AUTH: "true" } : {}),
    ...(state === undefined || state === "forgotten"
      ? {}
      : { PERSIST_STATE: "1", STATE_DIR: join(work, "state"), S3_PERSIST: "1", S3_DATA_DIR: join(work, "objects") }),
  };
}

async function requireFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(
        new Error(
          `port ${port} is taken: stop what listens there (\`npm run localstack:down\`, if it is ours), or set ` +
            "FRESHET_LOCALSTACK_PORT to another",
        ),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

/** A virtual environment named by what is in it: a change of the versions makes another one. */
async function install(): Promise<string> {
  const name = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 12);
  const folder = join(HOME, `venv-${name}`);
  const command = join(folder, "bin/ministack");
  if (existsSync(command)) return command;
  const started = `${folder}.part`;
  rmSync(started, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  try {
    await run("python3", ["-m", "venv", started], { timeout: INSTALL_TIMEOUT_MS });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS];
    await run(join(started, "bin/python"), pip, { timeout: INSTALL_TIMEOUT_MS });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim() ?? String(cause);
    throw new Error(`MiniStack could not be installed; it needs Python 3.10 or newer with pip: ${said}`, { cause });
  }
  // Scripts name their interpreter by its path: they are written anew where they stay.
  renameSync(started, folder);
  writeFileSync(command, `#!/bin/sh\nexec "${join(folder, "bin/python")}" -m ministack "$@"\n`, { mode: 0o755 });
  return command;
}

/** Whether anything does, LocalStack too. */
export const isAnswering = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/_ministack/health`).then(
    ({ ok }) => ok,
    () => false,
  );

async function stopProcess(pid: number, graceMs = STOP_GRACE_MS): Promise<void> {
  if (!signal(pid, "SIGTERM")) return;
  for (let waited = 0; waited < graceMs; waited += READY_POLL_MS) {
    if (!signal(pid, 0)) return;
    await wait(READY_POLL_MS);
  }
  signal(pid, "SIGKILL");
}

/** To the whole group; false if it is gone. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, name);
    return true;
  } catch {
    return false;
  }
}
