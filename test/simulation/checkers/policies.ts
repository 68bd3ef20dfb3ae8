/** Promises about when runs and tasks may start, and what they wait for. Hours are read off local clocks here. */
import type { AllowedHours, Manifest } from "../../../shared/core/manifest.ts";
import type { Run } from "../../../shared/core/run.ts";
import { iso, instant } from "../../../shared/core/time.ts";
import { SCHEDULER_SKEW_MS_MAX } from "../actors/consumer.ts";
import { coverageOf, firingsBetween, isWithinHours } from "../world/clocks.ts";
import type { Checker, Seen } from "./checker.ts";
import { graphOf } from "./graph.ts";
import { moveText } from "./move.ts";
import { statesOf } from "./tasks.ts";

export const nothingIsAdmittedOutOfHours: Checker = {
  promise: "S9",
  says: "a DAG admits runs within its hours only",
  dag({ before, after, manifest, now }, _seen, expect) {
    if (manifest.allowedHours === null) return;
    const known = new Set(before?.active.map(({ runId }) => runId));
    const admitted = after.active.filter(({ runId }) => !known.has(runId));
    if (admitted.length === 0) return;
    const { timezone, allowedHours } = manifest;
    expect(
      isWithinHours(timezone, allowedHours, now),
      () => `${after.dagId} admitted ${admitted.map(({ runId }) => runId).join(", ")} at ${iso(instant(now))}`,
    );
  },
};

const aboutWithin = (timezone: string, hours: AllowedHours, at: number): boolean =>
  [-SCHEDULER_SKEW_MS_MAX, 0, SCHEDULER_SKEW_MS_MAX].some((skew) => isWithinHours(timezone, hours, at + skew));

export const tasksStartInTheirHours: Checker = {
  promise: "S5",
  says: "an attempt of a task is sent within the task's hours only",
  run({ after, manifest, at }, moves, _seen, expect) {
    if (after.cancel !== null || after.cause !== null) return;
    for (const move of moves) {
      const hours = move.hook ? undefined : graphOf(manifest).task(move.taskId)?.allowedHours;
      if (hours === undefined || move.attempt === move.attemptBefore || move.to !== "queued") continue;
      expect(aboutWithin(manifest.timezone, hours, at), () => `${moveText(after.runId, move)} at ${iso(instant(at))}`);
    }
  },
};

export const nothingStartsTooLate: Checker = {
  promise: "S9",
  says: "a date that has waited for longer than its DAG has it is passed over",
  dag({ before, after, manifest, now }, _seen, expect) {
    const { schedule, startWithinMs } = manifest;
    if (startWithinMs === null || schedule === null) return;
    const known = new Set(before?.active.map(({ runId }) => runId));
    for (const { runId, scheduled } of after.active) {
      if (scheduled === undefined || known.has(runId)) continue;
      const dues = firingsBetween(schedule, now - startWithinMs, now);
      const inTime = dues.some((due) => coverageOf(schedule, due).end === scheduled.dataInterval.end);
      expect(inTime, () => `${after.dagId} admitted ${runId} at ${iso(instant(now))}`);
    }
  },
};

export const failuresPauseTheDag: Checker = {
  promise: "S17",
  says: "a DAG of which so many runs in a row have failed is paused",
  dag({ before, after, manifest }, _seen, expect) {
    const { pauseAfterFailures } = manifest;
    const [was, is] = [before?.failures ?? 0, after.failures ?? 0];
    if (pauseAfterFailures === null || is <= was || is < pauseAfterFailures) return;
    expect(after.paused !== null, () => `${after.dagId} goes on after ${is} failed runs`);
  },
};

export const datesFollowOneAnother: Checker = {
  promise: "S13",
  says: "a run of the schedule knows the one that the schedule was given before it",
  dag({ before, after }, { ledger }, expect) {
    // A run that was cleared holds a place, too, without having been given by the schedule.
    const known = new Set(before?.active.flatMap(({ runId, scheduled }) => (scheduled === undefined ? [] : [runId])));
    let last = ledger.lastOfSchedule(after.dagId);
    for (const { runId, scheduled } of after.active) {
      if (scheduled === undefined || known.has(runId)) continue;
      const { previous } = scheduled;
      expect(previous === last, () => `${runId} comes after ${last ?? "none"}, and names ${previous ?? "none"}`);
      last = runId;
    }
  },
};

export const runsFollowTheCalendar: Checker = {
  promise: "S13",
  says: "a run of the schedule covers what the calendar of its zone says",
  run({ before, after, manifest }, _moves, _seen, expect) {
    const { schedule } = manifest;
    if (before !== undefined || after.origin.kind !== "schedule" || after.partial === true) return;
    if (schedule === null || after.dataInterval === null) return;
    const { start, end } = after.dataInterval;
    const met = firingsBetween(schedule, end - 1, end + LATE_MS_MAX).some((due) => {
      const covers = coverageOf(schedule, due);
      return covers.start === start && covers.end === end;
    });
    expect(met, () => `${after.runId} covers ${iso(start)} to ${iso(end)}, as no date of its schedule does`);
  },
};

/** From the end of an interval to its run: a day, and what a clock may skip. */
const LATE_MS_MAX = 50 * 3_600_000;

export const thePastIsWaitedFor: Checker = {
  promise: "S5",
  says: "a task that depends on the past starts once the run before has let it",
  run({ after, manifest }, moves, { database, ledger }, expect) {
    if (after.previous === undefined) return;
    const previous = database.runs.rows.get(after.previous)?.value;
    // What it has allowed stays allowed, whatever tasks another version brings.
    if (previous !== undefined && ledger.moved.has(previous.runId)) return;
    for (const move of moves) {
      const spec = move.hook ? undefined : graphOf(manifest).task(move.taskId);
      if (spec?.dependsOnPast === undefined || move.from !== "none" || move.attempt === move.attemptBefore) continue;
      if (previous === undefined) {
        expect(
          !isToCome(database, after),
          () => `${moveText(after.runId, move)}, and ${after.previous} is still to come`,
        );
        continue;
      }
      const waitsFor = tasksOfPast(previous, database.manifest(previous.version), spec.taskId, spec.dependsOnPast);
      const missing = waitsFor.find(
        (id) => !ledger.everDone.has(`${previous.runId}#${id}`) && !isDone(previous, { database }, id),
      );
      expect(
        missing === undefined,
        () => `${moveText(after.runId, move)}, and ${missing} of ${previous.runId} is not done`,
      );
    }
  },
};

/** Whether somebody has admitted the run before, which is not there yet. */
function isToCome({ dags, backfills }: Seen["database"], { previous, dagId, heldBy }: Run): boolean {
  const backfill = heldBy === undefined ? undefined : backfills.rows.get(heldBy.backfillId)?.value;
  const admitted = [...(backfill?.active ?? []), ...(dags.rows.get(dagId)?.value.active ?? [])];
  return admitted.some(({ runId }) => runId === previous);
}

function tasksOfPast(previous: Run, manifest: Manifest, id: string, how: "task" | "downstream"): readonly string[] {
  if (graphOf(manifest).task(id) === undefined) return [];
  const below = manifest.tasks.filter(({ upstream }) => upstream.some(({ taskId }) => taskId === id));
  return [id, ...(how === "task" ? [] : below.map(({ taskId }) => taskId))];
}

const isDone = (run: Run, { database }: Pick<Seen, "database">, id: string): boolean =>
  ["success", "skipped", "removed"].includes(statesOf(run, database.manifest(run.version))(id));
