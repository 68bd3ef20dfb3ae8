/**
 * The decision on a DAG: `decideDag(dag, manifest, events, now)` gives the next record and what is to be done once it is
 * stored. Pure, total and deterministic; events may come twice, late and in any order.
 */
import { DAG_SCHEMA, type ArrivalWindow, type DagCommand, type DagEvent, type DagRecord } from "../dag-record.ts";
import { assertNever } from "../errors.ts";
import type { DagId, VersionHash } from "../ids.ts";
import type { Manifest, ScheduleSpec } from "../manifest.ts";
import { resumeSchedule } from "../schedule-edit.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { CONFIRM_AFTER_MS, admitQueued, confirm, enqueue, release, startUnconfirmed } from "./active.ts";
import { fireSchedule } from "./cursor.ts";
import { armTimer, places, type DagDraft } from "./draft.ts";
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
  paused: false,
  cursor: null,
  nextFire: null,
  active: [],
  windows: [],
  queue: "empty",
  due: null,
});

export function decideDag(dag: DagRecord, manifest: Manifest, events: readonly DagEvent[], now: Instant): DagDecision {
  const draft: DagDraft = { dag, manifest, now, commands: [], queueFirst: false };
  for (const event of events) applyDagEvent(draft, event);
  if (!draft.dag.removed && !draft.dag.paused) {
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
  if (draft.dag.nextFire !== null && draft.dag.nextFire !== dag.nextFire) armTimer(draft, draft.dag.nextFire);
  return { dag: { ...draft.dag, due }, commands: draft.commands, changed: true };
}

function applyDagEvent(draft: DagDraft, event: DagEvent): void {
  switch (event.type) {
    case "registered":
      return register(draft, event.version, event.before);
    case "removed":
      if (!draft.dag.removed) draft.dag = { ...draft.dag, removed: true, nextFire: null };
      return;
    case "wake":
      return wake(draft, event.all === true);
    case "run_queued":
      return enqueue(draft, event);
    case "candidates":
      return admitQueued(draft, event.runs, event.complete);
    case "run_finished":
      return release(draft, event.runId, event.epoch);
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
  const { schedule } = manifest;
  const { nextFire, first } =
    schedule === null ? { nextFire: null, first: null } : resumeSchedule(before, schedule, dag, now);
  draft.dag = { ...dag, version, removed: false, cursor: dag.cursor ?? now, nextFire, first, windows };
}

function wake(draft: DagDraft, all: boolean): void {
  startUnconfirmed(draft, all);
  if (!draft.dag.removed && !draft.dag.paused) lookAtWindows(draft);
}

/** When the record next needs a look. What is due already is asked for again a little later, in case the answer is lost. */
function dagDue(draft: DagDraft): Instant | null {
  const { dag, now } = draft;
  const later = (at: Instant | null | undefined): Instant | undefined =>
    at === null || at === undefined ? undefined : at > now ? at : plus(now, ASK_AGAIN_AFTER_MS);
  const unconfirmed = dag.active.filter((run) => !run.confirmed).map((run) => later(plus(run.since, CONFIRM_AFTER_MS)));
  if (dag.removed || dag.paused) return earliest(...unconfirmed) ?? null;
  const free = places(draft) > 0;
  const times = [
    free ? later(dag.nextFire) : undefined,
    free && dag.queue === "maybe" ? plus(now, ASK_AGAIN_AFTER_MS) : undefined,
    ...unconfirmed,
    ...dag.windows.map((window) => later(window.open?.due)),
  ];
  return earliest(...times) ?? null;
}
