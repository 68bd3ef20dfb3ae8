/** The instances of a mapped task, as rows of the run's table: how they stand. */
import type { InstanceAttempts } from "../attempt.ts";
import { MAP_CHUNK_WIDTH, type MapTolerance, type TaskSpec } from "../manifest.ts";
import { transitionsOf } from "../plan.ts";
import type { ChunkState, Expansion, TaskTable } from "../run.ts";
import { chunkRunId } from "../run-id.ts";
import { TASK_STATE } from "../states.ts";
import { expansionAt, expansionOf, stateOf, taskAt, type Draft } from "./draft.ts";

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

export function countInstances(tasks: Pick<TaskTable, "states">, expansion: Expansion): InstanceCounts {
  const counts = { success: 0, skipped: 0, failed: 0, atWork: 0, waiting: 0 };
  for (const chunk of expansion.chunks ?? []) {
    counts.success += chunk.success;
    counts.skipped += chunk.skipped;
    counts.failed += chunk.failed;
    // Until it has heard the last order, its instances may be about to change.
    counts.atWork += isSettled(chunk) ? 0 : Math.max(1, chunk.open);
  }
  const { base, rows } = expansion;
  for (let slot = base; slot < base + rows; slot++) {
    const state = stateOf(tasks, slot);
    if (state === "success" || state === "failed") counts[state] += 1;
    else if (TASK_STATE[state].terminal) counts.skipped += 1;
    else if (TASK_STATE[state].inFlight || state === "scheduled") counts.atWork += 1;
    else counts.waiting += 1;
  }
  return counts;
}

/** All of its instances have ended, and it has nothing to hear that could change that. */
export const isSettled = ({ ended, heard, ordered }: ChunkState): boolean => ended && heard === ordered;

/** Whether a mapped task succeeds although so many of its instances failed. Without a tolerance none may. */
export const isTolerated = (failed: number, length: number, tolerance: MapTolerance | null): boolean =>
  failed === 0 ||
  (tolerance !== null && failed <= ("count" in tolerance ? tolerance.count : Math.floor(tolerance.share * length)));

/** Attempts of the instance that are no tries of what it does now: of earlier expansions, or before it was cleared. */
export const triesBefore = (tasks: Pick<TaskTable, "details" | "expansions">, slot: number): number =>
  tasks.details[slot]?.triesBefore ?? expansionAt(tasks, slot)?.attemptBase ?? 0;

/** The attempt that would be the last one if all of them failed by the task's own doing: lost ones do not count as tries. */
export const lastAttempt = (
  tasks: Pick<TaskTable, "details" | "expansions">,
  slot: number,
  { retry }: Pick<TaskSpec, "retry">,
): number => triesBefore(tasks, slot) + (tasks.details[slot]?.losses ?? 0) + retry.retries + 1;

/** The attempts by which instances succeeded, for a task that takes their results. */
export function instanceAttempts(draft: Draft, slot: number): readonly InstanceAttempts[] | undefined {
  const expansion = expansionOf(draft, slot);
  if (expansion === undefined) return undefined;
  const { runId } = draft.head;
  const { chunks, first, length } = expansion;
  if (chunks === undefined) return [{ runId, first, length, attempts: attemptPairs(draft, expansion) }];
  // The chunks themselves know their attempts: they are filled in as the dispatch is sent.
  const width = chunkWidthOf(draft, slot);
  return chunks.map((_, index) => ({
    runId: chunkRunId(runId, expansion.number, index),
    first: index * width,
    length: Math.min(width, length - index * width),
    attempts: [],
  }));
}

/** Instances of the mapped task that one record holds. */
export const chunkWidthOf = (draft: Draft, slot: number): number =>
  taskAt(draft, slot).spec.map?.chunkWidth ?? MAP_CHUNK_WIDTH;

/** Pairs of a count and the attempt that so many instances in a row succeeded by; 0: they did not. */
export function attemptPairs(
  tasks: Pick<TaskTable, "states" | "attempts">,
  { base, rows }: Pick<Expansion, "base" | "rows">,
): readonly number[] {
  const pairs: number[] = [];
  let count = 0;
  let last = -1;
  for (let slot = base; slot < base + rows; slot++) {
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
  for (const { slot, rows } of expansions) {
    const task = plan.tasks[slot];
    if (task !== undefined) most += rows * transitionsOf(task.spec);
  }
  return most;
}
