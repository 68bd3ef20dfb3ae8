/** Takes what the author's code prints into the log of the attempt that printed it. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { Writable } from "node:stream";
import { format } from "node:util";
import type { JsonObject } from "../../core/json.ts";
import type { LogLevel } from "../../core/task-host.ts";
import { instant } from "../../core/time.ts";
import type { AttemptLog } from "../log-store.ts";

/** The attempt on whose behalf code runs. It stays reachable from timers and promises that outlive the attempt. */
export interface Scope {
  readonly log: AttemptLog;
  ended: boolean;
  /** Printed without the end of its line yet. */
  readonly unfinished: { info: string; warn: string };
}

export const createScope = (log: AttemptLog): Scope => ({ log, ended: false, unfinished: { info: "", warn: "" } });

/** Writes a message to the log of the attempt; one that comes too late says so. */
export function say(scope: Scope, level: LogLevel, message: string, fields?: JsonObject): void {
  const late = scope.ended ? "(after the end) " : "";
  scope.log.write(instant(Date.now()), level, `${late}${message}`, fields);
}

/** Writes what was printed without the end of its line. */
export function finishLines(scope: Scope): void {
  for (const level of ["info", "warn"] as const) {
    const text = scope.unfinished[level];
    scope.unfinished[level] = "";
    if (text !== "") say(scope, level, text);
  }
}

const CONSOLE_LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

/**
 * From here on `console`, `process.stdout` and `process.stderr` belong to the attempt whose code uses them, found by the
 * asynchronous context and not by who runs now, so that a forgotten timer does not speak in the next attempt's name. What
 * is printed outside of any attempt is dropped; what native code prints goes to the pipes, which the pool reads.
 */
export function captureOutput(scopes: AsyncLocalStorage<Scope>): void {
  replaceStream("stdout", lineStream(scopes, "info"));
  replaceStream("stderr", lineStream(scopes, "warn"));
  for (const [method, level] of Object.entries(CONSOLE_LEVELS)) {
    const print = (...values: readonly unknown[]): void => {
      const scope = scopes.getStore();
      if (scope !== undefined) say(scope, level, format(...values));
    };
    Object.defineProperty(console, method, { value: print, configurable: true, enumerable: true, writable: true });
  }
}

function replaceStream(name: "stdout" | "stderr", stream: Writable): void {
  Object.defineProperty(process, name, { value: stream, configurable: true, enumerable: true });
}

function lineStream(scopes: AsyncLocalStorage<Scope>, level: "info" | "warn"): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const scope = scopes.getStore();
      if (scope !== undefined) {
        const lines = (scope.unfinished[level] + chunk.toString("utf8")).split("\n");
        scope.unfinished[level] = lines.pop() ?? "";
        for (const line of lines) say(scope, level, line);
      }
      done();
    },
  });
}
