/** Deadlines of simulated runs: those that were kept, too, which records forget. */
import { deadlinesOf } from "../../core/schedule/deadline.ts";
import type { Manifest } from "../../core/manifest.ts";
import type { Run } from "../../core/run.ts";
import { iso, type Instant } from "../../core/time.ts";
import type { DeadlineTotals, SimulatedDeadline, SimulatedRun } from "./result.ts";

export function deadlinesIn(run: Run, manifest: Manifest, dueAt: Instant): readonly SimulatedDeadline[] {
  const { runType, logicalDate, queuedAt, state, endedAt } = run;
  return deadlinesOf(manifest, { runType, logicalDate, queuedAt, dueAt }).map(({ name, at }) => {
    const missed = run.deadlines?.some((each) => each.name === name && each.missedAt !== undefined) === true;
    return {
      name,
      at: iso(at),
      missed,
      lateMs: missed && state === "success" && endedAt !== null ? endedAt - at : null,
    };
  });
}

/** In the order of the DAG. */
export function deadlineTotals({ deadlines }: Manifest, runs: readonly SimulatedRun[]): readonly DeadlineTotals[] {
  return deadlines.map(({ name }) => {
    const own = runs.flatMap((run) => run.deadlines.filter((each) => each.name === name));
    const missed = own.filter((each) => each.missed);
    const latestMs = missed.reduce((most, { lateMs }) => Math.max(most, lateMs ?? 0), 0);
    return { name, runs: own.length, missed: missed.length, latestMs };
  });
}
