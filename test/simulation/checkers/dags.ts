/** Promises about the records of DAGs: places, schedules, windows. */
import { gapAt } from "../../../shared/core/dag/gaps.ts";
import { ACTIVE_RUNS_MAX, type DagRecord } from "../../../shared/core/dag/record.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { coverageOf, firingsBetween } from "../world/clocks.ts";
import type { DataInterval } from "../../../shared/core/run.ts";
import { scheduledRunId } from "../../../shared/core/run-id.ts";
import { isRunEnded } from "../../../shared/core/states.ts";
import { instant, iso } from "../../../shared/core/time.ts";
import type { Checker, Seen } from "./checker.ts";

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
    // A chunk has the place of its parent.
    if (after.state !== "running" || after.origin.kind === "chunk") return;
    if (after.heldBy?.epoch === after.epoch) {
      const backfill = database.backfills.rows.get(after.heldBy.backfillId)?.value;
      const place = backfill?.active.some((date) => date.runId === after.runId) === true;
      return expect(place, () => `${after.runId} is running without a place of ${backfill?.backfillId}`);
    }
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
    for (const { runId, epoch } of before?.active ?? []) {
      if (kept.has(runId)) continue;
      const run = database.runs.rows.get(runId)?.value;
      expect(
        run !== undefined && (isRunEnded(run.state) || run.epoch > epoch || run.heldBy?.epoch === run.epoch),
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

export const dueDatesAreAccountedFor: Checker = {
  promise: "L2",
  says: "every date that the schedule moves past has a run or is in a gap",
  dag({ before, after, manifest }, { database }, expect) {
    if (before === undefined || before.nextFire === null || after.nextFire === null || manifest.schedule === null)
      return;
    if (!sameSchedule(before, after, database)) return;
    for (const due of firingsBetween(manifest.schedule, before.nextFire - 1, after.nextFire - 1)) {
      const made = after.active.some(({ scheduled }) => scheduled && covers(scheduled.dataInterval, due, manifest));
      const gap = after.gaps.some(({ from, to }) => from <= due && due <= to);
      expect(made || gap, () => `${after.dagId} moved past ${iso(instant(due))} without a run or a gap`);
      // What has waited for longer than it may has no run.
      if (manifest.catchup === null || manifest.startWithinMs !== null) continue;
      const isThere = made || isTaken(after, due, manifest, database);
      expect(isThere, () => `${after.dagId} makes up for what it missed, and passed over ${iso(instant(due))}`);
    }
  },
};

/** Whether the date is known to have no run because another one, of a schedule before, has its logical date. */
export function isTaken(dag: DagRecord, due: number, { schedule }: Manifest, database: Seen["database"]): boolean {
  const gap = dag.gaps.find(({ from, to, reason }) => reason === "date_taken" && from <= due && due <= to);
  if (gap === undefined || schedule === null) return false;
  const id = scheduledRunId(dag.dagId, instant(gap.start ?? coverageOf(schedule, due).start));
  return database.runs.rows.has(id) || dag.active.some(({ runId }) => runId === id);
}

const sameSchedule = (a: DagRecord, b: DagRecord, database: Seen["database"]): boolean => {
  const schedule = ({ version }: DagRecord): string => JSON.stringify(database.manifest(version).schedule);
  return a.version === b.version || schedule(a) === schedule(b);
};

export const intervalsAreDisjoint: Checker = {
  promise: "S13",
  says: "what scheduled runs of a DAG cover never overlaps",
  run({ before, after, manifest }, _moves, { database }, expect) {
    if (before !== undefined || after.runType !== "scheduled" || after.dataInterval === null) return;
    if (manifest.schedule?.interval === "none") return;
    const { start, end } = after.dataInterval;
    expect(start < end, () => `${after.runId} covers nothing`);
    for (const { value: other } of database.runs.rows.values()) {
      if (other.runType !== "scheduled" || other.dagId !== after.dagId || other.runId === after.runId) continue;
      const interval = other.dataInterval;
      if (interval === null || interval.start === interval.end) continue;
      expect(interval.end <= start || interval.start >= end, () => `${after.runId} and ${other.runId} overlap`);
    }
  },
};

export const dueDatesAreFired: Checker = {
  promise: "L2",
  says: "a due date that has passed becomes a run before the schedule moves on",
  dag({ before, after, now, manifest }, { database }, expect) {
    if (before === undefined || before.nextFire === null || before.nextFire > now) return;
    if (after.nextFire === before.nextFire || after.removed || manifest.overlap === "skip") return;
    if (manifest.startWithinMs !== null) return;
    if (!sameSchedule(before, after, database)) return;
    const known = new Set(before.active.map((run) => run.runId));
    const due = before.nextFire;
    const fired = after.active.some(
      ({ runId, scheduled }) =>
        scheduled !== undefined && (!known.has(runId) || covers(scheduled.dataInterval, due, manifest)),
    );
    // Of several that fell due while nobody looked, the last may have to wait for a place.
    const waits = manifest.overlap === "queue" && after.nextFire !== null && after.nextFire <= now;
    const next = after.nextFire === null ? "never" : iso(after.nextFire);
    const passedOver = gapAt(after.gaps, after.version, due) !== undefined;
    expect(fired || waits || passedOver, () => `${after.dagId} moved from ${iso(due)} to ${next} without a run`);
  },
};

/** Whether the interval is that of the firing at `due`. */
export function covers(interval: DataInterval, due: number, { schedule }: Manifest): boolean {
  if (schedule === null) return false;
  return interval.end === coverageOf(schedule, due).end;
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
