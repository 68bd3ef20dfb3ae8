/**
 * The decision on a DAG: `decideDag(dag, manifest, events, now)` gives the next record and what is to be done once it is
 * stored. Pure, total and deterministic; events may come twice, late and in any order.
 */
import {
  ACTIVE_RUNS_MAX,
  DAG_SCHEMA,
  QUEUED_EVENT_RUNS_MAX,
  type ActiveRun,
  type ArrivalWindow,
  type DagCommand,
  type DagEvent,
  type DagRecord,
  type OpenWindow,
  type QueuedRun,
} from "./dag-record.ts";
import { assertNever } from "./errors.ts";
import { scheduledRunId } from "./run-id.ts";
import type { DagId, VersionHash } from "./ids.ts";
import type { ArrivalTriggerSpec, Manifest, ScheduleSpec } from "./manifest.ts";
import { beginning, resumeSchedule } from "./schedule-edit.ts";
import { lastFiring, nextFiring } from "./schedule.ts";
import { earliest, plus, type Instant } from "./time.ts";

/** A run that was admitted but not seen to start is started again after this long; harmless if it has. */
export const CONFIRM_AFTER_MS = 60_000;
/** A window that may not fire now (too many runs wait) is looked at again after this long. */
export const WINDOW_AGAIN_AFTER_MS = 30_000;
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

interface DagDraft {
  dag: DagRecord;
  readonly manifest: Manifest;
  readonly now: Instant;
  readonly commands: DagCommand[];
  /** The place that came free goes to a run that waits, not to the schedule. */
  queueFirst: boolean;
}

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

/** Runs that may still become active. */
const places = ({ dag, manifest }: Pick<DagDraft, "dag" | "manifest">): number =>
  Math.max(0, Math.min(manifest.maxActiveRuns, ACTIVE_RUNS_MAX) - dag.active.length);

const armTimer = (draft: DagDraft, at: Instant): void => void draft.commands.push({ type: "timer", at });

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

const dueAfter = (schedule: ScheduleSpec, after: Instant): Instant | null => nextFiring(schedule, after)?.due ?? null;

const windowOf = (dag: DagRecord, triggerId: string): ArrivalWindow | undefined =>
  dag.windows.find((window) => window.triggerId === triggerId);

function setWindow(draft: DagDraft, next: ArrivalWindow): void {
  const windows = draft.dag.windows.map((window) => (window.triggerId === next.triggerId ? next : window));
  draft.dag = { ...draft.dag, windows };
  if (next.open !== null && next.open.due > draft.now) armTimer(draft, next.open.due);
}

function wake(draft: DagDraft, all: boolean): void {
  const { dag, now } = draft;
  // What was admitted goes on, also in a DAG that admits nothing more.
  for (const active of dag.active) {
    if (!active.confirmed && (all || plus(active.since, CONFIRM_AFTER_MS) <= now))
      draft.commands.push({ type: "start_run", active });
  }
  if (dag.removed || dag.paused) return;
  for (const window of dag.windows) {
    if (window.open !== null && window.open.due <= now) readInbox(draft, window, window.open);
  }
}

function release(draft: DagDraft, runId: string, epoch: number): void {
  const active = draft.dag.active.filter((run) => run.runId !== runId || run.epoch > epoch);
  if (active.length === draft.dag.active.length) return;
  const released = draft.dag.active.find((run) => run.runId === runId);
  // Runs that somebody asked for take turns with those of the schedule, or a busy schedule would never let them in.
  if (released?.scheduled !== undefined && draft.dag.queue === "maybe") draft.queueFirst = true;
  draft.dag = { ...draft.dag, active };
}

function confirm(draft: DagDraft, runId: string): void {
  if (!draft.dag.active.some((run) => run.runId === runId && !run.confirmed)) return;
  const active = draft.dag.active.map((run) => (run.runId === runId ? { ...run, confirmed: true } : run));
  draft.dag = { ...draft.dag, active };
}

/** Catch-up is off: of all firings that have passed, the latest becomes a run. Its place is stored before the run starts. */
function fireSchedule(draft: DagDraft): void {
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

/** A run that nobody is ahead of needs no index to be found, and the index may not show it yet. */
function enqueue(draft: DagDraft, run: QueuedRun): void {
  const active = draft.dag.active.find(({ runId, epoch }) => runId === run.runId && epoch === run.epoch);
  // It has its place, yet says that it waits: whoever was to start it has died.
  if (active !== undefined) return void draft.commands.push({ type: "start_run", active });
  if (draft.dag.queue === "empty") admitQueued(draft, [run], true);
}

/** Admits queued runs as far as there are places; `complete`: there are no others. */
function admitQueued(draft: DagDraft, candidates: readonly QueuedRun[], complete: boolean): void {
  const { dag, now } = draft;
  const held = new Set(dag.active.map((run) => run.runId));
  const waiting = candidates.filter((run) => !held.has(run.runId));
  const free = dag.removed || dag.paused ? 0 : places(draft);
  const admitted = waiting
    .slice(0, free)
    .map(({ runId, epoch }): ActiveRun => ({ runId, epoch, since: now, confirmed: false }));
  for (const active of admitted) draft.commands.push({ type: "start_run", active });
  const queue = complete && admitted.length === waiting.length ? "empty" : "maybe";
  if (admitted.length > 0 || queue !== dag.queue) draft.dag = { ...dag, active: [...dag.active, ...admitted], queue };
}

function openWindow(draft: DagDraft, triggerId: string): void {
  const window = windowOf(draft.dag, triggerId);
  const spec = triggerOf(draft.manifest, triggerId);
  if (window === undefined || spec === undefined) return;
  if (window.open !== null) {
    // A look that is under way may not have seen it: what it finds must not close the window.
    if (window.open.closing === true) setWindow(draft, { ...window, open: { ...window.open, closing: false } });
    return;
  }
  const open = { openedAt: draft.now, due: plus(draft.now, Math.min(spec.debounceMs, spec.maxWaitMs)) };
  setWindow(draft, { ...window, open });
  if (open.due <= draft.now) readInbox(draft, window, open);
}

function readInbox(draft: DagDraft, { triggerId, number }: ArrivalWindow, { looks = 0 }: OpenWindow): void {
  draft.commands.push({ type: "read_inbox", triggerId, window: number, look: looks });
}

/**
 * Nothing waits in the inbox, as it seems. An arrival may have come since that was read, told to a window that was open
 * already: so the window first says that it is closing, then looks once more, and closes if nobody has told of an arrival
 * meanwhile. Only the look that was asked for last counts.
 */
function closeEmpty(draft: DagDraft, window: ArrivalWindow, open: OpenWindow, look: number): void {
  const { looks = 0, closing = false } = open;
  if (closing && look === looks) return setWindow(draft, { ...window, open: null });
  if (closing) return;
  const asked = { ...open, looks: looks + 1, closing: true };
  setWindow(draft, { ...window, open: asked });
  readInbox(draft, window, asked);
}

const triggerOf = (manifest: Manifest, triggerId: string): ArrivalTriggerSpec | undefined =>
  manifest.triggers.find((trigger) => trigger.triggerId === triggerId);

/** An open window whose time has come: it closes if nothing waits, goes on while things arrive, or fires. */
function lookAtWindow(draft: DagDraft, seen: Extract<DagEvent, { type: "inbox_seen" }>): void {
  const { dag, now } = draft;
  const window = windowOf(dag, seen.triggerId);
  const spec = triggerOf(draft.manifest, seen.triggerId);
  if (window === undefined || spec === undefined || window.number !== seen.window) return;
  if (window.open === null || window.open.due > now) return;
  if (seen.count === 0) return closeEmpty(draft, window, window.open, seen.look);
  const quietAt = plus(seen.newestAt ?? now, spec.debounceMs);
  const due = earliest(quietAt, plus(window.open.openedAt, spec.maxWaitMs)) as Instant;
  if (due > now) return setWindow(draft, { ...window, open: { ...window.open, due } });
  if (dag.paused || dag.removed || seen.queuedRuns >= QUEUED_EVENT_RUNS_MAX) {
    return setWindow(draft, { ...window, open: { ...window.open, due: plus(now, WINDOW_AGAIN_AFTER_MS) } });
  }
  // Until the answer is here the window is as good as due: the record asks again if we die now.
  draft.commands.push({
    type: "fire_window",
    triggerId: window.triggerId,
    window: window.number,
    maxFiles: spec.maxFiles,
  });
}

/** The next window is open at once, for what arrived while this one fired; it closes if that is nothing. */
function closeWindow(draft: DagDraft, triggerId: string, fired: number): void {
  const window = windowOf(draft.dag, triggerId);
  if (window === undefined || window.number !== fired) return;
  const next = { ...window, number: fired + 1 };
  const open = { openedAt: draft.now, due: draft.now, looks: 1, closing: true };
  setWindow(draft, { ...next, open });
  readInbox(draft, next, open);
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
