/** When the instances of a mapped task start: in their order, as many at once as it allows. */
import type { MapSpec } from "../manifest.ts";
import type { Expansion } from "../run.ts";
import { expansionAt, stateOf, taskAt, type Draft } from "./draft.ts";
import type { InstanceCounts } from "./instances.ts";
import { waitForHours } from "./hours.ts";
import { pauseOf } from "./pauses.ts";
import { startNext } from "./slots.ts";

/**
 * Starts as many instances as there is room for, in their order: those whose retry has come due and, if the rule lets
 * them, those that have not run yet.
 */
export function startInstances(draft: Draft, expansion: Expansion, counts: InstanceCounts, mayBegin: boolean): void {
  const task = taskAt(draft, expansion.slot);
  // One that was cleared waits, as every task does, until its run has been admitted again.
  if (counts.waiting === 0 || draft.head.state !== "running" || pauseOf(draft.head, task) !== undefined) return;
  if (waitForHours(draft, expansion.slot)) return;
  const { base, rows } = expansion;
  let room = roomOf(draft, task.spec.map) - counts.atWork;
  for (let slot = base; slot < base + rows && room > 0; slot++) {
    if (!isReady(draft, slot, mayBegin)) continue;
    startNext(draft, slot);
    room -= 1;
  }
}

/** How many instances may be at work at once; those of a chunk as it is ordered. */
const roomOf = ({ head }: Draft, map: MapSpec | null): number =>
  head.origin.kind === "chunk" ? chunkRoom(head) : (map?.concurrency ?? Infinity);

/** By the last order to a chunk; nothing before the first. */
function chunkRoom({ chunk }: Draft["head"]): number {
  if (chunk === undefined || chunk.order.held) return 0;
  return chunk.order.allowance ?? Infinity;
}

/** A retry whose time has come, but for which there was no room, is no longer due. */
const isReady = (draft: Draft, slot: number, mayBegin: boolean): boolean => {
  const state = stateOf(draft, slot);
  return (mayBegin && state === "none") || (state === "up_for_retry" && draft.details[slot]?.due === undefined);
};

/** The time of a retry has come: it starts, or takes its turn among the other instances. */
export function retryNext(draft: Draft, slot: number): void {
  const expansion = expansionAt(draft, slot);
  if (expansion === undefined || roomOf(draft, taskAt(draft, slot).spec.map) === Infinity)
    return startNext(draft, slot);
  const { due: _due, ...waiting } = draft.details[slot] ?? { since: draft.now };
  draft.details[slot] = waiting;
  draft.changed = true;
  draft.touched.add(expansion.slot);
}
