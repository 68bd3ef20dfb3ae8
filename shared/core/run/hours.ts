/** Tasks that start in certain hours only: what is ready outside of them waits, and so do its retries. */
import { allowedFrom } from "../schedule/allowed-hours.ts";
import type { Manifest } from "../manifest.ts";
import type { PlannedTask } from "../plan.ts";
import type { Run } from "../run.ts";
import type { Instant } from "../time.ts";
import { amend, taskAt, type Draft } from "./draft.ts";

type Task = Pick<PlannedTask, "spec" | "hook">;
type Zone = Pick<Manifest, "timezone">;

/** When a task may start that would at `at`. */
export const startsFrom = ({ spec, hook }: Task, { timezone }: Zone, at: Instant): Instant =>
  spec.allowedHours === undefined || hook !== null ? at : allowedFrom(spec.allowedHours, timezone, at);

/**
 * When the hours of a task begin; undefined: it may start now. What was set up is taken down at any hour once its run is being
 * ended.
 */
export function closedUntil(
  head: Pick<Run, "cancel" | "cause">,
  task: Task,
  zone: Zone,
  now: Instant,
): Instant | undefined {
  if (task.spec.allowedHours === undefined || head.cancel !== null || head.cause !== null) return undefined;
  const opens = startsFrom(task, zone, now);
  return opens > now ? opens : undefined;
}

export const isOutOfHours = (draft: Draft, slot: number): boolean =>
  closedUntil(draft.head, taskAt(draft, slot), draft.plan.manifest, draft.now) !== undefined;

/** Whether a task that could start waits for its hours; if so, it is looked at when they begin. */
export function waitForHours(draft: Draft, slot: number): boolean {
  const opens = closedUntil(draft.head, taskAt(draft, slot), draft.plan.manifest, draft.now);
  if (opens === undefined) return false;
  if (draft.details[slot]?.due === opens) return true;
  amend(draft, slot, { due: opens });
  draft.commands.push({ type: "timer", at: opens });
  return true;
}

/** The hours of what waited for them have begun. */
export function hearHours(draft: Draft, slot: number): void {
  const { due: _due, ...detail } = draft.details[slot] ?? { since: draft.now };
  draft.details[slot] = detail;
  draft.changed = true;
  draft.touched.add(slot);
}
