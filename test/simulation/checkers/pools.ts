/** Promises about pools. What runs hold is worked out here from task states and the manifest, not taken from their records. */
import { attemptKeyText } from "../../../shared/core/ids.ts";
import type { Manifest, TaskPool } from "../../../shared/core/manifest.ts";
import type { Pool, PoolEntry } from "../../../shared/core/pool/record.ts";
import type { Run } from "../../../shared/core/run.ts";
import { isRunEnded, TASK_STATE } from "../../../shared/core/states.ts";
import type { Checker } from "./checker.ts";
import { graphOf } from "./graph.ts";
import { instanceAt, stateAt } from "./instances.ts";

/** Those of the task, and that of the backfill which runs it, in the order of their names. */
function poolsOf(run: Run, manifest: Manifest, taskId: string): readonly TaskPool[] {
  const own = graphOf(manifest).task(taskId)?.pools ?? [];
  const { heldBy, epoch, origin } = run;
  const pool = heldBy !== undefined && (heldBy.epoch === epoch || origin.kind === "chunk") ? heldBy.pool : undefined;
  if (pool === undefined || own.some((other) => other.pool === pool)) return own;
  return [...own.filter((other) => other.pool < pool), { pool, slots: 1 }, ...own.filter((other) => other.pool > pool)];
}

/** The pools that an instance holds: all of them at work; those that it has taken while it waits for the next. */
function heldPools(run: Run, manifest: Manifest, slot: number): readonly TaskPool[] {
  const { taskId, hook } = instanceAt(run, manifest, slot);
  const pools = hook ? [] : poolsOf(run, manifest, taskId);
  const state = stateAt(run, slot);
  if (TASK_STATE[state].inFlight) return pools;
  return state === "scheduled" ? pools.slice(0, run.tasks.details[slot]?.taken ?? 0) : [];
}

function slotsHeld(run: Run, manifest: Manifest): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (let slot = 0; slot < run.tasks.states.length; slot++) {
    for (const { pool, slots } of heldPools(run, manifest, slot)) held.set(pool, (held.get(pool) ?? 0) + slots);
  }
  return held;
}

const usesPools = (manifest: Manifest, run: Run): boolean =>
  manifest.pools.length > 0 || run.heldBy?.pool !== undefined;

export const atWorkWithSlots: Checker = {
  promise: "S8",
  says: "what is at work holds the slots that it takes",
  run({ after, manifest }, _moves, _seen, expect) {
    if (!usesPools(manifest, after)) return;
    for (const [pool, held] of slotsHeld(after, manifest)) {
      const part = after.pools?.find((other) => other.pool === pool);
      const has = part === undefined ? 0 : part.granted - part.released;
      expect(held <= has, () => `${after.runId} takes ${held} slots of ${pool}; it has ${has}`);
    }
  },
};

export const waitingHoldsNothing: Checker = {
  promise: "S17",
  says: "what is not at work holds no slot, and gives it back with the same commit",
  run({ after, manifest }, _moves, _seen, expect) {
    const held = slotsHeld(after, manifest);
    for (const { pool, granted, released } of after.pools ?? []) {
      const has = granted - released;
      expect(
        has <= (held.get(pool) ?? 0),
        () => `${after.runId} has ${has} slots of ${pool} and uses ${held.get(pool)}`,
      );
    }
    if (isRunEnded(after.state) && usesPools(manifest, after)) {
      expect(
        after.pools === undefined,
        () => `${after.runId} has ended and has its part in ${after.pools?.length} pools`,
      );
    }
  },
};

export const takenIsGranted: Checker = {
  promise: "S8",
  says: "a run has no slot that its pool did not grant to it, and gives none back twice",
  run({ after }, _moves, { database }, expect) {
    for (const { pool, granted, released } of after.pools ?? []) {
      const entry = entryOf(database.pools.rows.get(pool)?.value, after);
      const given = entry?.granted ?? 0;
      expect(
        granted <= given,
        () => `${after.runId} was granted ${granted} slots of ${pool}; the pool knows of ${given}`,
      );
      expect(released <= granted, () => `${after.runId} gave back ${released} slots of ${pool} of ${granted}`);
    }
  },
};

const entryOf = (pool: Pool | undefined, { runId, epoch }: Pick<Run, "runId" | "epoch">): PoolEntry | undefined =>
  pool?.entries.find((entry) => entry.runId === runId && entry.epoch === epoch);

export const claimsHoldSlots: Checker = {
  promise: "S8",
  says: "live claims hold slots that their pool has not got back",
  attempt({ key, before, after }, { database }, expect) {
    if (before !== undefined || after.status !== "running") return;
    const run = database.runs.rows.get(key.runId)?.value;
    if (run === undefined) return;
    const manifest = database.manifest(run.version);
    for (const { pool, slots } of graphOf(manifest).task(key.taskId)?.pools ?? []) {
      const entry = entryOf(database.pools.rows.get(pool)?.value, run);
      const has = entry === undefined ? 0 : entry.granted - entry.released;
      expect(slots <= has, () => `${attemptKeyText(key)} takes ${slots} slots of ${pool}; its run has ${has} there`);
    }
  },
};

/** Runs that the pool knew already, in the same epoch, before and after. */
function* known(before: Pool | undefined, after: Pool): Generator<readonly [PoolEntry, PoolEntry]> {
  for (const entry of after.entries) {
    const old = before?.entries.find(({ runId, epoch }) => runId === entry.runId && epoch === entry.epoch);
    if (old !== undefined) yield [old, entry];
  }
}

export const totalsGrow: Checker = {
  promise: "S8",
  says: "what a pool granted and got back only grows",
  pool({ before, after }, _seen, expect) {
    for (const [old, entry] of known(before, after)) {
      const grow = entry.granted >= old.granted && entry.released >= old.released && entry.released <= entry.granted;
      expect(
        grow,
        () => `${after.poolId}: ${old.runId} ${old.granted}-${old.released} → ${entry.granted}-${entry.released}`,
      );
    }
  },
};

const used = (pool: Pool | undefined): number =>
  (pool?.entries ?? []).reduce((sum, { granted, released }) => sum + granted - released, 0);

const grantedHere = (before: Pool | undefined, after: Pool): readonly PoolEntry[] =>
  [...known(before, after)].flatMap(([old, entry]) => (entry.granted > old.granted ? [entry] : []));

export const grantsFit: Checker = {
  promise: "S8",
  says: "a pool grants within its size, and one that shrank admits nobody new",
  pool({ before, after }, { database }, expect) {
    const fresh = after.entries.filter(({ runId, epoch, granted }) => {
      const run = database.runs.rows.get(runId)?.value;
      // A want of long ago may bring back the part of a run that is over, with what it held; it is asked, and goes.
      const open = run !== undefined && run.epoch === epoch && !isRunEnded(run.state);
      return open && granted > 0 && !before?.entries.some((old) => old.runId === runId && old.epoch === epoch);
    });
    const grants = [...grantedHere(before, after), ...fresh];
    if (grants.length === 0) return;
    expect(
      used(after) <= after.slots,
      () =>
        `${after.poolId} of ${after.slots} slots granted to ${grants.map(({ runId }) => runId).join(", ")}: ${used(after)}`,
    );
  },
};

/** The table of the documentation: what is live, then by priority, then the earliest deadline, then the earliest logical date. */
function comesBefore(a: PoolEntry, b: PoolEntry): boolean {
  if (a.past !== b.past) return b.past === true;
  if (a.priority !== b.priority) return a.priority > b.priority;
  const [aBy, bBy] = [a.deadline ?? Infinity, b.deadline ?? Infinity];
  if (aBy !== bBy) return aBy < bBy;
  return (a.logicalDate ?? Infinity) < (b.logicalDate ?? Infinity);
}

const canWait = ({ slots }: Pool, { next }: PoolEntry): boolean => next !== null && next.weight <= slots;

export const bestRankedFirst: Checker = {
  promise: "L6",
  says: "slots go to the best-ranked want; one that does not fit yet holds back those below it",
  pool({ before, after }, _seen, expect) {
    const grants = grantedHere(before, after);
    if (grants.length === 0) return;
    const waiting = after.entries.filter((entry) => canWait(after, entry));
    for (const entry of grants) {
      const old = before?.entries.find(({ runId }) => runId === entry.runId);
      // What it was granted for is what it wanted; a run that waits on may wait for something else.
      const rank = old === undefined || old.number !== entry.number ? entry : old;
      const passed = waiting.find((other) => other.runId !== entry.runId && comesBefore(other, rank));
      expect(passed === undefined, () => `${after.poolId} granted to ${entry.runId} over ${passed?.runId}`);
    }
  },
};

export const nothingIdles: Checker = {
  promise: "L6",
  says: "no slot stays free for which the best-ranked want waits",
  pool({ after }, _seen, expect) {
    const waiting = after.entries.filter((entry) => canWait(after, entry));
    const [first, ...others] = waiting;
    if (first === undefined) return;
    const best = others.reduce((a, b) => (comesBefore(b, a) ? b : a), first);
    const free = after.slots - used(after);
    const ties = waiting.filter((other) => !comesBefore(best, other));
    const idle = ties.every(({ next }) => (next?.weight ?? 0) <= free);
    expect(!idle, () => `${after.poolId} has ${free} free slots, and ${best.runId} waits for ${best.next?.weight}`);
  },
};

export const scheduledIsWanted: Checker = {
  promise: "L6",
  says: "a run tells its pool of everything that waits there",
  run({ after, manifest }, _moves, _seen, expect) {
    if (!usesPools(manifest, after) || isRunEnded(after.state) || after.pauses.length > 0) return;
    // What waits for its hours asks for nothing.
    if (manifest.tasks.some(({ allowedHours }) => allowedHours !== undefined)) return;
    const waiting = new Map<string, number>();
    for (let slot = 0; slot < after.tasks.states.length; slot++) {
      if (stateAt(after, slot) !== "scheduled") continue;
      const { taskId } = instanceAt(after, manifest, slot);
      const next = poolsOf(after, manifest, taskId)[after.tasks.details[slot]?.taken ?? 0];
      expect(next !== undefined, () => `${after.runId}: ${taskId} waits for no pool`);
      if (next !== undefined) waiting.set(next.pool, (waiting.get(next.pool) ?? 0) + next.slots);
    }
    for (const [pool, slots] of waiting) {
      const part = after.pools?.find((other) => other.pool === pool);
      const told = Math.max(part?.told?.wanted ?? 0, part?.granted ?? 0) - (part?.granted ?? 0);
      expect(told === slots, () => `${after.runId}: ${slots} slots of ${pool} are waited for, ${told} were asked for`);
    }
  },
};

export const startsByGrants: Checker = {
  promise: "L6",
  says: "a task starts by a grant of its pool, not by a slot that another task of its run gave back",
  run({ before, after, manifest }, moves, _seen, expect) {
    if (before === undefined || before.version !== after.version || !usesPools(manifest, after)) return;
    const taken = new Map<string, number>();
    for (const move of moves) {
      if (move.from !== "scheduled" || !TASK_STATE[move.to].inFlight) continue;
      // The last of its pools is what it waited for.
      const last = poolsOf(after, manifest, move.taskId).at(-1);
      if (last !== undefined) taken.set(last.pool, (taken.get(last.pool) ?? 0) + last.slots);
    }
    for (const [pool, slots] of taken) {
      const grantedOf = (run: Run): number => run.pools?.find((part) => part.pool === pool)?.granted ?? 0;
      const granted = grantedOf(after) - grantedOf(before);
      expect(
        slots <= granted,
        () => `${after.runId} started tasks of ${slots} slots of ${pool} with ${granted} new ones`,
      );
    }
  },
};

export const poolsEmpty: Checker = {
  promise: "L4",
  says: "every pool is empty again",
  atRest({ database }, expect) {
    for (const { value } of database.pools.rows.values()) {
      const left = value.entries.map(({ runId, granted, released }) => `${runId} ${granted}-${released}`);
      expect(left.length === 0, () => `${value.poolId} keeps ${left.join(", ")}`);
    }
  },
};
