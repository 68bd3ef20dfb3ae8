/** How long tasks waited for slots of their pools: from when they were ready to when they were sent. */
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
  const since = new Map<string, number>();
  return {
    found,
    note({ before, after, manifest, at }) {
      if (manifest.pools.length === 0) return;
      const { states } = after.tasks;
      for (let slot = 0; slot < states.length; slot++) {
        const [was, is] = [before?.tasks.states[slot] === SCHEDULED, states[slot] === SCHEDULED];
        if (was === is) continue;
        const key = `${after.runId}#${slot}`;
        const began = since.get(key);
        if (is) since.set(key, at);
        else if (began !== undefined) {
          since.delete(key);
          if (at > began)
            for (const { pool } of specAt(manifest, after, slot)?.pools ?? []) add(found, pool, at - began);
        }
      }
    },
  };
}

function add(found: Map<string, number[]>, pool: string, ms: number): void {
  const known = found.get(pool);
  if (known === undefined) found.set(pool, [ms]);
  else known.push(ms);
}

/** The task of a slot; of an instance, its mapped task. */
function specAt({ tasks }: Manifest, run: Run, slot: number): TaskSpec | undefined {
  const expansion = run.tasks.expansions.find(({ base, rows }) => slot >= base && slot < base + rows);
  return tasks[expansion?.slot ?? slot];
}
