/** Plays what the code of an attempt does, in virtual time. */
import type { RunnerResult } from "../core/task-host.ts";
import type { Process, Surroundings } from "./process.ts";

export interface Script {
  /** How long it works. */
  readonly ms: number;
  readonly ends: RunnerResult | "never" | "takes_executor_down";
}

const TIMED_OUT: RunnerResult = {
  kind: "failed",
  error: { name: "TaskTimeout", message: "it ran longer than its timeout", class: "timeout" },
};
const KILLED: RunnerResult = {
  kind: "failed",
  error: { name: "Killed", message: "it was told to stop", class: "lost" },
};

/** Ends the code at its timeout, or when it is told that nobody wants it; a little later, as code does. */
export const playScript = (
  { random, faults }: Pick<Surroundings, "random" | "faults">,
  process: Process,
  { ms: workMs, ends }: Script,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<RunnerResult> =>
  new Promise((resolve) => {
    const { killMsMax } = faults.pace;
    const end = (ms: number, result: RunnerResult): void => void process.later(ms, () => resolve(result));
    if (ends === "takes_executor_down") process.later(workMs, () => process.kill());
    else if (ends !== "never") {
      if (workMs <= timeoutMs) end(workMs, ends);
      else end(timeoutMs + random.skewed(0, killMsMax), TIMED_OUT);
    }
    const stop = (): void => end(random.skewed(0, killMsMax), KILLED);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
