import { setTimeout as delay } from "node:timers/promises";
import type { Scheduler } from "../home/scheduler.ts";

const LOOK_MS = 50;
/** Of so many backfills, the newest, it is asked whether they wait to hear of a run. */
const BACKFILLS_MAX = 100;

/** Resolves once nothing is left to do: no window is open, no run waits or is at work, and whoever asked for one has heard. */
export async function settled(scheduler: Scheduler, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await scheduler.idle();
    if (!(await isBusy(scheduler.engine))) return;
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function isBusy(engine: Scheduler["engine"]): Promise<boolean> {
  const dags = await engine.dags.list();
  if (dags.some((dag) => !dag.removed && (dag.active.length > 0 || dag.windows.some(({ open }) => open !== null))))
    return true;
  // A run that has ended stays there until its backfill has heard of it, and begins the next one.
  const backfills = await engine.backfills.list({ limit: BACKFILLS_MAX });
  if (backfills.some(({ active }) => active.length > 0)) return true;
  for (const state of ["queued", "running"] as const) {
    if ((await engine.runs.list({ state, limit: 1 })).runs.length > 0) return true;
  }
  return false;
}
