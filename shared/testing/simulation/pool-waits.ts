/** How long tasks waited for slots of their pools, each for one after the other, from when they were ready on. */
import type { Manifest, TaskSpec } from "../../core/manifest.ts";
import type { Run } from "../../core/run.ts";
import { TASK_STATES } from "../../core/states.ts";
import type { RunChange } from "../../simulated/watch.ts";

const SCHEDULED = TASK_STATES.indexOf("scheduled");

export interface PoolWaits {
  note(change: RunChange): void;
  /** By pool, in milliseconds; those that did not wait are left out. */
  readonly found: ReadonlyMap<string, readonly number[]>;
}

export function createPoolWaits(): PoolWaits {
  const found = new Map<string, number[]>();
  const waiting = new Map<string, { readonly pool: string; readonly since: number }>();
  return {
    found,
    note({ before, after, manifest, at }) {
      if (manifest.pools.length === 0) return;
      const { states } = after.tasks;
      for (let slot = 0; slot < states.length; slot++) {
        if (states[slot] !== SCHEDULED && before?.tasks.states[slot] !== SCHEDULED) continue;
        const key = `${after.runId}#${slot}`;
        const [was, pool] = [waiting.get(key), states[slot] === SCHEDULED ? poolOf(manifest, after, slot) : undefined];
        if (was?.pool === pool) continue;
        if (was !== undefined && at > was.since) add(found, was.pool, at - was.since);
        if (pool === undefined) waiting.delete(key);
        else waiting.set(key, { pool, since: at });
      }
    },
  };
}

function add(found: Map<string, number[]>, pool: string, ms: number): void {
  const known = found.get(pool);
  if (known === undefined) found.set(pool, [ms]);
  else known.push(ms);
}

/** The pool that a ready task has no slots of yet: it takes them in the order of their names. */
function poolOf(manifest: Manifest, run: Run, slot: number): string | undefined {
  const pools = specAt(manifest, run, slot)?.pools.map(({ pool }): string => pool) ?? [];
  return pools.toSorted()[run.tasks.details[slot]?.taken ?? 0];
}

/** The task of a slot; of an instance, its mapped task. */
function specAt({ tasks }: Manifest, { origin, tasks: table }: Run, slot: number): TaskSpec | undefined {
  if (origin.kind === "chunk") return tasks.find(({ taskId }) => taskId === origin.taskId);
  const expansion = table.expansions.find(({ base, length }) => slot >= base && slot < base + length);
  return tasks[expansion?.slot ?? slot];
}
