/**
 * Child runs, as their parent sees them: a task starts one, is deferred while it waits for its end, and cancels it when nobody
 * waits any more. All of it by effects, so that nothing is lost; the child's id is derived from the attempt, so that whatever
 * is told twice is about the same run.
 */
import type { TaskId } from "../ids.ts";
import type { ChildSpec } from "../manifest.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { childIdOf } from "./child-id.ts";
import { keyOf, kept, move, taskAt, type Draft } from "./draft.ts";
import { recordEffect } from "./effects.ts";

/** A child run tells of its end itself. It is also looked at, after this long and again, in case it is gone. */
export const LOOK_AT_CHILD_AFTER_MS = 3_600_000;

/** The epoch in which a child run begins: its parent waits for the end of that one, whatever an operator does with it later. */
export const CHILD_EPOCH = 0;

/** The task has said what its child run is to be started with: from now on it waits, and holds no worker. */
export function startChild(draft: Draft, slot: number, child: ChildSpec): void {
  const { taskId, mapIndex, attempt } = keyOf(draft, slot);
  const childId = childIdOf(draft, slot, child);
  const waiting = { since: draft.now, ...kept(draft.details[slot]), child: childId };
  move(draft, slot, "deferred", { ...waiting, due: nextLook(draft, waiting.since, child.waitMs) });
  recordEffect(draft, { kind: "start_child", childId, taskId, mapIndex, attempt });
}

/** When a task that has waited for its child run since `since` is next looked at. */
export function nextLook({ now }: Draft, since: Instant, waitMs: number | null): Instant {
  const over = waitMs === null ? undefined : plus(since, waitMs);
  return earliest(plus(now, LOOK_AT_CHILD_AFTER_MS), over) as Instant;
}

/** Looks at a child run of whose end nobody has told. */
export function inspectChild(draft: Draft, slot: number): void {
  const { taskId, mapIndex } = keyOf(draft, slot);
  const childId = draft.details[slot]?.child;
  if (childId !== undefined) draft.commands.push({ type: "inspect_child", childId, taskId, mapIndex });
}

/** Child runs whose tasks stopped waiting in this decision, for whatever reason but their own end, are cancelled. */
export function cancelAbandoned(draft: Draft): void {
  for (const { slot, childId, attempt } of draft.abandoned.splice(0)) {
    const started = !draft.head.effects.some((effect) => effect.kind === "start_child" && effect.childId === childId);
    const { spec } = taskAt(draft, slot);
    const { mapIndex } = keyOf(draft, slot);
    const taskId: TaskId = spec.taskId;
    recordEffect(draft, { kind: "cancel_child", childId, taskId, mapIndex, attempt, started });
  }
}

/** A run that another one started tells how it has ended. */
export function reportToParent(draft: Draft): void {
  const { origin, state, degraded, cause } = draft.head;
  if (origin.kind !== "child") return;
  recordEffect(draft, { kind: "child_report", state, degraded, text: cause?.text ?? "" });
}
