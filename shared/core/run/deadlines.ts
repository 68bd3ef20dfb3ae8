/**
 * Deadlines of a run. One that passes before the run has succeeded is noted in the record and told, once: by whatever decision
 * comes first, the one that ends the run or one that finds it due. A run that has failed stays due until its deadlines are over.
 */
import type { Fact } from "../events.ts";
import { missedText } from "../fact-text.ts";
import type { Manifest } from "../manifest.ts";
import type { Plan } from "../plan.ts";
import type { Run, RunDeadline, TaskTable } from "../run.ts";
import type { Instant } from "../time.ts";
import { isTerminal, stateOf, type Draft } from "./draft.ts";
import { factOf } from "./fact.ts";
import { runTimeoutAt } from "./pauses.ts";

type Head = Pick<Run, "deadlines">;

const openOf = ({ deadlines = [] }: Head): readonly RunDeadline[] =>
  deadlines.filter(({ missedAt }) => missedAt === undefined);

/** When the next of them passes. */
export const deadlineDue = (head: Head): Instant | undefined => openOf(head)[0]?.at;

/** Notes and tells each that has passed. What succeeds in this very decision succeeds too late for them. */
export function noteMisses(draft: Draft): void {
  const { deadlines } = draft.head;
  const passed = openOf(draft.head).filter(({ at }) => at <= draft.now);
  if (deadlines === undefined || passed.length === 0) return;
  const noted = deadlines.map((each) => (passed.includes(each) ? { ...each, missedAt: draft.now } : each));
  draft.head = { ...draft.head, deadlines: noted };
  draft.changed = true;
  for (const deadline of passed) draft.commands.push({ type: "publish", fact: missOf(draft, deadline) });
  armDeadline(draft);
}

/** The next one should not wait for the sweep. */
export function armDeadline(draft: Draft): void {
  const at = deadlineDue(draft.head);
  if (at !== undefined) draft.commands.push({ type: "timer", at });
}

/** The run has succeeded: nobody waits for it any more. What was missed stays noted. */
export function dropDeadlines(draft: Draft): void {
  const { deadlines, ...head } = draft.head;
  const missed = deadlines?.filter(({ missedAt }) => missedAt !== undefined) ?? [];
  draft.head = missed.length === 0 ? head : { ...head, deadlines: missed };
}

function missOf(draft: Draft, deadline: RunDeadline): Fact {
  const { head, plan } = draft;
  const waitsFor = frontOf(plan, head, draft).map((slot) => ({
    taskId: (plan.tasks[slot] as Plan["tasks"][number]).spec.taskId,
    state: stateOf(draft, slot),
  }));
  const { name, at } = deadline;
  const text = missedText(head, deadline, waitsFor, plan.manifest);
  return { ...factOf(draft, "run_deadline_missed"), text, deadline: { name, at, waitsFor } };
}

/** Tasks that a run is said to wait for. */
const WAITS_FOR_MAX = 5;

/** What keeps a running run from its end: the first of its tasks that have not ended, though all before them have. */
export function frontOf(
  { tasks, taskCount }: Plan,
  { state }: Pick<Run, "state">,
  table: Pick<TaskTable, "states">,
): readonly number[] {
  if (state !== "running") return [];
  const front: number[] = [];
  for (const { slot, required, optional, scopeSetups, setups } of tasks.slice(0, taskCount)) {
    const isNext = [required, optional, scopeSetups, setups].every((above) =>
      above.every((each) => isTerminal(table, each)),
    );
    if (isNext && !isTerminal(table, slot)) front.push(slot);
    if (front.length === WAITS_FOR_MAX) break;
  }
  return front;
}

/** By when the run is needed, as pools rank it: by its first deadline, missed or not; without one, by the end of its timeout. */
export const neededBy = (
  head: Pick<Run, "deadlines" | "neededBy" | "startedAt" | "pauses" | "pausedMs">,
  manifest: Pick<Manifest, "runTimeoutMs">,
): Instant | null => head.deadlines?.[0]?.at ?? head.neededBy ?? runTimeoutAt(head, manifest) ?? null;

/** Whether it was missed, or has passed and nobody has looked yet. A run that has succeeded has none that could still pass. */
export const isLate = ({ deadlines = [] }: Head, now: Instant): boolean =>
  deadlines.some(({ at, missedAt }) => missedAt !== undefined || at <= now);
