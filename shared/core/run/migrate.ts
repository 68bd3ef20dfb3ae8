/** Takes a run over to another version of its DAG: what its tasks have done stays with them, by their ids. */
import type { VersionHash } from "../ids.ts";
import type { Manifest, TaskSpec } from "../manifest.ts";
import { plannedAt, planOf, type Plan, type PlannedTask } from "../plan.ts";
import type { Expansion, Run, TaskDetail, TaskTable } from "../run.ts";
import { codeOf, expansionAt, stateOf } from "./draft.ts";

/** States in which something of the old version may still be at work, or is waited for. */
const AT_WORK: ReadonlySet<string> = new Set(["scheduled", "queued", "running", "restarting", "deferred"]);

/** The tasks that keep the run from being taken over now: their own attempts, or those of their instances. */
export function atWork({ tasks }: Run, manifest: Manifest): readonly string[] {
  const plan = planOf(manifest);
  const busy = [...tasks.states.keys()].filter((slot) => AT_WORK.has(stateOf(tasks, slot)));
  const taskOf = (slot: number) => plannedAt(plan, expansionAt(tasks, slot)?.slot ?? slot).spec.taskId;
  return [...new Set(busy.map(taskOf))];
}

/**
 * The run under another version. Tasks that both have keep their states, attempts and outputs; new ones have not started; those
 * that are gone leave their highest attempt behind, lest they come back and count from one. Nothing must be at work.
 */
export function migrate(run: Run, from: Manifest, to: Manifest, version: VersionHash): Run {
  const [old, plan] = [planOf(from), planOf(to)];
  const former = { ...run.formerAttempts, ...highestAttempts(run.tasks, old) };
  const rows = plan.tasks.map(({ spec }): Row => {
    const slot = old.slotOf.get(spec.taskId);
    if (slot !== undefined && isAlike(run.tasks, plannedAt(old, slot), spec)) return rowOf(run.tasks, slot);
    return freshRow(former[spec.taskId] ?? 0);
  });
  const expansions: Expansion[] = [];
  for (const expansion of run.tasks.expansions) {
    const before = plannedAt(old, expansion.slot);
    const slot = plan.slotOf.get(before.spec.taskId);
    if (slot === undefined || !isAlike(run.tasks, before, plannedAt(plan, slot).spec)) continue;
    expansions.push({ ...expansion, slot, base: rows.length });
    for (let at = 0; at < expansion.rows; at++) rows.push(rowOf(run.tasks, expansion.base + at));
  }
  const gone = Object.entries(former).filter(([taskId, attempt]) => attempt > 0 && !plan.slotOf.has(taskId));
  const { formerAttempts: _former, ...head } = run;
  return {
    ...head,
    version,
    pauses: run.pauses.filter(({ taskId }) => taskId === null || plan.slotOf.has(taskId)),
    ...(gone.length === 0 ? {} : { formerAttempts: Object.fromEntries(gone) }),
    tasks: tableOf(rows, expansions),
  };
}

interface Row {
  readonly state: number;
  readonly attempt: number;
  readonly detail: TaskDetail | undefined;
}

const rowOf = ({ states, attempts, details }: TaskTable, slot: number): Row => ({
  state: states[slot] ?? 0,
  attempt: attempts[slot] ?? 0,
  detail: details[slot],
});

const freshRow = (attempt: number): Row => ({ state: codeOf("none"), attempt, detail: undefined });

/**
 * Whether a task of both versions is the same kind of thing: what it did before then still says what it is to say. Chunks stay as
 * wide as they were made.
 */
function isAlike({ expansions }: TaskTable, { slot, spec }: PlannedTask, { map: after }: TaskSpec): boolean {
  const before = spec.map;
  if (before?.over !== after?.over) return false;
  const isChunked = expansions.some((expansion) => expansion.slot === slot && expansion.chunks !== undefined);
  return !isChunked || before?.chunkWidth === after?.chunkWidth;
}

function highestAttempts(tasks: TaskTable, plan: Plan): Record<string, number> {
  const highest: Record<string, number> = {};
  for (const { slot, spec } of plan.tasks) highest[spec.taskId] = tasks.attempts[slot] ?? 0;
  for (const { slot, base, rows, chunks = [] } of tasks.expansions) {
    const { taskId } = plannedAt(plan, slot).spec;
    const used = [...tasks.attempts.subarray(base, base + rows), ...chunks.map(({ attempt }) => attempt)];
    highest[taskId] = used.reduce((most, attempt) => Math.max(most, attempt), highest[taskId] ?? 0);
  }
  return highest;
}

const tableOf = (rows: readonly Row[], expansions: readonly Expansion[]): TaskTable => ({
  states: Uint8Array.from(rows, ({ state }) => state),
  attempts: Uint16Array.from(rows, ({ attempt }) => attempt),
  details: rows.map(({ detail }) => detail),
  expansions,
});
