/** Which tasks start, and which will never: each is decided as its verdict has it. */
import type { PlannedTask } from "../plan.ts";
import { isEnding, move, stateOf, taskAt, type Draft } from "./draft.ts";
import { expand, lookAtInstances } from "./expand.ts";
import { TASK_STATE } from "../states.ts";
import { waitsForPast } from "./past.ts";
import { pauseOf } from "./pauses.ts";
import { waitForHours } from "./hours.ts";
import { startNext } from "./slots.ts";
import { decideLateTeardown, decideTask } from "./verdict.ts";

/** Decides every task that was touched, in the order of the graph: each ending can decide tasks below it. */
export function startReady(draft: Draft): void {
  while (draft.touched.size > 0) {
    const slots = [...draft.touched].toSorted((a, b) => a - b);
    draft.touched.clear();
    for (const slot of slots) decideSlot(draft, slot);
  }
}

function decideSlot(draft: Draft, slot: number): void {
  // Instances start and end by the hand of their mapped task.
  if (slot >= draft.plan.tasks.length) return;
  const state = stateOf(draft, slot);
  if (state === "deferred") return lookAtInstances(draft, slot);
  if (state !== "none") return;
  const task = taskAt(draft, slot);
  if (task.hook !== null || (draft.head.state !== "running" && !isEnding(draft))) return;
  const nameOf = (other: number): string => taskAt(draft, other).spec.taskId;
  const { verdict, cause } = isEnding(draft) ? decideLateTeardown(task, draft) : decideTask(task, draft, nameOf);
  if (verdict === "run" && mustWait(draft, task)) return;
  if (verdict === "run") return task.spec.map === null ? startNext(draft, slot) : expand(draft, slot, task.spec.map);
  if (verdict === "wait") return;
  move(draft, slot, verdict, { since: draft.now, ...(cause === undefined ? {} : { cause }) });
}

/** Whether something besides its rule holds it back: a pause, its hours, or the last teardown of what it sets up, not closed yet. */
function mustWait(draft: Draft, task: PlannedTask): boolean {
  if (pauseOf(draft.head, task) !== undefined) return true;
  if (waitsForPast(draft, task) && !isEnding(draft)) return true;
  return isBeingTakenDown(draft, task) || waitForHours(draft, task.slot);
}

function isBeingTakenDown(draft: Draft, task: PlannedTask): boolean {
  if (task.spec.role !== "setup") return false;
  const teardowns = task.downstream.filter((below) => taskAt(draft, below).setups.includes(task.slot));
  return teardowns.some((teardown) => TASK_STATE[stateOf(draft, teardown)].inFlight);
}
