/**
 * What the pool and its worker processes say to each other: a line of JSON a message, over two pipes. A worker writes
 * synchronously, so that what it said before it died has been said. It runs what it is given one after the other, in that
 * order, and begins with one only once the result of the one before is written: so of several that have no result when it
 * dies, only the first can have begun.
 */
import { OUTPUT_BYTES_MAX } from "../../core/attempt.ts";
import type { EnvironmentFacts, RunnerInput, RunnerResult } from "../../core/task-host.ts";

/** The worker's file descriptors; 0 to 2 belong to the author's code. */
export const WORKER_IN_FD = 3;
export const WORKER_OUT_FD = 4;

/** A result as JSON: the largest output, and what is around it. */
export const RESULT_BYTES_MAX = OUTPUT_BYTES_MAX + 64 * 1024;

/** What a worker process is told as it starts, as its one argument. */
export interface WorkerSettings {
  readonly home: string;
  readonly stagingBucket: string;
  readonly environment: EnvironmentFacts;
}

export type ToWorker =
  | { readonly t: "run"; readonly id: number; readonly input: RunnerInput }
  /** Give back what has not begun; it is answered, with none as well. */
  | { readonly t: "return" }
  /** Tell the code that it should stop. */
  | { readonly t: "abort"; readonly id: number; readonly reason: string };

export type FromWorker =
  | { readonly t: "ready" }
  /** `last`: its state is not to be trusted, and nothing more begins here. `ms`: how long the code took. */
  | {
      readonly t: "result";
      readonly id: number;
      readonly result: RunnerResult;
      readonly last: boolean;
      readonly ms: number;
    }
  /** These have not begun and never will here. */
  | { readonly t: "returned"; readonly ids: readonly number[] }
  /** Code of an earlier attempt threw: as `last`, while nothing ran. */
  | { readonly t: "tainted" };

/**
 * The message on a line; undefined if it is none. The author's code shares the process and could write to the pipe too:
 * what is not a message ends the worker, and what is can only concern the attempt that the worker was given.
 */
export function parseFromWorker(line: string): FromWorker | undefined {
  let message: Partial<FromWorker> | null;
  try {
    message = JSON.parse(line) as typeof message;
  } catch {
    return undefined;
  }
  switch (message?.t) {
    case "ready":
    case "tainted":
      return { t: message.t };
    case "result":
      return isResult(message.result) && Number.isFinite(message.ms) ? (message as FromWorker) : undefined;
    case "returned":
      return Array.isArray(message.ids) ? (message as FromWorker) : undefined;
    case undefined:
    default:
      return undefined;
  }
}

function isResult(result: RunnerResult | undefined): boolean {
  switch (result?.kind) {
    case "success":
      return true;
    case "skipped":
      return typeof result.reason === "string";
    case "failed":
      return typeof result.error?.message === "string" && typeof result.error.class === "string";
    case undefined:
    default:
      return false;
  }
}

/** Cuts a stream of text into lines; a long line that comes in many pieces is joined once. */
export function createLineReader(onLine: (line: string) => void): (chunk: string) => void {
  let pieces: string[] = [];
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", start)) {
      pieces.push(chunk.slice(start, end));
      const line = pieces.length === 1 ? (pieces[0] ?? "") : pieces.join("");
      pieces = [];
      start = end + 1;
      onLine(line);
    }
    if (start < chunk.length) pieces.push(chunk.slice(start));
  };
}
