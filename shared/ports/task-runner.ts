import type { AttemptKey } from "../core/ids.ts";
import type { RunnerInput, RunnerResult } from "../core/task-host.ts";

/** Runs the user's code of one attempt. */
export interface TaskRunner {
  /**
   * Resolves when the code has ended, one way or another: enforces the attempt's timeout (signal, grace, kill; the result is
   * then a failure of class `timeout`) and reports code that died as a failure of class `lost`. Once `signal` aborts, the
   * code is told, then killed, and the result no longer matters. Never rejects.
   */
  run(input: RunnerInput, signal: AbortSignal): Promise<RunnerResult>;
  /** Whether the code of an attempt in hand still waits for its turn. A runner without this lets all begin at once. */
  waits?(key: AttemptKey): boolean;
}
