/** The verdict on a task: whether it starts, waits, or never will, by the trigger rules over the run's own states. */
import type { TaskState } from "../states.ts";
import { decideRule, type Seen, type Verdict } from "../trigger-rules.ts";
import type { PlannedTask } from "../plan.ts";
import type { Cause, Expansion } from "../run.ts";
import { expansionOf, isTerminal, stateOf, taskAt, type Draft } from "./draft.ts";
import { countInstances } from "./instances.ts";

type Table = Pick<Draft, "plan" | "states" | "details" | "expansions">;

export interface Decided {
  readonly verdict: Verdict;
  /** Why not: for a verdict that ends the task. */
  readonly cause?: Cause;
}

/**
 * The verdict on a task that has not started. A gate that did not choose it skips it; a task in a setup's scope first needs
 * that setup; then its own rule decides, on the upstreams it requires; the optional ones, and what gives the list of a mapped
 * task, need only be done.
 */
export function decideTask(task: PlannedTask, table: Table, nameOf: (slot: number) => string): Decided {
  const gate = decideGates(task, table, nameOf);
  if (gate !== undefined) return gate;
  if (task.spec.role === "teardown" && task.spec.rule === "all_done_setup_success") return decideTeardown(task, table);
  const setups = task.scopeSetups.length === 0 ? "run" : decideRule("all_success", ...tally(task.scopeSetups, table));
  const own = decideRule(task.spec.rule, ...tally(task.required, table));
  for (const verdict of ["upstream_failed", "wait", "skipped"] as const) {
    if (setups !== verdict && own !== verdict) continue;
    if (verdict === "wait") return { verdict };
    return {
      verdict,
      cause: ruleCause(task, own === verdict ? task.required : task.scopeSetups, table, nameOf, own === verdict),
    };
  }
  // Whether there is a list is known once the task that gives it has ended, however early the rule holds.
  const awaited = task.over === null ? task.optional : [...task.optional, task.over];
  return { verdict: awaited.every((slot) => isTerminal(table, slot)) ? "run" : "wait" };
}

function decideGates(task: PlannedTask, table: Table, nameOf: (slot: number) => string): Decided | undefined {
  if (!task.gates.every((gate) => isTerminal(table, gate))) return { verdict: "wait" };
  for (const gate of task.gates) {
    const chosen = table.details[gate]?.chosen;
    if (stateOf(table, gate) !== "success" || chosen === undefined || chosen.includes(task.spec.taskId)) continue;
    return { verdict: "skipped", cause: { code: "branch", text: `'${nameOf(gate)}' did not choose it` } };
  }
  return undefined;
}

/** The same on a mapped task that has its instances: whether those that have not begun may. */
export const decideGroup = (draft: Draft, slot: number): Decided =>
  decideTask(taskAt(draft, slot), draft, (other) => taskAt(draft, other).spec.taskId);

/** In a run that is being ended a teardown runs, whatever its rule, if any of its setups succeeded. */
export function decideLateTeardown(task: PlannedTask, table: Table): Decided {
  if (task.setups.length > 0) return decideTeardown(task, table);
  return { verdict: "skipped", cause: { code: "rule", text: "it has no setup, and the run was ended" } };
}

/** A teardown runs once everything above it is done, if any of its setups succeeded. */
function decideTeardown(task: PlannedTask, table: Table): Decided {
  const verdict = task.setups.length === 0 ? "run" : decideRule("all_done_setup_success", ...tally(task.setups, table));
  if (verdict === "skipped" || verdict === "upstream_failed") {
    const text = verdict === "skipped" ? "its setups were skipped" : "none of its setups succeeded";
    return { verdict, cause: { code: "rule", text } };
  }
  return {
    verdict: [...task.required, ...task.optional, ...task.setups].every((slot) => isTerminal(table, slot))
      ? "run"
      : "wait",
  };
}

function tally(slots: readonly number[], table: Table): [seen: Seen, pending: number] {
  const seen = { success: false, skipped: false, failed: false, upstreamFailed: false };
  let pending = 0;
  for (const slot of slots) {
    const expansion = countedInstances(slot, table);
    if (expansion !== undefined) {
      // What its chunks told last holds no longer once somebody has changed it.
      if (awaitsHands(expansion)) {
        pending += 1;
        continue;
      }
      const counts = countInstances(table, expansion);
      for (const ending of ["success", "skipped", "failed"] as const) seen[ending] ||= counts[ending] > 0;
      seen.upstreamFailed ||= isBarred(table, expansion);
      pending += counts.atWork + counts.waiting;
      continue;
    }
    switch (stateOf(table, slot)) {
      case "success":
        seen.success = true;
        break;
      // An upstream of which nothing is left counts as skipped.
      case "skipped":
      case "removed":
        // What was never part of the run counts for nothing.
        if (table.details[slot]?.cause?.code !== "not_selected") seen.skipped = true;
        break;
      case "failed":
        seen.failed = true;
        break;
      case "upstream_failed":
        seen.upstreamFailed = true;
        break;
      default:
        pending += 1;
    }
  }
  return [seen, pending];
}

/** Whether chunks have yet to hear what was done by hand to instances of theirs. */
const awaitsHands = ({ chunks = [] }: Expansion): boolean => chunks.some(({ hands = [] }) => hands.length > 0);

/** Whether instances could not run since what is above them failed after it was cleared. */
export function isBarred(table: Pick<Table, "states">, { base, rows, chunks = [] }: Expansion): boolean {
  for (let row = base; row < base + rows; row++) if (stateOf(table, row) === "upstream_failed") return true;
  return chunks.some(({ barred }) => barred);
}

/** A mapped task counts as its instances, as soon as there are any; one that tolerates failures as itself. */
function countedInstances(slot: number, table: Table): Expansion | undefined {
  // Those of one that is to be made anew say nothing any more.
  if (table.details[slot]?.target?.to === "none") return undefined;
  const expansion = expansionOf(table, slot);
  return table.plan.tasks[slot]?.spec.map?.tolerance === null ? expansion : undefined;
}

/** How its instances ended, by state: `3 of 10 failed`. */
function instanceEnds(expansion: Expansion, table: Table, told: (state: TaskState) => boolean): string[] {
  const counts = countInstances(table, expansion);
  return (["success", "failed", "skipped"] as const)
    .filter((state) => counts[state] > 0 && told(state))
    .map((state) => `${counts[state]} of ${expansion.length} ${state}`);
}

/** Upstream tasks named in a cause at the most. */
const UPSTREAMS_NAMED_MAX = 5;

function ruleCause(
  task: PlannedTask,
  slots: readonly number[],
  table: Table,
  nameOf: (slot: number) => string,
  own: boolean,
): Cause {
  const unlessFine = (state: TaskState): boolean => task.spec.rule !== "all_success" || state !== "success";
  const done = slots.flatMap((slot) => {
    const expansion = countedInstances(slot, table);
    if (expansion !== undefined)
      return instanceEnds(expansion, table, unlessFine).map((ends) => `'${nameOf(slot)}' ${ends}`);
    const state = stateOf(table, slot);
    return isTerminal(table, slot) && unlessFine(state) ? [`'${nameOf(slot)}' ${state}`] : [];
  });
  const named = done.slice(0, UPSTREAMS_NAMED_MAX);
  const more = done.length > named.length ? ` and ${done.length - named.length} more` : "";
  return { code: "rule", text: `${own ? task.spec.rule : "its setup must succeed"}: ${named.join(", ")}${more}` };
}
