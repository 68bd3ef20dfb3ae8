/** Task instances that a commit moved. */
import type { RunId } from "../../../shared/core/ids.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { planOf } from "../../../shared/core/plan.ts";
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
export function movesOf({ before, after, manifest }: RunChange, oldManifest: Manifest = manifest): readonly Move[] {
  const { states, attempts, details } = after.tasks;
  const old = before?.tasks;
  const slotBefore = oldManifest === manifest ? slotsBefore({ before, after }) : slotsByName(manifest, oldManifest);
  const moves: Move[] = [];
  for (let slot = 0; slot < states.length; slot++) {
    const was = slotBefore(slot);
    const attemptBefore = old?.attempts[was] ?? formerOf(before, manifest, slot) ?? baseOf(after, slot);
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

/** In another version: by the names of tasks and hooks. Runs that are taken over have no maps in these worlds. */
function slotsByName(manifest: Manifest, old: Manifest): (slot: number) => number {
  const [now, was] = [planOf(manifest), planOf(old)];
  return (slot) => was.slotOf.get(now.tasks[slot]?.spec.taskId ?? "") ?? -1;
}

/** A task that comes back goes on counting. */
const formerOf = (before: RunChange["before"], manifest: Manifest, slot: number): number | undefined =>
  before?.formerAttempts?.[planOf(manifest).tasks[slot]?.spec.taskId ?? ""];

/** Where a row was before; -1: it was not there. Rows of a map keep their order, and may move up as others go. */
function slotsBefore({ before, after }: Pick<RunChange, "before" | "after">): (slot: number) => number {
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
