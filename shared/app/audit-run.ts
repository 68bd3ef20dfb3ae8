/** What is kept of a change that somebody made to a run. */
import type { RunId } from "../core/ids.ts";
import type { AuditEntry, AuditState } from "../core/operation.ts";
import { planOf } from "../core/plan.ts";
import type { Run } from "../core/run.ts";
import type { TaskChange } from "../core/run/changes.ts";
import { stateOf } from "../core/run/draft.ts";
import type { DagVersion } from "../ports/dag-store.ts";

type Act = Pick<AuditEntry, "at" | "by" | "reason" | "action"> & { readonly runId: RunId };

/**
 * The run before and after, each with its version: states are told of the tasks that moved. `changes`: what the act came to, as
 * it is told beforehand.
 */
export function auditOf(
  { runId, ...act }: Act,
  [before, after]: readonly [Run, Run],
  [from, to]: readonly [DagVersion, DagVersion],
  changes: readonly TaskChange[] = [],
): AuditEntry {
  const states = [taskStates(before, from), taskStates(after, to)] as const;
  // Chunks hear of it later: what they will do was told.
  for (const { taskId, mapIndex, ...change } of changes) {
    const name = `${taskId}[${mapIndex}]`;
    if (mapIndex === null || states[0].has(name)) continue;
    states[0].set(name, change.from);
    states[1].set(name, change.to);
  }
  const wholes = changes.filter(({ mapIndex, because }) => mapIndex === null && because !== "instances");
  // What happens to a task happens to its instances.
  const spared = wholes.map(({ taskId }) => `${taskId}[`);
  // One that is at work, with or without instances, stays as it is until these have stopped.
  const chosen = new Set<string>(wholes.map(({ taskId }) => taskId));
  const moved = [...new Set([...states[0].keys(), ...states[1].keys()])].filter(
    (task) =>
      chosen.has(task) ||
      (states[0].get(task) !== states[1].get(task) && !spared.some((prefix) => task.startsWith(prefix))),
  );
  const stateOfRun = (run: Run, tasks: ReadonlyMap<string, string>): AuditState => ({
    state: run.state,
    version: run.version,
    paused: run.pauses.some(({ taskId }) => taskId === null),
    pausedTasks: run.pauses.flatMap(({ taskId }) => taskId ?? []),
    tasks: Object.fromEntries(moved.slice(0, AUDIT_TASKS_MAX).map((task) => [task, tasks.get(task) ?? "absent"])),
    ...(moved.length > AUDIT_TASKS_MAX ? { more: moved.length - AUDIT_TASKS_MAX } : {}),
  });
  return {
    subject: { kind: "run", id: runId },
    ...act,
    before: stateOfRun(before, states[0]),
    after: stateOfRun(after, states[1]),
  };
}

/** Tasks whose states an entry names; beyond it they are counted. */
const AUDIT_TASKS_MAX = 500;

/** By name: tasks, and the instances that have rows in the run's own table. */
function taskStates(run: Run, { manifest }: DagVersion): Map<string, string> {
  const plan = planOf(manifest);
  const states = new Map<string, string>();
  for (const { slot, spec } of plan.tasks.slice(0, plan.taskCount)) states.set(spec.taskId, stateOf(run.tasks, slot));
  for (const { slot, base, rows, first } of run.tasks.expansions) {
    const taskId = plan.tasks[slot]?.spec.taskId ?? "";
    for (let row = 0; row < rows; row++) states.set(`${taskId}[${first + row}]`, stateOf(run.tasks, base + row));
  }
  return states;
}
