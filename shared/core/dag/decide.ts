/**
 * The decision on a DAG: `decideDag(dag, manifest, events, now)` gives the next record and what is to be done once it is
 * stored. Pure, total and deterministic; events may come twice, late and in any order.
 */
import { DAG_SCHEMA, type ArrivalWindow, type DagCommand, type DagEvent, type DagRecord, type Gap } from "./record.ts";
import { assertNever } from "../errors.ts";
import type { DagId, VersionHash } from "../ids.ts";
import type { Manifest, ScheduleSpec } from "../manifest.ts";
import type { Signature } from "../operation.ts";
import { coveredUntil, isSame, resumeSchedule } from "./schedule-edit.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { CONFIRM_AFTER_MS, admitQueued, confirm, enqueue, finish, startUnconfirmed } from "./active.ts";
import { fireSchedule, passOverTaken, scheduleLook, skipOverlapped } from "./cursor.ts";

import { armTimer, freePlaces, mayStart, opensAt, places, type DagDraft } from "./draft.ts";
import { withGap } from "./gaps.ts";
import { closeWindow, lookAtWindow, lookAtWindows, openWindow, windowOf } from "./windows.ts";

/** An answer that never came (candidates, inbox) is asked for again after this long. */
export const ASK_AGAIN_AFTER_MS = 30_000;

export interface DagDecision {
  readonly dag: DagRecord;
  readonly commands: readonly DagCommand[];
  readonly changed: boolean;
}

/** The record of a DAG that was never registered before. Its schedule counts from now. */
export const newDag = (dagId: DagId, version: VersionHash, now: Instant): DagRecord => ({
  schema: DAG_SCHEMA,
  dagId,
  version,
  registeredAt: now,
  removed: false,
  paused: null,
  cursor: null,
  nextFire: null,
  gaps: [],
  active: [],
  windows: [],
  queue: "empty",
  due: null,
});

export function decideDag(dag: DagRecord, manifest: Manifest, events: readonly DagEvent[], now: Instant): DagDecision {
  const draft: DagDraft = { dag, manifest, now, commands: [], queueFirst: false, passAgain: false };
  if (mayStart(dag) && !events.some(({ type }) => type === "registered")) skipOverlapped(draft);
  for (const event of events) applyDagEvent(draft, event);
  if (mayStart(draft.dag)) {
    fireSchedule(draft);
    const asked = events.some((event) => event.type === "candidates");
    if (draft.dag.queue === "maybe" && !asked && places(draft) > 0) {
      draft.commands.push({ type: "find_candidates", places: places(draft) });
    }
  }
  const overdue = dag.due !== null && dag.due <= now;
  if (draft.dag === dag && !overdue) return { dag, commands: draft.commands, changed: false };
  const exact = dagDue(draft);
  // The hot path does not pay for a later due time: early is allowed, late is not.
  const due = dag.due !== null && !overdue && exact !== null && dag.due <= exact ? dag.due : exact;
  const look = draft.dag.removed || draft.dag.paused ? undefined : scheduleLook(draft);
  // A look that moved is armed by the commit that moved it: the tick may not come before.
  const moved = draft.dag.nextFire !== dag.nextFire || dag.due === null || dag.due > (look ?? 0);
  if (look !== undefined && look > now && moved) armTimer(draft, look);
  return { dag: { ...draft.dag, due }, commands: draft.commands, changed: true };
}

function applyDagEvent(draft: DagDraft, event: DagEvent): void {
  switch (event.type) {
    case "registered":
      return register(draft, event.version, event.before);
    case "removed":
      if (!draft.dag.removed) draft.dag = { ...draft.dag, removed: true };
      return;
    case "pause":
      return pause(draft, event);
    case "resume":
      return resume(draft);
    case "wake":
      return wake(draft, event.all === true);
    case "run_queued":
      return enqueue(draft, event);
    case "candidates":
      return admitQueued(draft, event.runs, event.complete);
    case "run_finished":
      return finish(draft, event);
    case "date_taken":
      passOverTaken(draft, event);
      return finish(draft, { ...event, type: "run_finished" });
    case "run_confirmed":
      return confirm(draft, event.runId);
    case "arrived":
      return openWindow(draft, event.triggerId);
    case "inbox_seen":
      return lookAtWindow(draft, event);
    case "window_fired":
      return closeWindow(draft, event.triggerId, event.window);
    default:
      return assertNever(event);
  }
}

function register(draft: DagDraft, version: VersionHash, before: ScheduleSpec | null | undefined): void {
  const { dag, manifest, now } = draft;
  if (dag.version === version && !dag.removed && dag.cursor !== null) return;
  const wanted = manifest.triggers.map(({ triggerId }): string => triggerId);
  const windows = [
    ...manifest.triggers.map(({ triggerId }) => windowOf(dag, triggerId) ?? { triggerId, number: 1, open: null }),
    // A trigger that comes back goes on counting: the numbers of its windows name runs.
    ...dag.windows
      .filter(({ triggerId }) => !wanted.includes(triggerId))
      .map((window): ArrivalWindow => ({ ...window, open: null })),
  ];
  const { nextFire, first, gap } = resumeSchedule(before, manifest, dag, now);
  const { queuedTo: _queued, covered: ofOld, ...kept } = dag;
  const { schedule } = manifest;
  // Dates that cover nothing leave what was covered before them as it was.
  const covered = before && (before.interval !== "none" || schedule === null) ? coveredUntil(before, dag) : ofOld;
  draft.dag = {
    ...kept,
    version,
    removed: false,
    cursor: dag.cursor ?? now,
    nextFire,
    first,
    gaps: gapsAfter(dag, before, manifest, version, gap),
    windows,
    ...((schedule === null || schedule.interval === "none") && covered ? { covered } : {}),
    ...(dag.queuedTo !== undefined && isSame(before, schedule) ? { queuedTo: dag.queuedTo } : {}),
  };
}

/** Gaps by a schedule that stays belong to the version that has it now, and go on growing. */
function gapsAfter(
  { gaps, version: old }: DagRecord,
  before: ScheduleSpec | null | undefined,
  { schedule }: Manifest,
  version: VersionHash,
  gap: Gap | null,
): readonly Gap[] {
  const grown = gap === null || !before ? gaps : withGap(gaps, gap, before);
  if (!isSame(before, schedule)) return grown;
  return grown.map((each) => (each.version === old ? { ...each, version } : each));
}

function pause(draft: DagDraft, { by, reason }: Signature): void {
  if (draft.dag.paused === null) draft.dag = { ...draft.dag, paused: { by, reason, at: draft.now } };
}

/** What fell due meanwhile is decided as after any time in which nothing ran: one run of the schedule, and what arrived. */
function resume(draft: DagDraft): void {
  if (draft.dag.paused === null) return;
  draft.dag = { ...draft.dag, paused: null, failures: 0 };
  draft.commands.push({ type: "wake_backfills" });
  if (mayStart(draft.dag)) lookAtWindows(draft);
}

function wake(draft: DagDraft, all: boolean): void {
  startUnconfirmed(draft, all);
  if (mayStart(draft.dag)) lookAtWindows(draft);
}

/** When the record next needs a look. What is due already is asked for again a little later, in case the answer is lost. */
function dagDue(draft: DagDraft): Instant | null {
  const { dag, now } = draft;
  const later = (at: Instant | undefined): Instant | undefined =>
    at === undefined || at > now ? at : plus(now, ASK_AGAIN_AFTER_MS);
  const unconfirmed = dag.active.filter((run) => !run.confirmed).map((run) => later(plus(run.since, CONFIRM_AFTER_MS)));
  if (!mayStart(dag)) return earliest(...unconfirmed) ?? null;
  const free = places(draft) > 0;
  const opens = opensAt(draft);
  const waits = dag.queue === "maybe" || (dag.nextFire !== null && dag.nextFire <= now);
  const times = [
    later(scheduleLook(draft)),
    opens > now && waits && freePlaces(draft) > 0 ? opens : undefined,
    free && dag.queue === "maybe" ? plus(now, ASK_AGAIN_AFTER_MS) : undefined,
    ...unconfirmed,
    ...dag.windows.map((window) => later(window.open?.due)),
  ];
  return earliest(...times) ?? null;
}
