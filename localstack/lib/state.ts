/** What `up` has started, for `deploy` and `down`. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PORT_DEFAULT, type Endpoint } from "./endpoint.ts";

const STATE = join(import.meta.dirname, "../../tmp/localstack/up.json");

const PORT_MAX = 65_535;

/** Throws what is wrong with FRESHET_LOCALSTACK_PORT. */
export function portOf(env: NodeJS.ProcessEnv): number {
  const given = env["FRESHET_LOCALSTACK_PORT"] ?? String(PORT_DEFAULT);
  const port = Number(given);
  if (Number.isInteger(port) && port >= 1 && port <= PORT_MAX) return port;
  throw new Error(`FRESHET_LOCALSTACK_PORT is '${given}'; a whole number from 1 to ${PORT_MAX} is expected`);
}

export function writeState(endpoint: Endpoint): void {
  mkdirSync(dirname(STATE), { recursive: true });
  writeFileSync(STATE, JSON.stringify(endpoint));
}

/** Undefined if nothing was started. */
export function readState(): Endpoint | undefined {
  try {
    return JSON.parse(readFileSync(STATE, "utf8")) as Endpoint;
  } catch {
    return undefined;
  }
}

export const removeState = (): void => rmSync(STATE, { force: true });
