import type { Dispatch } from "../../../shared/core/attempt.ts";
import { taskId } from "../../../shared/core/ids.ts";
import type { RunMessage } from "../../../shared/contract/messages.ts";
import type { TaskRunner } from "../../../shared/ports/task-runner.ts";
import type { RunnerResult } from "../../../shared/core/task-host.ts";
import type { Process } from "../process.ts";
import type { World } from "../world.ts";

const KILL_MS_MAX = 5_000;
const TIMED_OUT: RunnerResult = {
  kind: "failed",
  error: { name: "TaskTimeout", message: "it ran longer than its timeout", class: "timeout" },
};
const KILLED: RunnerResult = {
  kind: "failed",
  error: { name: "Killed", message: "it was told to stop", class: "lost" },
};

/** What code could send with what it was given: the word that another attempt has succeeded. */
function forged({ random }: World, { key, run, token }: Dispatch): RunMessage {
  // Its own attempt it may tell of as it likes.
  const beside = key.taskId === "t2" || random.chance(0.5);
  const other = beside ? { ...key, attempt: key.attempt + 1 } : { ...key, taskId: taskId("t2") };
  return {
    type: "completed",
    v: 1,
    key: other,
    epoch: run.epoch,
    token,
    outcome: { kind: "success", output: { kind: "none" } },
  };
}

/** Runs the script of the attempt in virtual time; ends it at its timeout, or when it is told that nobody wants it. */
export const taskRunnerOf = (world: World, process: Process): TaskRunner => ({
  run: ({ dispatch }, signal) =>
    new Promise((resolve) => {
      if (!process.alive) return;
      const script = world.code.of(dispatch, world.database.manifest(dispatch.run.version));
      if (script.trouble !== undefined) world.faults.count(script.trouble);
      world.watch.codeStarted({ by: process.name, at: world.kernel.now(), dispatch });
      if (world.faults.strikes("queue:forged_completion")) world.events.accept(forged(world, dispatch), 0);
      const end = (ms: number, result: RunnerResult): void => void process.later(ms, () => resolve(result));
      const { ends } = script;
      if (ends === "takes_executor_down") process.later(script.ms, () => process.kill());
      else if (ends !== "never") {
        if (script.ms <= dispatch.timeoutMs) end(script.ms, ends);
        else end(dispatch.timeoutMs + world.random.skewed(0, KILL_MS_MAX), TIMED_OUT);
      }
      const stop = (): void => end(world.random.skewed(0, KILL_MS_MAX), KILLED);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    }),
});
