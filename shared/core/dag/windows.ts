/** The windows in which arrivals gather until they become a run. */
import { QUEUED_EVENT_RUNS_MAX, type ArrivalWindow, type DagEvent, type DagRecord, type OpenWindow } from "./record.ts";
import type { ArrivalTriggerSpec, Manifest } from "../manifest.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { armTimer, mayStart, type DagDraft } from "./draft.ts";

/** A window that may not fire now (too many runs wait) is looked at again after this long. */
export const WINDOW_AGAIN_AFTER_MS = 30_000;

export const windowOf = (dag: DagRecord, triggerId: string): ArrivalWindow | undefined =>
  dag.windows.find((window) => window.triggerId === triggerId);

function setWindow(draft: DagDraft, next: ArrivalWindow): void {
  const windows = draft.dag.windows.map((window) => (window.triggerId === next.triggerId ? next : window));
  draft.dag = { ...draft.dag, windows };
  if (next.open !== null && next.open.due > draft.now) armTimer(draft, next.open.due);
}

/** Looks into the inbox of every window whose time has come. */
export function lookAtWindows(draft: DagDraft): void {
  for (const window of draft.dag.windows) {
    if (window.open !== null && window.open.due <= draft.now) readInbox(draft, window);
  }
}

export function openWindow(draft: DagDraft, triggerId: string): void {
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
  if (open.due <= draft.now) readInbox(draft, window);
}

function readInbox(draft: DagDraft, { triggerId, number, looks = 0 }: ArrivalWindow): void {
  draft.commands.push({ type: "read_inbox", triggerId, window: number, look: looks });
}

/**
 * Nothing waits in the inbox, as it seems. An arrival may have come since that was read, told to a window that was open
 * already: so the window first says that it is closing, then looks once more, and closes if nobody has told of an arrival
 * meanwhile. Only the look that was asked for last counts.
 */
function closeEmpty(draft: DagDraft, window: ArrivalWindow, open: OpenWindow, look: number): void {
  const { looks = 0 } = window;
  if (open.closing === true && look === looks) return setWindow(draft, { ...window, open: null });
  if (open.closing === true) return;
  const asked = { ...window, looks: looks + 1, open: { ...open, closing: true } };
  setWindow(draft, asked);
  readInbox(draft, asked);
}

const triggerOf = (manifest: Manifest, triggerId: string): ArrivalTriggerSpec | undefined =>
  manifest.triggers.find((trigger) => trigger.triggerId === triggerId);

/** An open window whose time has come: it closes if nothing waits, goes on while things arrive, or fires. */
export function lookAtWindow(draft: DagDraft, seen: Extract<DagEvent, { type: "inbox_seen" }>): void {
  const { dag, now } = draft;
  const window = windowOf(dag, seen.triggerId);
  const spec = triggerOf(draft.manifest, seen.triggerId);
  if (window === undefined || spec === undefined || window.number !== seen.window) return;
  if (window.open === null || window.open.due > now) return;
  if (seen.count === 0) return closeEmpty(draft, window, window.open, seen.look);
  const quietAt = plus(seen.newestAt ?? now, spec.debounceMs);
  const due = earliest(quietAt, plus(window.open.openedAt, spec.maxWaitMs)) as Instant;
  if (due > now) return setWindow(draft, { ...window, open: { ...window.open, due } });
  if (!mayStart(dag) || seen.queuedRuns >= QUEUED_EVENT_RUNS_MAX) {
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
export function closeWindow(draft: DagDraft, triggerId: string, fired: number): void {
  const window = windowOf(draft.dag, triggerId);
  if (window === undefined || window.number !== fired) return;
  const open = { openedAt: draft.now, due: draft.now, closing: true };
  const next = { ...window, number: fired + 1, looks: 1, open };
  setWindow(draft, next);
  readInbox(draft, next);
}
