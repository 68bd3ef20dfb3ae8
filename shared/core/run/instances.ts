/** The instances of a mapped task, as rows of the run's table: how they stand. */
import type { InstanceAttempts } from "../attempt.ts";
import type { MapTolerance } from "../manifest.ts";
import { transitionsOf } from "../plan.ts";
import type { Expansion, TaskTable } from "../run.ts";
import { TASK_STATE } from "../states.ts";
import { expansionAt, expansionOf, stateOf, type Draft } from "./draft.ts";

/** How the instances of a mapped task stand. */
export interface InstanceCounts {
  readonly success: number;
  readonly skipped: number;
  readonly failed: number;
  /** In flight, or waiting for a slot of a pool. */
  readonly atWork: number;
  /** Neither ended nor at work. */
  readonly waiting: number;
}

export function countInstances(tasks: Pick<TaskTable, "states">, { base, length }: Expansion): InstanceCounts {
  const counts = { success: 0, skipped: 0, failed: 0, atWork: 0, waiting: 0 };
  for (let slot = base; slot < base + length; slot++) {
    const state = stateOf(tasks, slot);
    if (state === "success" || state === "failed") counts[state] += 1;
    else if (TASK_STATE[state].terminal) counts.skipped += 1;
    else if (TASK_STATE[state].inFlight || state === "scheduled") counts.atWork += 1;
    else counts.waiting += 1;
  }
  return counts;
}

/** Whether a mapped task succeeds although so many of its instances failed. Without a tolerance none may. */
export const isTolerated = (failed: number, length: number, tolerance: MapTolerance | null): boolean =>
  failed === 0 ||
  (tolerance !== null && failed <= ("count" in tolerance ? tolerance.count : Math.floor(tolerance.share * length)));

/** Attempts of the instance that are no tries of what it does now: of earlier expansions, or before it was cleared. */
export const triesBefore = (draft: Draft, slot: number): number =>
  draft.details[slot]?.triesBefore ?? expansionAt(draft, slot)?.attemptBase ?? 0;

/** The attempts by which instances succeeded, for a task that takes their results. */
export function instanceAttempts(draft: Draft, slot: number): readonly InstanceAttempts[] | undefined {
  const expansion = expansionOf(draft, slot);
  if (expansion === undefined) return undefined;
  const { first, length } = expansion;
  return [{ runId: draft.head.runId, first, length, attempts: attemptPairs(draft, expansion) }];
}

/** Pairs of a count and the attempt that so many instances in a row succeeded by; 0: they did not. */
export function attemptPairs(
  tasks: Pick<TaskTable, "states" | "attempts">,
  { base, length }: Pick<Expansion, "base" | "length">,
): readonly number[] {
  const pairs: number[] = [];
  let count = 0;
  let last = -1;
  for (let slot = base; slot < base + length; slot++) {
    const attempt = stateOf(tasks, slot) === "success" ? (tasks.attempts[slot] ?? 0) : 0;
    if (attempt !== last && count > 0) {
      pairs.push(count, last);
      count = 0;
    }
    last = attempt;
    count += 1;
  }
  return count === 0 ? pairs : [...pairs, count, last];
}

/** State changes that the run may make: what its tasks can need, and the instances that it has. */
export function transitionsMax({ plan, expansions }: Pick<Draft, "plan" | "expansions">): number {
  let most = plan.transitionsMax;
  for (const { slot, length } of expansions) {
    const task = plan.tasks[slot];
    if (task !== undefined) most += length * transitionsOf(task.spec);
  }
  return most;
}
