/** What `up` has started, for `deploy` and `down`. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PORT_DEFAULT, type Endpoint } from "./endpoint.ts";

const STATE = join(import.meta.dirname, "../../tmp/localstack/up.json");

export const portOf = (env: NodeJS.ProcessEnv): number => Number(env["FRESHET_LOCALSTACK_PORT"] ?? PORT_DEFAULT);

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
