/** Promises about the records of DAGs: places, schedules, windows. */
import { ACTIVE_RUNS_MAX } from "../../../shared/core/dag-record.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import type { DataInterval } from "../../../shared/core/run.ts";
import { isRunEnded } from "../../../shared/core/states.ts";
import { iso } from "../../../shared/core/time.ts";
import type { Checker } from "./checker.ts";

export const placesAreBounded: Checker = {
  promise: "S9",
  says: "nobody is admitted beyond maxActiveRuns",
  dag({ before, after, manifest }, _seen, expect) {
    const known = new Set(before?.active.map((run) => run.runId));
    const admitted = after.active.filter((run) => !known.has(run.runId));
    if (admitted.length === 0) return;
    const most = Math.min(manifest.maxActiveRuns, ACTIVE_RUNS_MAX);
    expect(
      after.active.length <= most,
      () => `${after.dagId} has ${after.active.length} active runs; at most ${most} are allowed`,
    );
  },
};

export const removedAdmitsNothing: Checker = {
  promise: "S9",
  says: "a DAG that is gone from the source admits nothing",
  dag({ before, after }, _seen, expect) {
    if (before?.removed !== true || !after.removed) return;
    const known = new Set(before.active.map((run) => run.runId));
    const admitted = after.active.filter((run) => !known.has(run.runId));
    expect(admitted.length === 0, () => `${after.dagId} admitted ${admitted.map((run) => run.runId).join(", ")}`);
  },
};

export const noRunTwiceActive: Checker = {
  promise: "S9",
  says: "a run holds one place of its DAG",
  dag({ after }, _seen, expect) {
    const ids = new Set(after.active.map((run) => run.runId));
    expect(
      ids.size === after.active.length,
      () => `${after.dagId}: ${after.active.map((run) => run.runId).join(", ")}`,
    );
  },
};

export const runningHoldsAPlace: Checker = {
  promise: "S9",
  says: "a run that is running holds a place of its DAG",
  run({ after }, _moves, { database }, expect) {
    if (after.state !== "running") return;
    const dag = database.dags.rows.get(after.dagId)?.value;
    const holds = dag?.active.some((run) => run.runId === after.runId && run.epoch === after.epoch) === true;
    expect(holds, () => `${after.runId} is running without a place`);
  },
};

export const placesAreFreedByEnds: Checker = {
  promise: "S9",
  says: "a place is given back only when its run has ended",
  dag({ before, after }, { database }, expect) {
    const kept = new Set(after.active.map((run) => run.runId));
    for (const { runId } of before?.active ?? []) {
      if (kept.has(runId)) continue;
      const run = database.runs.rows.get(runId)?.value;
      expect(
        run !== undefined && isRunEnded(run.state),
        () => `${after.dagId} let go of ${runId}, which is ${run?.state ?? "not there"}`,
      );
    }
  },
};

export const admittedBeforeCreated: Checker = {
  promise: "S9",
  says: "a scheduled run comes into being only once its DAG has committed its place",
  run({ before, after }, _moves, { ledger }, expect) {
    if (before !== undefined || after.runType !== "scheduled") return;
    expect(ledger.admitted.has(after.runId), () => `${after.runId} was put, but its DAG never admitted it`);
  },
};

export const dueDatesAreFired: Checker = {
  promise: "L2",
  says: "a due date that has passed becomes a run before the schedule moves on",
  dag({ before, after, now, manifest }, { database }, expect) {
    if (before === undefined || before.nextFire === null || before.nextFire > now) return;
    if (after.nextFire === before.nextFire || after.removed) return;
    const schedule = (version: typeof after.version): string => JSON.stringify(database.manifest(version).schedule);
    if (schedule(before.version) !== schedule(after.version)) return;
    const known = new Set(before.active.map((run) => run.runId));
    const due = before.nextFire;
    const fired = after.active.some(
      ({ runId, scheduled }) =>
        scheduled !== undefined && (!known.has(runId) || covers(scheduled.dataInterval, due, manifest)),
    );
    const next = after.nextFire === null ? "never" : iso(after.nextFire);
    expect(fired, () => `${after.dagId} moved from ${iso(due)} to ${next} without a run`);
  },
};

/** Whether the interval is that of the firing at `due`. */
export function covers(interval: DataInterval, due: number, { schedule }: Manifest): boolean {
  if (schedule === null) return false;
  if (schedule.interval === "none" || schedule.interval === "cron") return interval.end === due;
  // The whole hour or day before the firing.
  const unitMs = schedule.interval === "hour" ? 3_600_000 : 86_400_000;
  return interval.end === Math.floor(due / unitMs) * unitMs;
}

export const windowsRise: Checker = {
  promise: "S1",
  says: "windows are numbered one by one",
  dag({ before, after }, _seen, expect) {
    for (const window of after.windows) {
      const old = before?.windows.find((other) => other.triggerId === window.triggerId);
      if (old === undefined) continue;
      const step = window.number - old.number;
      expect(
        step === 0 || step === 1,
        () => `${after.dagId}/${window.triggerId} went from ${old.number} to ${window.number}`,
      );
    }
  },
};
