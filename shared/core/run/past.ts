/** Tasks that wait for themselves in the run before. Whether that is done is asked at growing intervals, and when a run ends. */
import type { TaskId } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { plannedAt, planOf, type PlannedTask } from "../plan.ts";
import type { Run } from "../run.ts";
import { instant, type Instant } from "../time.ts";
import { isEnding, setHead, stateOf, type Draft } from "./draft.ts";

/** Between two looks at the run before, at first and at the most; between that, half of the time that it has taken so far. */
const PAST_LOOK_MS = 5_000;
const PAST_LOOK_MS_MAX = 300_000;

export const waitsForPast = (draft: Pick<Draft, "head">, { spec, hook }: PlannedTask): boolean =>
  spec.dependsOnPast !== undefined &&
  hook === null &&
  draft.head.previous !== undefined &&
  draft.head.past?.seen.includes(spec.taskId) !== true;

const waiting = (draft: Draft): readonly PlannedTask[] =>
  draft.head.previous === undefined || draft.head.state !== "running" || isEnding(draft)
    ? []
    : draft.plan.tasks.filter((task) => waitsForPast(draft, task) && stateOf(draft, task.slot) === "none");

export const isHeldByPast = (draft: Draft): boolean => waiting(draft).length > 0;

/** Asks for those that still wait, when it is time to. */
export function askPast(draft: Draft): void {
  const { head, now } = draft;
  const tasks = waiting(draft);
  if (tasks.length === 0 || head.previous === undefined || (head.past !== undefined && head.past.due > now)) return;
  const since = head.past?.since ?? now;
  const waitMs = Math.min(Math.max(PAST_LOOK_MS, (now - since) / 2), PAST_LOOK_MS_MAX);
  setHead(draft, { past: { seen: head.past?.seen ?? [], since, due: instant(Math.round(now + waitMs)) } });
  const asked = tasks.map(({ spec }) => ({ taskId: spec.taskId, downstream: spec.dependsOnPast === "downstream" }));
  draft.commands.push({ type: "inspect_past", runId: head.previous, tasks: asked });
}

/** A run of the DAG has ended: perhaps the one before. */
export function lookAtPast(draft: Draft): void {
  const { past } = draft.head;
  if (past !== undefined && isHeldByPast(draft)) setHead(draft, { past: { ...past, due: draft.now } });
}

/** In these the run before allows it. */
export function hearPast(draft: Draft, tasks: readonly TaskId[]): void {
  const { past } = draft.head;
  if (past === undefined) return;
  const seen = tasks.filter((taskId) => !past.seen.includes(taskId));
  if (seen.length === 0) return;
  setHead(draft, { past: { ...past, seen: [...past.seen, ...seen] } });
  for (const { slot, spec } of draft.plan.tasks) if (seen.includes(spec.taskId)) draft.touched.add(slot);
}

export const pastDue = (draft: Draft): Instant | undefined => (isHeldByPast(draft) ? draft.head.past?.due : undefined);

/** Whether a task of the run before lets the next run's go on: it succeeded or was skipped, or that run has it not at all. */
export function pastAllows(run: Run, manifest: Manifest, taskId: TaskId, downstream: boolean): boolean {
  const plan = planOf(manifest);
  const slot = plan.slotOf.get(taskId);
  if (slot === undefined) return true;
  const below = downstream ? plannedAt(plan, slot).downstream : [];
  return [slot, ...below].every((at) => DONE.has(stateOf(run.tasks, at)));
}

const DONE: ReadonlySet<string> = new Set(["success", "skipped", "removed"]);
