/** Task instances that a commit moved. */
import type { RunId } from "../../../shared/core/ids.ts";
import { planOf } from "../../../shared/core/plan.ts";
import type { TaskDetail } from "../../../shared/core/run.ts";
import { TASK_STATES, type TaskState } from "../../../shared/core/states.ts";
import type { RunChange } from "../../../shared/simulated/watch.ts";

/** One task instance that a commit moved. */
export interface Move {
  readonly slot: number;
  readonly taskId: string;
  readonly hook: boolean;
  readonly from: TaskState;
  readonly to: TaskState;
  readonly attemptBefore: number;
  readonly attempt: number;
  readonly detailBefore: TaskDetail | undefined;
  readonly detail: TaskDetail | undefined;
}

const stateAt = (states: Uint8Array | undefined, slot: number): TaskState => TASK_STATES[states?.[slot] ?? 0] ?? "none";

/** What a commit moved, by slot. */
export function movesOf({ before, after, manifest }: RunChange): readonly Move[] {
  const { states, attempts, details } = after.tasks;
  const old = before?.tasks;
  const moves: Move[] = [];
  for (let slot = 0; slot < states.length; slot++) {
    if (states[slot] === (old?.states[slot] ?? 0) && attempts[slot] === (old?.attempts[slot] ?? 0)) continue;
    const task = planOf(manifest).tasks[slot];
    moves.push({
      slot,
      taskId: task?.spec.taskId ?? `slot ${slot}`,
      hook: task?.hook !== null,
      from: stateAt(old?.states, slot),
      to: stateAt(states, slot),
      attemptBefore: old?.attempts[slot] ?? 0,
      attempt: attempts[slot] ?? 0,
      detailBefore: old?.details[slot],
      detail: details[slot],
    });
  }
  return moves;
}

export const moveText = (runId: RunId, { taskId, from, to, attempt }: Move): string =>
  `${runId}: ${taskId} ${from} → ${to} (attempt ${attempt})`;
