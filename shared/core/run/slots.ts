/**
 * Slots of pools, on the side of the run. A task that is ready waits as `scheduled`, holds nothing, takes its pools in the order
 * of their names out of what its run is granted, and is dispatched once it has them all. What a run holds follows from the states
 * of its tasks, so that a slot cannot be given back twice: whatever was granted and is not held goes back with the same commit.
 */
import type { RunEvent } from "../events.ts";
import type { PoolId } from "../ids.ts";
import type { TaskPool } from "../manifest.ts";
import { stillWaiting } from "../pool/record.ts";
import type { PoolWant, RunPool } from "../run.ts";
import { isRunEnded, TASK_STATE } from "../states.ts";
import { isBackfilled, poolsOf } from "./backfilled.ts";
import { neededBy } from "./deadlines.ts";
import { dispatchNext } from "./dispatch.ts";
import { amend, kept, move, setHead, stateOf, taskAt, type Draft } from "./draft.ts";
import { acknowledgeEffect, recordEffect } from "./effects.ts";
import { isOutOfHours, waitForHours } from "./hours.ts";
import { pauseOf } from "./pauses.ts";

/** Starts the next attempt of a task instance: at once, or as soon as it has its slots. */
export function startNext(draft: Draft, slot: number): void {
  if (poolsAt(draft, slot).length === 0) return dispatchNext(draft, slot);
  move(draft, slot, "scheduled", { since: draft.now, ...kept(draft.details[slot]) });
}

const poolsAt = (draft: Draft, slot: number): readonly TaskPool[] => poolsOf(draft.head, taskAt(draft, slot));

/** What a run that has ended, or has been reopened since, was granted goes back. */
export function hearGrant(draft: Draft, event: Extract<RunEvent, { type: "pool_granted" }>): void {
  const { pool, epoch, number, granted } = event;
  if (epoch !== draft.head.epoch || isRunEnded(draft.head.state)) {
    if (epoch <= draft.head.epoch) draft.commands.push({ type: "leave_pool", pool, epoch });
    return;
  }
  acknowledgeEffect(draft, number);
  draft.grants.set(pool, Math.max(draft.grants.get(pool) ?? 0, granted));
}

/** A pool, while a decision gives its slots to tasks. */
interface Share {
  readonly before: RunPool;
  readonly granted: number;
  held: number;
  /** Slots that came with this decision: what its own tasks gave back is for the pool to grant. */
  room: number;
}

/** Takes what was granted, gives back what is not held, and tells each pool what has changed for it. */
export function settlePools(draft: Draft): void {
  const { head, plan } = draft;
  const known = head.pools ?? [];
  if (known.length === 0 && plan.pools.length === 0 && head.heldBy?.pool === undefined) return;
  if (isRunEnded(head.state)) return leavePools(draft, known);
  const shares = sharesOf(draft, known);
  countHeld(draft, shares);
  const waiting = waitingInstances(draft);
  for (const slot of waiting) takeSlots(draft, slot, shares);
  const pools = [...shares.values()].flatMap((share) => settled(draft, share, waiting) ?? []);
  if (pools.some((pool, index) => pool !== known[index])) setHead(draft, { pools });
}

function leavePools(draft: Draft, known: readonly RunPool[]): void {
  for (const { pool } of known) recordEffect(draft, { kind: "pool_final", pool });
  const { pools: _pools, ...head } = draft.head;
  draft.head = head;
}

function sharesOf({ plan, grants, head: { heldBy } }: Draft, known: readonly RunPool[]): Map<PoolId, Share> {
  const shares = new Map<PoolId, Share>();
  const put = (before: RunPool): void => {
    const granted = Math.max(before.granted, grants.get(before.pool) ?? 0);
    shares.set(before.pool, { before, granted, held: 0, room: granted - before.granted });
  };
  for (const before of known) put(before);
  const asked = heldBy?.pool === undefined ? plan.pools : [...plan.pools, heldBy.pool];
  for (const pool of asked) if (!shares.has(pool)) put({ pool, granted: 0, released: 0, told: null });
  // What a pool grants that the run does not know of is taken as new, and goes back.
  for (const pool of grants.keys()) if (!shares.has(pool)) put({ pool, granted: 0, released: 0, told: null });
  return shares;
}

/** At work it holds all of its pools; while it waits, those that it has taken. */
function countHeld(draft: Draft, shares: ReadonlyMap<PoolId, Share>): void {
  for (let slot = 0; slot < draft.states.length; slot++) {
    const pools = poolsAt(draft, slot);
    if (pools.length === 0) continue;
    const state = stateOf(draft, slot);
    // What is held back waits for nobody, and nobody waits for it.
    if (state === "scheduled" && isHeldBack(draft, slot)) {
      if (takenBy(draft, slot) > 0) amend(draft, slot, { taken: 0 });
      if (!isPaused(draft, slot)) waitForHours(draft, slot);
    }
    const taken = TASK_STATE[state].inFlight ? pools.length : takenBy(draft, slot);
    for (const { pool, slots } of pools.slice(0, taken)) addHeld(shares.get(pool), slots);
  }
  // A version that asks for more than the one before may hold what it was not granted yet: that is paid first.
  for (const share of shares.values()) {
    share.room = Math.max(0, Math.min(share.room, share.granted - share.before.released - share.held));
  }
}

function addHeld(share: Share | undefined, slots: number): void {
  if (share !== undefined) share.held += slots;
}

const takenBy = (draft: Draft, slot: number): number => draft.details[slot]?.taken ?? 0;

const isPaused = (draft: Draft, slot: number): boolean => pauseOf(draft.head, taskAt(draft, slot)) !== undefined;

const isHeldBack = (draft: Draft, slot: number): boolean => isPaused(draft, slot) || isOutOfHours(draft, slot);

/** What waits for slots, the first to be served first: by priority, then in the order of the DAG. */
function waitingInstances(draft: Draft): readonly number[] {
  const waiting: number[] = [];
  for (let slot = 0; slot < draft.states.length; slot++) {
    if (stateOf(draft, slot) === "scheduled" && !isHeldBack(draft, slot)) waiting.push(slot);
  }
  return waiting.toSorted((a, b) => taskAt(draft, b).spec.priority - taskAt(draft, a).spec.priority || a - b);
}

/** Takes the pools of an instance as far as there are slots; one that has them all starts. */
function takeSlots(draft: Draft, slot: number, shares: ReadonlyMap<PoolId, Share>): void {
  const pools = poolsAt(draft, slot);
  const before = takenBy(draft, slot);
  let taken = before;
  for (let need = pools[taken]; need !== undefined; need = pools[taken]) {
    const share = shares.get(need.pool);
    if (share === undefined || share.room < need.slots) break;
    share.room -= need.slots;
    share.held += need.slots;
    taken += 1;
  }
  if (taken === pools.length) return dispatchNext(draft, slot);
  if (taken > before) amend(draft, slot, { taken });
}

/** The run's part after this decision; undefined: it has had nothing to do with the pool. */
function settled(draft: Draft, share: Share, waiting: readonly number[]): RunPool | undefined {
  const { before, granted, held } = share;
  const released = Math.max(before.released, granted - held);
  const want = { granted, released, ...wantOf(draft, before.pool, granted, waiting) };
  if (before.told === null && want.next === null && granted === 0) return undefined;
  if (before.told !== null && isKnown(before.told, want)) {
    return granted === before.granted && released === before.released ? before : { ...before, granted, released };
  }
  recordEffect(draft, { kind: "pool_want", pool: before.pool, want });
  return { pool: before.pool, granted, released, told: want };
}

type Wanting = Pick<PoolWant, "wanted" | "next" | "priority" | "deadline" | "logicalDate" | "past">;

/** What waits for this pool now: of the best-ranked, how many there are and what each takes. */
function wantOf(draft: Draft, pool: PoolId, granted: number, waiting: readonly number[]): Wanting {
  let wanted = granted;
  let [weight, count, priority] = [0, 0, 0];
  for (const slot of waiting) {
    if (stateOf(draft, slot) !== "scheduled") continue; // It has started just now.
    const { spec } = taskAt(draft, slot);
    const need = poolsAt(draft, slot)[takenBy(draft, slot)];
    if (need?.pool !== pool) continue;
    wanted += need.slots;
    if (count === 0) [weight, priority] = [need.slots, spec.priority];
    if (need.slots === weight && spec.priority === priority) count += 1;
  }
  const { logicalDate, queuedAt } = draft.head;
  const next = count === 0 ? null : { weight, count };
  const past = isBackfilled(draft.head) ? ({ past: true } as const) : {};
  const deadline = neededBy(draft.head, draft.plan.manifest);
  return { wanted, next, priority, deadline, logicalDate: logicalDate ?? queuedAt, ...past };
}

/** Whether the pool, as it was told and with what it has granted since, knows all this. */
function isKnown(told: PoolWant, want: PoolWant): boolean {
  const left = stillWaiting(told.next, want.granted - told.granted);
  return (
    told.released === want.released &&
    Math.max(told.wanted, want.granted) === want.wanted &&
    left?.count === want.next?.count &&
    left?.weight === want.next?.weight &&
    (want.next === null || (told.priority === want.priority && told.deadline === want.deadline))
  );
}
