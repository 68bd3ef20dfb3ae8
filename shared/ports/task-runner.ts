import type { Dispatch, Outcome } from "../core/attempt.ts";
import type { JsonValue } from "../core/json.ts";

export interface RunnerInput {
  readonly dispatch: Dispatch;
  /** By the id of the upstream task; absent: it gave no output. */
  readonly outputs: { readonly [taskId: string]: JsonValue };
}

/** How the user's code ended: an outcome whose output has not been stored yet. */
export type RunnerResult =
  | { readonly kind: "success"; readonly output?: JsonValue; readonly chosen?: readonly string[]; readonly proceed?: boolean }
  | Exclude<Outcome, { readonly kind: "success" }>;

/** Runs the user's code of one attempt. */
export interface TaskRunner {
  /**
   * Resolves when the code has ended, one way or another: it enforces the attempt's timeout (signal, grace, kill) and
   * reports code that died as `lost`. Once `signal` aborts, the code is told, then killed, and the result no longer matters.
   */
  run(input: RunnerInput, signal: AbortSignal): Promise<RunnerResult>;
}
