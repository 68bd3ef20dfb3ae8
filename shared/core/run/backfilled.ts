/** What is different in a run that a backfill has started, or opened again. */
import type { TaskPool } from "../manifest.ts";
import type { PlannedTask } from "../plan.ts";
import type { Run } from "../run.ts";

type Head = Pick<Run, "heldBy" | "epoch" | "origin">;

/** A chunk is part of the run that it was made for, whatever its own epoch. */
export const isBackfilled = ({ heldBy, epoch, origin }: Head): boolean =>
  heldBy !== undefined && (heldBy.epoch === epoch || origin.kind === "chunk");

/** The pools that an attempt of the task takes, in the order in which it does: that of their names. */
export function poolsOf(head: Head, { spec, hook }: Pick<PlannedTask, "spec" | "hook">): readonly TaskPool[] {
  const pool = head.heldBy?.pool;
  if (pool === undefined || hook !== null || !isBackfilled(head)) return spec.pools;
  if (spec.pools.some((own) => own.pool === pool)) return spec.pools;
  return [...spec.pools, { pool, slots: 1 }].toSorted((a, b) => (a.pool < b.pool ? -1 : 1));
}
