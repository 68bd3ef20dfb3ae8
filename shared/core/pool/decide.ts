/**
 * The decision on a pool: `decidePool(pool, events, now)` gives the next record and what is to be done once it is stored.
 * Pure, total and deterministic; events may come twice, late and in any order.
 */
import { assertNever } from "../errors.ts";
import type { PoolId, RunId } from "../ids.ts";
import { earliest, instant, plus, type Instant } from "../time.ts";
import {
  POOL_RUNS_MAX,
  POOL_SCHEMA,
  slotsUsed,
  stillWaiting,
  type Pool,
  type PoolCommand,
  type PoolEntry,
  type PoolEvent,
  type Want,
  type WantRank,
} from "./record.ts";

/** A grant of which the run has not been heard to know is told again after this long at first, then at growing intervals. */
export const GRANT_AGAIN_AFTER_MS = 30_000;
/** A run of which nothing has been heard for this long is asked whether it is still there. */
const ASK_RUN_AFTER_MS = 3_600_000;

export interface PoolDecision {
  readonly pool: Pool;
  readonly commands: readonly PoolCommand[];
  /** False: the record is as it was; nothing needs to be stored. */
  readonly changed: boolean;
}

/** A pool as its first declaration makes it. */
export const newPool = (poolId: PoolId, slots: number): Pool => ({
  schema: POOL_SCHEMA,
  poolId,
  slots,
  declared: slots,
  resized: null,
  entries: [],
  due: null,
});

interface PoolDraft {
  pool: Pool;
  readonly now: Instant;
  /** In the order in which runs came. */
  readonly entries: Map<RunId, PoolEntry>;
  /** Runs to be told how they stand. */
  readonly told: Set<RunId>;
  /** Of those, the ones that are to say that they have heard. */
  readonly asked: Set<RunId>;
  changed: boolean;
}

export function decidePool(pool: Pool, events: readonly PoolEvent[], now: Instant): PoolDecision {
  const draft: PoolDraft = {
    pool,
    now,
    entries: new Map(pool.entries.map((entry) => [entry.runId, entry])),
    told: new Set(),
    asked: new Set(),
    changed: false,
  };
  // Whatever brings us here: what has fallen due is looked at, or a busy pool would put it off for ever.
  if (pool.due !== null && pool.due <= now) wake(draft, {});
  for (const event of events) applyPoolEvent(draft, event);
  grantSlots(draft);
  const due = dueOf(draft);
  const changed = draft.changed || due !== pool.due;
  if (!changed) return { pool, commands: commandsOf(draft, null), changed };
  const next = { ...draft.pool, entries: [...draft.entries.values()], due };
  return { pool: next, commands: commandsOf(draft, due === pool.due ? null : due), changed };
}

function applyPoolEvent(draft: PoolDraft, event: PoolEvent): void {
  switch (event.type) {
    case "wake":
      return wake(draft, event);
    case "wanted":
      return hear(draft, event.runId, event.epoch, event.want);
    case "final":
      return forget(draft, event.runId, event.epoch);
    case "grant_seen":
      return confirm(draft, event.runId, event.epoch, event.granted);
    case "declared":
      if (event.slots !== draft.pool.declared)
        resize(draft, { slots: event.slots, declared: event.slots, resized: null });
      return;
    case "resized":
      return resize(draft, { slots: event.slots, resized: { by: event.by, at: draft.now } });
    default:
      return assertNever(event);
  }
}

function resize(draft: PoolDraft, change: Pick<Pool, "slots" | "resized"> & Partial<Pick<Pool, "declared">>): void {
  const { pool } = draft;
  // A person who sets the same again has changed nothing, nor has the source that says what holds.
  if (change.slots === pool.slots && (change.declared ?? pool.declared) === pool.declared) return;
  draft.pool = { ...pool, ...change };
  draft.changed = true;
}

function setEntry(draft: PoolDraft, entry: PoolEntry): void {
  draft.entries.set(entry.runId, entry);
  draft.changed = true;
}

/** Totals are merged by the larger; the newest snapshot says what is wanted, never below what was granted. */
function hear(draft: PoolDraft, runId: RunId, epoch: number, want: Want): void {
  const known = draft.entries.get(runId);
  if (known !== undefined && known.epoch > epoch) return;
  if (known === undefined && draft.entries.size >= POOL_RUNS_MAX) return;
  draft.told.add(runId);
  if (known === undefined || known.epoch < epoch) return setEntry(draft, firstHeard(draft, runId, epoch, want));
  const granted = Math.max(known.granted, want.granted);
  const totals = {
    granted,
    released: Math.min(granted, Math.max(known.released, want.released)),
    seen: Math.max(known.seen, want.granted),
  };
  if (want.number > known.number) {
    const { number, wanted, priority, deadline, logicalDate } = want;
    const next = stillWaiting(want.next, granted - want.granted);
    const since = next === null ? null : (known.since ?? draft.now);
    const newest = { number, wanted: Math.max(wanted, granted), next, priority, deadline, logicalDate, since };
    return setEntry(draft, { ...known, ...totals, ...newest, heardAt: draft.now });
  }
  // An echo, or one that was overtaken.
  const same = totals.granted === known.granted && totals.released === known.released && totals.seen === known.seen;
  if (!same) setEntry(draft, { ...known, ...totals, wanted: Math.max(known.wanted, granted) });
}

const firstHeard = ({ now }: PoolDraft, runId: RunId, epoch: number, want: Want): PoolEntry => ({
  ...want,
  runId,
  epoch,
  wanted: Math.max(want.wanted, want.granted),
  released: Math.min(want.released, want.granted),
  // What a run held before it was ever heard of is not believed until it has been asked: the want may be one of long ago.
  seen: 0,
  since: want.next === null ? null : now,
  heardAt: now,
});

function forget(draft: PoolDraft, runId: RunId, epoch: number): void {
  const known = draft.entries.get(runId);
  if (known === undefined || known.epoch > epoch) return;
  draft.entries.delete(runId);
  draft.changed = true;
}

function confirm(draft: PoolDraft, runId: RunId, epoch: number, granted: number): void {
  const known = draft.entries.get(runId);
  if (known === undefined || known.epoch !== epoch) return;
  setEntry(draft, { ...known, seen: Math.max(known.seen, granted), heardAt: draft.now });
}

function wake(
  draft: PoolDraft,
  { all = false, tell = false }: { readonly all?: boolean; readonly tell?: boolean },
): void {
  for (const entry of draft.entries.values()) {
    if (tell && entry.granted > entry.seen) draft.told.add(entry.runId);
    if (!all && lookAtOf(entry) > draft.now) continue;
    draft.told.add(entry.runId);
    draft.asked.add(entry.runId);
  }
}

/** When the run is to be told again how it stands. */
const lookAtOf = ({ granted, seen, heardAt }: PoolEntry): Instant =>
  plus(heardAt, granted > seen ? GRANT_AGAIN_AFTER_MS : ASK_RUN_AFTER_MS);

/**
 * Gives free slots to the best-ranked wants, whole instances each. The best one that does not fit yet holds back those below
 * it, so that wide instances come to their turn; one that is wider than the pool never will, and is passed over.
 */
function grantSlots(draft: PoolDraft): void {
  const { slots } = draft.pool;
  let free = slots - slotsUsed({ entries: [...draft.entries.values()] });
  if (free <= 0) return;
  const wants = [...draft.entries.values()].filter(({ next }) => next !== null && next.weight <= slots);
  for (const entry of wants.toSorted(byRank)) {
    const next = entry.next as NonNullable<PoolEntry["next"]>;
    const count = Math.min(next.count, Math.floor(free / next.weight));
    if (count > 0) grant(draft, entry, count * next.weight);
    free -= count * next.weight;
    if (count < next.count) return;
  }
}

function grant(draft: PoolDraft, entry: PoolEntry, slots: number): void {
  const granted = entry.granted + slots;
  const next = stillWaiting(entry.next, slots);
  const wanted = Math.max(entry.wanted, granted);
  const since = next === null ? null : entry.since;
  // The interval after which the run is told again counts from now.
  setEntry(draft, { ...entry, granted, wanted, next, since, heardAt: draft.now });
  draft.told.add(entry.runId);
}

/** Whose want comes first; ties go to the one that has waited longest, then by id, so that the order is one for everybody. */
export function byRank(a: PoolEntry, b: PoolEntry): number {
  return (
    compareRank(a, b) ||
    (a.since ?? Infinity) - (b.since ?? Infinity) ||
    (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0)
  );
}

/** Below 0: `a` comes first. What is live, then by priority, then the earliest deadline, then the earliest logical date. */
function compareRank(a: WantRank, b: WantRank): number {
  const past = Number(a.past === true) - Number(b.past === true);
  return past || b.priority - a.priority || order(a.deadline, b.deadline) || order(a.logicalDate, b.logicalDate);
}

const order = (a: Instant | null, b: Instant | null): number =>
  a === b ? 0 : a === null ? 1 : b === null ? -1 : a - b;

function commandsOf(draft: PoolDraft, due: Instant | null): PoolCommand[] {
  const commands: PoolCommand[] = [];
  for (const runId of draft.told) {
    const entry = draft.entries.get(runId);
    if (entry === undefined) continue;
    const { epoch, number, granted } = entry;
    commands.push({ type: "tell_run", runId, epoch, number, granted, confirm: draft.asked.has(runId) });
  }
  if (due !== null) commands.push({ type: "timer", at: due });
  return commands;
}

/** When the record next needs a look: early rather than late, and moved later only once it has passed. */
function dueOf({ pool, entries, now }: PoolDraft): Instant | null {
  const looks = [...entries.values()].map((entry) => laterThan(now, lookAtOf(entry), entry.heardAt));
  const exact = earliest(...looks) ?? null;
  const { due } = pool;
  return due !== null && due > now && exact !== null && due <= exact ? due : exact;
}

/** What is due already has just been asked for: it is asked again after half the time that nothing was heard. */
function laterThan(now: Instant, lookAt: Instant, since: Instant): Instant {
  if (lookAt > now) return lookAt;
  const waitMs = Math.min(Math.max(GRANT_AGAIN_AFTER_MS, (now - since) / 2), ASK_RUN_AFTER_MS);
  return instant(Math.round(now + waitMs));
}
