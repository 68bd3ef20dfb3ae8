/** Pools of a world: which there are, which tasks take how much of them, and what people do to their size. */
import { limitPool, type PoolId } from "../../../shared/core/ids.ts";
import type { Manifest, PoolSpec, TaskPool, TaskSpec } from "../../../shared/core/manifest.ts";
import type { Random } from "../../../shared/simulated/random.ts";
import type { Bent } from "./bent.ts";
import type { PlannedAction } from "./plan.ts";

const MINUTE_MS = 60_000;
const PRIORITIES = [1, 1, 1, 5, 20];

/** Half of all worlds have none: there a task costs nothing more. */
export function generatePools(random: Random, bent: Bent): readonly PoolSpec[] {
  if (random.chance(0.5) && bent !== "pools") return [];
  const names = ["api", "lake", "warehouse"].slice(0, random.integer(1, 3));
  return names.map((name) => ({ pool: name as PoolId, slots: random.pick([1, 1, 2, 3, 4]) }));
}

/** The DAG with some of its tasks in pools, and perhaps a limit of its own. */
export function withPools(random: Random, manifest: Manifest, pools: readonly PoolSpec[]): Manifest {
  if (pools.length === 0) return manifest;
  const limits: PoolSpec[] = [];
  const ofDag = random.chance(0.15)
    ? { pool: limitPool("dag", manifest.dagId), slots: random.integer(1, 3) }
    : undefined;
  if (ofDag !== undefined) limits.push(ofDag);
  const tasks = manifest.tasks.map((task): TaskSpec => {
    const taken: TaskPool[] = pools.flatMap(({ pool, slots }) =>
      random.chance(pools.length === 1 ? 0.5 : 0.3) ? [{ pool, slots: weightOf(random, slots) }] : [],
    );
    if (ofDag !== undefined) taken.push({ pool: ofDag.pool, slots: 1 });
    if (random.chance(0.06)) {
      const limit = { pool: limitPool("task", `${manifest.dagId}.${task.taskId}`), slots: random.integer(1, 2) };
      limits.push(limit);
      taken.push({ pool: limit.pool, slots: 1 });
    }
    return { ...task, pools: taken.toSorted(byPool), priority: random.pick(PRIORITIES) };
  });
  return { ...manifest, tasks, pools: [...pools, ...limits].toSorted(byPool) };
}

const weightOf = (random: Random, slots: number): number => (random.chance(0.6) ? 1 : random.integer(1, slots));

const byPool = (a: { readonly pool: PoolId }, b: { readonly pool: PoolId }): number => (a.pool < b.pool ? -1 : 1);

/** Somebody sets another number, and after a while the old one again; or drains the pool. */
export function resizesAt(random: Random, at: number, pools: readonly PoolSpec[]): readonly PlannedAction[] {
  if (pools.length === 0) return [];
  const { pool, slots } = random.pick(pools);
  const resize = (to: number, later: number): PlannedAction => ({
    at: at + later,
    action: { type: "resize", pool, slots: to },
  });
  return [resize(random.pick([0, 1, slots + 2]), 0), resize(slots, random.skewed(5_000, 90 * MINUTE_MS))];
}
