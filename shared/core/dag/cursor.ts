/** Where the schedule of a DAG stands: which firing becomes a run, and which comes next. */
import type { ActiveRun } from "../dag-record.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { scheduledRunId } from "../run-id.ts";
import { beginning } from "../schedule-edit.ts";
import { lastFiring, nextFiring } from "../schedule.ts";
import type { Instant } from "../time.ts";
import { places, type DagDraft } from "./draft.ts";

/** Catch-up is off: of all firings that have passed, the latest becomes a run. Its place is stored before the run starts. */
export function fireSchedule(draft: DagDraft): void {
  const { dag, manifest, now } = draft;
  const { schedule } = manifest;
  if (schedule === null || dag.nextFire === null || dag.nextFire > now) return;
  if (places(draft) === 0 || draft.queueFirst) return;
  const last = lastFiring(schedule, now);
  if (last === null) return void (draft.dag = { ...dag, nextFire: dueAfter(schedule, now) });
  const firing = beginning(last, dag.first);
  const active: ActiveRun = {
    runId: scheduledRunId(dag.dagId, firing.logicalDate),
    epoch: 0,
    since: now,
    scheduled: { version: dag.version, logicalDate: firing.logicalDate, dataInterval: firing.dataInterval },
    confirmed: false,
  };
  draft.dag = { ...dag, first: null, cursor: firing.due, nextFire: dueAfter(schedule, now) };
  // An edit of the schedule may give a firing to a period that has its run.
  if (dag.active.some((run) => run.runId === active.runId)) return;
  draft.dag = { ...draft.dag, active: [...dag.active, active] };
  draft.commands.push({ type: "start_run", active });
}

const dueAfter = (schedule: ScheduleSpec, after: Instant): Instant | null => nextFiring(schedule, after)?.due ?? null;
