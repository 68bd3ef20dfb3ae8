/** What checkers must remember that the records do not: who was ever admitted, what was said, when there was room. */
import { ACTIVE_RUNS_MAX, type DagRecord } from "../../../shared/core/dag/record.ts";
import { attemptKeyText, type DagId, type RunId, type VersionHash } from "../../../shared/core/ids.ts";
import type { RunDeadline } from "../../../shared/core/run.ts";
import { isRunEnded, type RunState } from "../../../shared/core/states.ts";
import type { DagChange, Published, RunChange } from "../../../shared/simulated/watch.ts";
import { isByHand, isCleared, isTakenOver } from "./by-hand.ts";
import { stateAt, UNMAPPED } from "./instances.ts";
import type { Move } from "./move.ts";

/** A stretch of true time in which a DAG had a free place and its version did not change. */
interface Room {
  readonly from: number;
  until: number;
}

interface RunDeadlines {
  readonly deadlines: readonly RunDeadline[];
  readonly metAt?: number;
}

export interface Ledger {
  /** Runs that ever were in their DAG's active set. */
  readonly admitted: ReadonlySet<RunId>;
  /** The run that got the object, by DAG, trigger and object. */
  readonly objects: Map<string, RunId>;
  /** By run that has any: its deadlines as it came into being, and when it first succeeded. */
  readonly deadlines: ReadonlyMap<RunId, RunDeadlines>;
  /** By run: facts published about it. */
  readonly facts: ReadonlyMap<string, number>;
  /** By run and task: when its first failure was committed. */
  readonly firstFailures: ReadonlyMap<string, number>;
  /** Sendings into `queued` that were committed, by run, task and attempt. */
  readonly queued: Map<string, number>;
  readonly versions: Map<string, number>;
  /** Sendings of each attempt to its executor. */
  readonly sendings: Map<string, { readonly first: number; readonly count: number }>;
  readonly cancelledAt: ReadonlyMap<RunId, number>;
  /** Child runs that a stored run is to start, or to cancel before anybody starts them. */
  readonly asked: ReadonlySet<RunId>;
  /** By the attempt that started it. */
  readonly children: ReadonlyMap<string, RunId>;
  /** How each run ended first, whatever became of it later. */
  readonly firstEnds: ReadonlyMap<RunId, RunState>;
  /** How often each task instance was cleared, and the attempt that it had come to. */
  readonly clears: ReadonlyMap<string, { readonly times: number; readonly attempt: number }>;
  /** Runs of which somebody cleared or marked tasks. */
  readonly overturned: ReadonlySet<RunId>;
  /** Runs that went on with another version. */
  readonly moved: ReadonlySet<RunId>;
  /** Runs that went on after they had ended. */
  readonly reopened: ReadonlySet<RunId>;
  /** Tasks of runs that ever succeeded or were skipped. */
  readonly everDone: ReadonlySet<string>;
  /** The run that the schedule was given last. */
  lastOfSchedule(dagId: DagId): RunId | undefined;
  roomOf(dagId: DagId): readonly Room[];
  /** Since when the DAG is paused. */
  pausedSince(dagId: DagId): number | undefined;
  /** When the DAG's current schedule was deployed. */
  scheduledSince(dagId: DagId): number | undefined;
  /** Versions that were the newest of the DAG, one after the other; the last one still is. */
  newestOf(dagId: DagId): readonly { readonly version: VersionHash; readonly until: number }[];
  /** By DAG and trigger: the objects that waited in the inbox as its window last changed. */
  readonly inboxes: Map<string, ReadonlySet<string>>;
  /** Attempts whose code has begun. */
  readonly begun: Set<string>;
  /** What each command of an operator has changed so far. */
  readonly acts: Set<string>;
  codeStarts: number;
  noteRun(change: RunChange, moves: readonly Move[]): void;
  noteDag(change: DagChange): void;
  notePublished(published: Published): void;
}

/** Whether the row was there before the change. */
function existed({ before, after }: RunChange, { slot }: Move): boolean {
  const rows = after.tasks.expansions.find(({ base, rows: count }) => slot >= base && slot < base + count);
  return before?.tasks.expansions.some(({ number }) => number === rows?.number) === true;
}

export function createLedger(): Ledger {
  const admitted = new Set<RunId>();
  const facts = new Map<string, number>();
  const firstFailures = new Map<string, number>();
  const cancelledAt = new Map<RunId, number>();
  const asked = new Set<RunId>();
  const children = new Map<string, RunId>();
  const firstEnds = new Map<RunId, RunState>();
  const everDone = new Set<string>();
  const deadlines = new Map<RunId, RunDeadlines>();
  const pausedSince = new Map<DagId, number>();
  const lastOfSchedule = new Map<DagId, RunId>();
  const rooms = new Map<DagId, Room[]>();
  const newest = new Map<DagId, { readonly version: VersionHash; until: number }[]>();
  const schedules = new Map<DagId, { readonly text: string; readonly since: number }>();
  const clears = new Map<string, { readonly times: number; readonly attempt: number }>();
  const overturned = new Set<RunId>();
  const moved = new Set<RunId>();
  const reopened = new Set<RunId>();
  /** What another version brings, or brings anew, begins afresh. */
  const noteFresh = ({ after, manifest }: RunChange): void => {
    moved.add(after.runId);
    for (const [slot, { taskId }] of manifest.tasks.entries()) {
      const key = `${after.runId}#${taskId}`;
      // Budgets are those of the newer version.
      firstFailures.delete(key);
      if (stateAt(after, slot) !== "none") continue;
      clears.set(key, { times: (clears.get(key)?.times ?? 0) + 1, attempt: after.tasks.attempts[slot] ?? 0 });
    }
  };
  /** A task that waits for slots is cleared without moving: it only waits from now on. */
  const noteWaiting = ({ before, after, manifest }: RunChange): void => {
    for (const [slot, { taskId }] of manifest.tasks.entries()) {
      if (before === undefined || stateAt(before, slot) !== "scheduled" || stateAt(after, slot) !== "scheduled")
        continue;
      if (before.tasks.details[slot]?.since === after.tasks.details[slot]?.since) continue;
      const key = `${after.runId}#${taskId}`;
      firstFailures.delete(key);
      clears.set(key, { times: (clears.get(key)?.times ?? 0) + 1, attempt: after.tasks.attempts[slot] ?? 0 });
    }
  };
  const noteHand = (change: RunChange, moves: readonly Move[]): void => {
    const { before, after } = change;
    if (before !== undefined && after.epoch > before.epoch) {
      reopened.add(after.runId);
      cancelledAt.delete(after.runId);
    }
    if (isByHand(change)) overturned.add(after.runId);
    if (isTakenOver(change)) noteFresh(change);
    else if (isByHand(change)) noteWaiting(change);
    for (const move of moves) {
      // Instances of a map that was made anew.
      if (move.mapIndex !== UNMAPPED && !existed(change, move)) firstFailures.delete(`${after.runId}#${move.name}`);
      if (!isCleared(change, move)) continue;
      const key = `${after.runId}#${move.name}`;
      clears.set(key, { times: (clears.get(key)?.times ?? 0) + 1, attempt: move.attemptBefore });
      firstFailures.delete(key);
    }
  };
  const noteVersion = ({ dagId, version }: DagRecord, at: number): void => {
    const known = newest.get(dagId) ?? [];
    const last = known.at(-1);
    if (last?.version === version) return;
    if (last !== undefined) last.until = at;
    newest.set(dagId, [...known, { version, until: Infinity }]);
  };
  const ledger: Ledger = {
    admitted,
    objects: new Map(),
    deadlines,
    facts,
    firstFailures,
    queued: new Map(),
    versions: new Map(),
    sendings: new Map(),
    cancelledAt,
    asked,
    children,
    firstEnds,
    clears,
    overturned,
    moved,
    reopened,
    everDone,
    lastOfSchedule: (dagId) => lastOfSchedule.get(dagId),
    roomOf: (dagId) => rooms.get(dagId) ?? [],
    pausedSince: (dagId) => pausedSince.get(dagId),
    scheduledSince: (dagId) => schedules.get(dagId)?.since,
    newestOf: (dagId) => newest.get(dagId) ?? [],
    inboxes: new Map(),
    begun: new Set(),
    acts: new Set(),
    codeStarts: 0,
    noteRun(change, moves) {
      const { before, after, at } = change;
      noteHand(change, moves);
      if (before === undefined && after.deadlines !== undefined)
        deadlines.set(after.runId, { deadlines: after.deadlines });
      const watched = after.state === "success" ? deadlines.get(after.runId) : undefined;
      if (watched !== undefined && watched.metAt === undefined && after.endedAt !== null)
        deadlines.set(after.runId, { ...watched, metAt: after.endedAt });
      if ((before?.cancel ?? null) === null && after.cancel !== null) cancelledAt.set(after.runId, at);
      for (const effect of after.effects) if ("childId" in effect) asked.add(effect.childId);
      if (after.origin.kind === "child") children.set(attemptKeyText(after.origin.parent), after.runId);
      if (isRunEnded(after.state) && !firstEnds.has(after.runId)) firstEnds.set(after.runId, after.state);
      for (const { name, from, to, detail } of moves) {
        const key = `${after.runId}#${name}`;
        if (to === "success" || to === "skipped") everDone.add(key);
        // A lost worker is no failure of the task's.
        if (from === to || to !== "up_for_retry" || detail?.cause?.code !== "error") continue;
        if (!firstFailures.has(key)) firstFailures.set(key, at);
      }
    },
    noteDag({ before, after, manifest, at }) {
      noteVersion(after, at);
      for (const { runId, scheduled } of after.active) {
        // An older schedule that comes back may give out a date that it has given out before.
        const isNew = before?.active.some((run) => run.runId === runId && run.scheduled !== undefined) !== true;
        if (scheduled !== undefined && isNew) lastOfSchedule.set(after.dagId, runId);
        admitted.add(runId);
      }
      if (after.paused === null) pausedSince.delete(after.dagId);
      else if (!pausedSince.has(after.dagId)) pausedSince.set(after.dagId, at);
      const text = JSON.stringify(manifest.schedule);
      if (schedules.get(after.dagId)?.text !== text) schedules.set(after.dagId, { text, since: at });
      const known = rooms.get(after.dagId) ?? [];
      rooms.set(after.dagId, known);
      const last = known.at(-1);
      const open = last !== undefined && last.until === Infinity ? last : undefined;
      const free =
        !after.removed &&
        after.paused === null &&
        after.active.length < Math.min(manifest.maxActiveRuns, ACTIVE_RUNS_MAX);
      if (free && open === undefined) known.push({ from: at, until: Infinity });
      if (!free && open !== undefined) open.until = at;
    },
    notePublished({ fact }) {
      const about = fact.deadline === undefined ? "" : `#${fact.deadline.name}`;
      const key = `${fact.runId}#${fact.type}${about}`;
      facts.set(key, (facts.get(key) ?? 0) + 1);
    },
  };
  return ledger;
}
