import type { Dispatch } from "../../../shared/core/attempt.ts";
import { taskId } from "../../../shared/core/ids.ts";
import type { RunMessage } from "../../../shared/contract/messages.ts";
import type { TaskRunner } from "../../../shared/ports/task-runner.ts";
import type { Process } from "../../../shared/simulated/process.ts";
import { playScript } from "../../../shared/simulated/script.ts";
import type { World } from "../world.ts";

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

/** Runs the script of the attempt in virtual time. */
export const taskRunnerOf = (world: World, process: Process): TaskRunner => ({
  run({ dispatch, outputs, item }, signal) {
    if (!process.alive) return new Promise(() => {});
    const script = world.code.of(dispatch, world.database.manifest(dispatch.run.version));
    if (script.trouble !== undefined) world.faults.count(script.trouble);
    world.watch.codeStarted({
      by: process.name,
      at: world.kernel.now(),
      dispatch,
      outputs,
      ...(item === undefined ? {} : { item }),
    });
    if (world.faults.strikes("queue:forged_completion")) world.events.accept(forged(world, dispatch), 0);
    return playScript(world, process, script, dispatch.timeoutMs, signal);
  },
});
