/** Where the schedule of a DAG stands: which firings become runs, which wait, which are passed over, and which comes next. */
import { CATCHUP_RUNS_MAX, type ActiveRun, type DagEvent, type Gap } from "./record.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { scheduledRunId } from "../run-id.ts";
import { beginning } from "./schedule-edit.ts";
import { firstEndingAfter, lastFiring, nextFiring, type Firing } from "../schedule/schedule.ts";
import { plus, type Instant } from "../time.ts";
import { freePlaces, places, type DagDraft } from "./draft.ts";
import { gapAt, withGap } from "./gaps.ts";

type GapReason = NonNullable<Gap["reason"]>;

/** Once a pass has admitted all that it may, the next one follows after this long. */
export const PASS_AGAIN_AFTER_MS = 1_000;

/** By the policy `skip`, what falls due while all places are taken is passed over. Asked before any place is given back. */
export function skipOverlapped(draft: DagDraft): void {
  const { manifest, dag, now } = draft;
  const { schedule, overlap, catchup } = manifest;
  if (schedule === null || overlap !== "skip" || catchup !== null || freePlaces(draft) > 0) return;
  if (dag.nextFire !== null && dag.nextFire <= now) passOver(draft, schedule, nextFiring(schedule, now));
}

/** Its place is stored before the run starts: the cursor is the queue of what waits. */
export function fireSchedule(draft: DagDraft): void {
  const { schedule } = draft.manifest;
  if (schedule === null) return;
  lookAtDue(draft, schedule);
  if (draft.queueFirst) return;
  for (let admitted = 0; places(draft) > 0; admitted++) {
    const firing = waitingFiring(draft, schedule);
    if (firing === null) return;
    if (admitted === CATCHUP_RUNS_MAX) return void (draft.passAgain = true);
    admit(draft, schedule, firing);
  }
  cancelForNext(draft);
}

/** Passes over what will not have a run, of all that is due. */
function lookAtDue(draft: DagDraft, schedule: ScheduleSpec): void {
  dropExpired(draft, schedule);
  if (draft.manifest.dataWindowMs !== undefined) dropOlder(draft, schedule, draft.manifest.dataWindowMs, "data_window");
  const { dag, manifest, now } = draft;
  if (dag.nextFire === null || dag.nextFire > now) return;
  if (manifest.catchup !== null) return dropOlder(draft, schedule, manifest.catchup.windowMs, "catchup_window");
  if (manifest.overlap === "queue") return queueDue(draft, schedule, dag.nextFire);
  if (places(draft) === 0 || draft.queueFirst) return;
  const last = lastFiring(schedule, now);
  passOver(draft, schedule, last ?? nextFiring(schedule, now));
}

/** What is due and ended longer ago than this is passed over. */
function dropOlder(draft: DagDraft, schedule: ScheduleSpec, windowMs: number, reason: GapReason): void {
  const { dag, now } = draft;
  if (dag.nextFire === null || dag.nextFire > now) return;
  passOver(draft, schedule, firstEndingAfter(schedule, plus(now, -windowMs)), reason);
}

/** What has waited for longer than it may is passed over. */
function dropExpired(draft: DagDraft, schedule: ScheduleSpec): void {
  const { dag, manifest, now } = draft;
  if (manifest.startWithinMs === null || dag.nextFire === null) return;
  const oldest = plus(now, -manifest.startWithinMs);
  if (dag.nextFire <= oldest) passOver(draft, schedule, nextFiring(schedule, oldest));
}

/** What falls due joins those that wait; of what fell due while nobody looked, the last. */
function queueDue(draft: DagDraft, schedule: ScheduleSpec, head: Instant): void {
  const { dag, now } = draft;
  const last = lastFiring(schedule, now);
  if (last === null) return passOver(draft, schedule, nextFiring(schedule, now));
  if (dag.queuedTo === undefined || dag.queuedTo < head) {
    passOver(draft, schedule, last);
  } else if (dag.queuedTo < last.due) {
    const from = nextFiring(schedule, dag.queuedTo)?.due ?? last.due;
    if (from < last.due) addGap(draft, schedule, { version: dag.version, from, to: dueBefore(schedule, last.due) });
  } else return;
  draft.dag = { ...draft.dag, queuedTo: last.due };
}

/** Everything that is due before `kept` has no run, and is recorded; null: everything there is. */
function passOver(draft: DagDraft, schedule: ScheduleSpec, kept: Firing | null, reason?: GapReason): void {
  const { dag, now } = draft;
  const { nextFire: from, first } = dag;
  if (from === null || (kept !== null && kept.due <= from)) return;
  const to = kept === null ? (lastFiring(schedule, now)?.due ?? from) : dueBefore(schedule, kept.due);
  // An edit may have left a time at which this schedule does not fire.
  if (to >= from) {
    const start = first?.due === from ? { start: first.start } : {};
    addGap(draft, schedule, { version: dag.version, from, to, ...start, ...(reason === undefined ? {} : { reason }) });
  }
  draft.dag = { ...draft.dag, first: null, cursor: to, nextFire: kept?.due ?? null };
}

const dueBefore = (schedule: ScheduleSpec, due: Instant): Instant =>
  lastFiring(schedule, plus(due, -1))?.due ?? plus(due, -1);

function addGap(draft: DagDraft, schedule: ScheduleSpec, gap: Gap): void {
  draft.dag = { ...draft.dag, gaps: withGap(draft.dag.gaps, gap, schedule) };
}

type Beginning = ReturnType<typeof beginning>;

/** The firing that is next in turn, if its time has come. */
function waitingFiring(draft: DagDraft, schedule: ScheduleSpec): Beginning | null {
  const { dag, now } = draft;
  if (dag.nextFire === null || dag.nextFire > now) return null;
  const firing = nextFiring(schedule, plus(dag.nextFire, -1));
  if (firing !== null && firing.due <= now) return beginning(firing, dag.first);
  draft.dag = { ...dag, nextFire: firing?.due ?? null };
  return null;
}

function admit(draft: DagDraft, schedule: ScheduleSpec, firing: Beginning): void {
  const { dag, manifest, now } = draft;
  const { due, ...covers } = firing;
  const previous = dag.lastRun === undefined ? {} : { previous: dag.lastRun };
  const ofDeadlines = manifest.deadlines.length === 0 ? {} : { due };
  const active: ActiveRun = {
    runId: scheduledRunId(dag.dagId, firing.logicalDate),
    epoch: 0,
    since: now,
    scheduled: { version: dag.version, ...covers, ...previous, ...ofDeadlines },
    confirmed: false,
  };
  draft.dag = { ...dag, first: null, cursor: due, nextFire: dueAfter(draft, schedule, due) };
  // An edit of the schedule may give a firing to a logical date that has its run, perhaps of another period.
  const there = dag.active.find((run) => run.runId === active.runId)?.scheduled;
  if (there !== undefined && there.dataInterval.end === firing.dataInterval.end) return;
  if (there !== undefined || dag.lastRun === active.runId) {
    return addGap(draft, schedule, { version: dag.version, from: due, to: due, reason: "date_taken" });
  }
  draft.dag = { ...draft.dag, active: [...dag.active, active], lastRun: active.runId };
  draft.commands.push({ type: "start_run", active });
}

/** A firing was admitted whose logical date has a run already, which a schedule before this one gave it: it gets none. */
export function passOverTaken(draft: DagDraft, { runId, epoch }: Extract<DagEvent, { type: "date_taken" }>): void {
  const { schedule } = draft.manifest;
  const scheduled = draft.dag.active.find((run) => run.runId === runId && run.epoch === epoch)?.scheduled;
  if (scheduled === undefined || schedule === null) return;
  const { dataInterval, partial, version } = scheduled;
  const due = nextFiring(schedule, plus(dataInterval.end, -1))?.due ?? dataInterval.end;
  const start = partial === true ? { start: dataInterval.start } : {};
  addGap(draft, schedule, { version, from: due, to: due, ...start, reason: "date_taken" });
}

/** What follows; among those that wait, past what was passed over between them. */
function dueAfter({ dag }: DagDraft, schedule: ScheduleSpec, after: Instant): Instant | null {
  let next = nextFiring(schedule, after)?.due ?? null;
  for (let gap = next && gapAt(dag.gaps, dag.version, next); gap; gap = next && gapAt(dag.gaps, dag.version, next)) {
    next = nextFiring(schedule, gap.to)?.due ?? null;
  }
  return next;
}

/** By the policy `cancel`, the run that has had its place for longest makes way; asked until it has. */
function cancelForNext({ dag, manifest, now, commands }: DagDraft): void {
  if (manifest.overlap !== "cancel" || dag.nextFire === null || dag.nextFire > now) return;
  const due = dag.nextFire;
  const oldest = dag.active.find(({ scheduled, since }) => scheduled !== undefined && since < due);
  if (oldest !== undefined) commands.push({ type: "cancel_run", runId: oldest.runId });
}

/** When the schedule next needs a look; undefined: only once a place comes free, or the hours of what is due begin. */
export function scheduleLook(draft: DagDraft): Instant | undefined {
  const { dag, manifest, now } = draft;
  const { schedule, overlap, catchup } = manifest;
  if (schedule === null || dag.nextFire === null) return undefined;
  if (draft.passAgain) return plus(now, PASS_AGAIN_AFTER_MS);
  if (places(draft) > 0) return dag.nextFire;
  // Nobody takes its places while it is closed: what falls due until it opens is looked at then.
  if (freePlaces(draft) > 0 && dag.nextFire > now) return dag.nextFire;
  if (catchup !== null || overlap === "latest" || overlap === "skip") return undefined;
  if (overlap === "cancel" || dag.nextFire > now) return dag.nextFire;
  return nextFiring(schedule, dag.queuedTo ?? now)?.due;
}
