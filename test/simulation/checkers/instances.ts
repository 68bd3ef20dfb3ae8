/** The checkers' own reading of which row of a run's table is what. */
import type { AttemptKey } from "../../../shared/core/ids.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { planOf } from "../../../shared/core/plan.ts";
import type { ChunkState, Expansion, Run } from "../../../shared/core/run.ts";
import { TASK_STATES, type TaskState } from "../../../shared/core/states.ts";

export const UNMAPPED = -1;

export interface Instance {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly hook: boolean;
}

type Rows = Pick<Run, "tasks">;

export const stateAt = ({ tasks }: Rows, slot: number): TaskState => TASK_STATES[tasks.states[slot] ?? 0] ?? "none";

/** The rows of a mapped task, where it has any in this record. */
export function rowsOf({ tasks }: Rows, manifest: Manifest, taskId: string): Expansion | undefined {
  const slot = planOf(manifest).slotOf.get(taskId);
  return tasks.expansions.find((expansion) => expansion.slot === slot);
}

export function instanceAt({ tasks }: Rows, manifest: Manifest, slot: number): Instance {
  const plan = planOf(manifest);
  const rows = tasks.expansions.find(({ base, rows: count }) => slot >= base && slot < base + count);
  const task = plan.tasks[rows?.slot ?? slot];
  const mapIndex = rows === undefined ? UNMAPPED : rows.first + slot - rows.base;
  return { taskId: task?.spec.taskId ?? `slot ${slot}`, mapIndex, hook: task?.hook !== null };
}

/** -1: the run has no such instance. */
export function slotOfKey(run: Rows, manifest: Manifest, key: Pick<AttemptKey, "taskId" | "mapIndex">): number {
  if (key.mapIndex === UNMAPPED) return planOf(manifest).slotOf.get(key.taskId) ?? -1;
  const rows = rowsOf(run, manifest, key.taskId);
  if (rows === undefined || key.mapIndex < rows.first || key.mapIndex >= rows.first + rows.rows) return -1;
  return rows.base + key.mapIndex - rows.first;
}

/**
 * How the instances of a mapped task stand, as the record knows it: those of chunks by their last reports, what is still open
 * among them as `queued`. undefined: it has none here.
 */
export function instanceStates(run: Rows, manifest: Manifest, taskId: string): readonly TaskState[] | undefined {
  const rows = rowsOf(run, manifest, taskId);
  if (rows?.chunks !== undefined) return rows.chunks.flatMap((chunk) => [...statesOfChunk(chunk)]);
  if (rows === undefined) return undefined;
  return Array.from({ length: rows.rows }, (_, index) => stateAt(run, rows.base + index));
}

function* statesOfChunk(chunk: ChunkState): Generator<TaskState> {
  for (const state of ["success", "failed", "skipped"] as const) {
    // How many of what did not run could not, it does not tell.
    for (let count = chunk[state]; count > 0; count--)
      yield state === "skipped" && chunk.barred ? "upstream_failed" : state;
  }
  // One that has not heard everything yet, or not told its end, may still change.
  const open = chunk.ended && chunk.heard === chunk.ordered ? chunk.open : Math.max(1, chunk.open);
  for (let count = open; count > 0; count--) yield "queued";
}
