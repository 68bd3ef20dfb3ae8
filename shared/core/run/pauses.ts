/** What a pause holds back, and what it does not. */
import type { Manifest } from "../manifest.ts";
import type { PlannedTask } from "../plan.ts";
import type { Pause, Run } from "../run.ts";
import { instant, plus, type Instant } from "../time.ts";

type Head = Pick<Run, "pauses" | "cancel" | "cause">;

/** The pause of the run as a whole. */
export const pauseOfRun = ({ pauses }: Pick<Run, "pauses">): Pause | undefined =>
  pauses.find(({ taskId }) => taskId === null);

/** What keeps a task from being sent. A run that is being ended is held back no longer: what was set up is taken down. */
export function pauseOf(head: Head, { spec, hook }: Pick<PlannedTask, "spec" | "hook">): Pause | undefined {
  // A hook tells what has happened; that may be the very reason why somebody looks.
  if (hook !== null || head.cancel !== null || head.cause !== null) return undefined;
  return pauseOfRun(head) ?? head.pauses.find(({ taskId }) => taskId === spec.taskId);
}

/** When a run that has started will have run for too long. A run that is paused stands still. */
export function runTimeoutAt(
  run: Pick<Run, "startedAt" | "pauses" | "pausedMs">,
  { runTimeoutMs }: Pick<Manifest, "runTimeoutMs">,
): Instant | undefined {
  if (runTimeoutMs === null || run.startedAt === null || pauseOfRun(run) !== undefined) return undefined;
  return instant(plus(run.startedAt, runTimeoutMs) + run.pausedMs);
}
