/** Runs of some of a DAG's tasks. */
import type { Manifest } from "../manifest.ts";
import { plannedAt, planOf } from "../plan.ts";
import type { Cause, Run, TaskDetail } from "../run.ts";
import { codeOf } from "./draft.ts";

const NOT_SELECTED: Cause = { code: "not_selected", text: "it is not among the tasks that were asked for" };

/** The run, as it is put, with only these tasks: the others are no part of it, and nothing waits for them. */
export function withOnly(run: Run, manifest: Manifest, only: readonly string[]): Run {
  const plan = planOf(manifest);
  const states = run.tasks.states.slice();
  const details: (TaskDetail | undefined)[] = run.tasks.details.slice();
  for (const { slot, spec } of plan.tasks.slice(0, plan.taskCount)) {
    if (only.includes(spec.taskId)) continue;
    states[slot] = codeOf("removed");
    details[slot] = { since: run.queuedAt, cause: NOT_SELECTED };
  }
  return { ...run, tasks: { ...run.tasks, states, details } };
}

export interface Selected {
  readonly tasks: readonly string[];
  /** Names that the DAG has not. */
  readonly unknown: readonly string[];
}

/** Tasks as people select them: `a`, `+a` with all that it depends on, `a+` with all that depends on it. */
export function selectTasks(manifest: Manifest, selection: readonly string[]): Selected {
  const plan = planOf(manifest);
  const slots = new Set<number>();
  const unknown: string[] = [];
  for (const text of selection) {
    const [, above, name = "", below] = /^(\+?)(.*?)(\+?)$/.exec(text) ?? [];
    const slot = plan.slotOf.get(name);
    if (slot === undefined || slot >= plan.taskCount) {
      unknown.push(name);
      continue;
    }
    slots.add(slot);
    if (below === "+") spread(slots, slot, (at) => plannedAt(plan, at).downstream);
    if (above === "+") spread(slots, slot, (at) => [...plannedAt(plan, at).required, ...plannedAt(plan, at).optional]);
  }
  const tasks = [...slots].toSorted((a, b) => a - b).map((slot) => plannedAt(plan, slot).spec.taskId);
  return { tasks, unknown };
}

function spread(found: Set<number>, from: number, next: (slot: number) => readonly number[]): void {
  const open = [...next(from)];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    if (found.has(slot)) continue;
    found.add(slot);
    open.push(...next(slot));
  }
}
