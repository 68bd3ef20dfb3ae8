/** Takes what the authors' code prints into the log of the attempt that printed it. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { Writable } from "node:stream";
import { format } from "node:util";
import type { JsonObject } from "../../core/json.ts";
import type { LogLevel } from "../../core/task-host.ts";

/** The attempt on whose behalf code runs. It stays reachable from timers and promises that outlive the attempt. */
export interface Scope {
  readonly say: (level: LogLevel, message: string, fields?: JsonObject) => void;
  /** Printed without the end of its line yet. */
  readonly unfinished: { info: string; warn: string };
}

const CONSOLE_LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

/** From here on `console`, `process.stdout` and `process.stderr` belong to the attempt whose code uses them. */
export function captureOutput(scopes: AsyncLocalStorage<Scope>): void {
  for (const [name, level] of [
    ["stdout", "info"],
    ["stderr", "warn"],
  ] as const) {
    Object.defineProperty(process, name, { value: lineStream(scopes, level), configurable: true, enumerable: true });
  }
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    const print = (...values: readonly unknown[]): void => scopes.getStore()?.say(level, format(...values));
    Object.defineProperty(console, method, { value: print, configurable: true, enumerable: true, writable: true });
  }
}

/** Says what was printed without the end of its line. */
export function finishLines({ say, unfinished }: Scope): void {
  for (const level of ["info", "warn"] as const) {
    const text = unfinished[level];
    unfinished[level] = "";
    if (text !== "") say(level, text);
  }
}

function lineStream(scopes: AsyncLocalStorage<Scope>, level: "info" | "warn"): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const scope = scopes.getStore();
      if (scope !== undefined) {
        const lines = (scope.unfinished[level] + chunk.toString("utf8")).split("\n");
        scope.unfinished[level] = lines.pop() ?? "";
        for (const line of lines) scope.say(level, line);
      }
      done();
    },
  });
}
