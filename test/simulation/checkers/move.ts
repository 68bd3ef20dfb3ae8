/** Task instances that a commit moved. */
import type { RunId } from "../../../shared/core/ids.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { manifestOf, planOf } from "../../../shared/core/plan.ts";
import type { TaskDetail } from "../../../shared/core/run.ts";
import type { TaskState } from "../../../shared/core/states.ts";
import type { RunChange } from "../../../shared/simulated/watch.ts";
import { instanceAt, stateAt, UNMAPPED } from "./instances.ts";

/** One task instance that a commit moved. */
export interface Move {
  readonly slot: number;
  readonly taskId: string;
  /** -1: it is no instance of a mapped task. */
  readonly mapIndex: number;
  /** `load`, or `load[3]`. */
  readonly name: string;
  readonly hook: boolean;
  readonly from: TaskState;
  readonly to: TaskState;
  readonly attemptBefore: number;
  readonly attempt: number;
  readonly detailBefore: TaskDetail | undefined;
  readonly detail: TaskDetail | undefined;
}

/** What a commit moved, by slot. `oldManifest`: of the version that the run had before. */
export function movesOf(change: RunChange, oldManifest: Manifest = change.manifest): readonly Move[] {
  const { before, after, manifest } = change;
  const { states, attempts, details } = after.tasks;
  const old = before?.tasks;
  const isTakenOver = oldManifest !== manifest;
  const rowBefore = rowsBefore(change);
  const slotBefore = isTakenOver ? slotsByName(change, oldManifest) : rowBefore;
  const moves: Move[] = [];
  for (let slot = 0; slot < states.length; slot++) {
    const was = slotBefore(slot);
    const attemptBefore =
      (isTakenOver ? highestBefore(change, oldManifest, slot) : old?.attempts[was]) ?? baseOf(after, slot);
    if (states[slot] === (old?.states[was] ?? 0) && attempts[slot] === attemptBefore) continue;
    const instance = instanceAt(after, manifest, slot);
    // A mapped task has no attempts of its own: it notes the highest of the instances that it had.
    const isMap = instance.mapIndex === UNMAPPED && (manifest.tasks[slot]?.map ?? null) !== null;
    moves.push({
      slot,
      ...instance,
      name: instance.mapIndex === UNMAPPED ? instance.taskId : `${instance.taskId}[${instance.mapIndex}]`,
      from: before === undefined ? "none" : stateAt(before, was),
      to: stateAt(after, slot),
      attemptBefore: isMap ? 0 : attemptBefore,
      attempt: isMap ? 0 : (attempts[slot] ?? 0),
      detailBefore: old?.details[was],
      detail: details[slot],
    });
  }
  return moves;
}

/** In another version: by the names of tasks and hooks; instances are known by their expansion. */
function slotsByName(change: RunChange, old: Manifest): (slot: number) => number {
  const [now, was] = [planOf(manifestOf(change.after, change.manifest)), planOf(manifestOf(change.after, old))];
  const rowBefore = rowsBefore(change);
  return (slot) => {
    const spec = now.tasks[slot]?.spec;
    return spec === undefined ? rowBefore(slot) : (was.slotOf.get(spec.taskId) ?? -1);
  };
}

/**
 * What a task of another version goes on counting from: the highest attempt that the run ever made of it, also by instances,
 * and although a version between had not got it.
 */
function highestBefore({ before, after, manifest }: RunChange, old: Manifest, slot: number): number | undefined {
  if (before === undefined) return undefined;
  const spec = planOf(manifestOf(after, manifest)).tasks[slot]?.spec;
  if (spec === undefined) return before.tasks.attempts[rowsBefore({ before, after })(slot)];
  const was = planOf(manifestOf(after, old)).slotOf.get(spec.taskId);
  if (was === undefined) return before.formerAttempts?.[spec.taskId];
  const { attempts, expansions } = before.tasks;
  const used = expansions
    .filter((expansion) => expansion.slot === was)
    .flatMap(({ base, rows, chunks = [] }) => [
      ...attempts.subarray(base, base + rows),
      ...chunks.map(({ attempt }) => attempt),
    ]);
  return Math.max(attempts[was] ?? 0, ...used);
}

/** Where a row was before; -1: it was not there. Rows of a map keep their order, and may move up as others go. */
function rowsBefore({ before, after }: Pick<RunChange, "before" | "after">): (slot: number) => number {
  const was = new Map(before?.tasks.expansions.map((expansion) => [expansion.number, expansion.base]));
  return (slot) => {
    const rows = after.tasks.expansions.find(({ base, rows: count }) => slot >= base && slot < base + count);
    if (rows === undefined) return slot;
    const base = was.get(rows.number);
    return base === undefined ? -1 : base + slot - rows.base;
  };
}

/** Attempts of a new instance start above those of the instances before it. */
export const baseOf = ({ tasks }: RunChange["after"], slot: number): number =>
  tasks.expansions.find(({ base, rows: count }) => slot >= base && slot < base + count)?.attemptBase ?? 0;

export const moveText = (runId: RunId, { name, from, to, attempt }: Move): string =>
  `${runId}: ${name} ${from} → ${to} (attempt ${attempt})`;
