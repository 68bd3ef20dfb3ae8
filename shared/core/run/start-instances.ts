/** When the instances of a mapped task start: in their order, as many at once as it allows. */
import type { Expansion } from "../run.ts";
import { expansionAt, stateOf, taskAt, type Draft } from "./draft.ts";
import type { InstanceCounts } from "./instances.ts";
import { pauseOf } from "./pauses.ts";
import { startNext } from "./slots.ts";

/** Starts as many instances as there is room for, in their order: those that never ran, and those whose retry has come due. */
export function startInstances(draft: Draft, expansion: Expansion, counts: InstanceCounts): void {
  const task = taskAt(draft, expansion.slot);
  if (counts.waiting === 0 || pauseOf(draft.head, task) !== undefined) return;
  const { base, length } = expansion;
  let room = (task.spec.map?.concurrency ?? Infinity) - counts.atWork;
  for (let slot = base; slot < base + length && room > 0; slot++) {
    if (!isReady(draft, slot)) continue;
    startNext(draft, slot);
    room -= 1;
  }
}

/** A retry whose time has come, but for which there was no room, is no longer due. */
const isReady = (draft: Draft, slot: number): boolean => {
  const state = stateOf(draft, slot);
  return state === "none" || (state === "up_for_retry" && draft.details[slot]?.due === undefined);
};

/** The time of a retry has come: it starts, or takes its turn among the other instances. */
export function retryNext(draft: Draft, slot: number): void {
  const expansion = expansionAt(draft, slot);
  if (expansion === undefined || taskAt(draft, slot).spec.map?.concurrency === null) return startNext(draft, slot);
  const { due: _due, ...waiting } = draft.details[slot] ?? { since: draft.now };
  draft.details[slot] = waiting;
  draft.changed = true;
  draft.touched.add(expansion.slot);
}
