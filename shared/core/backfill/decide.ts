/**
 * The decision on a backfill: `decideBackfill(backfill, schedule, events, now)` gives the next record and what is to be done once
 * it is stored. Pure, total and deterministic; events may come twice, late and in any order. It has places of its own: no run of
 * the DAG's schedule waits for them.
 */
import { assertNever } from "../errors.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { scheduledRunId } from "../run-id.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { backfillDates } from "./dates.ts";
import {
  BACKFILL_SCHEMA,
  BACKFILL_SKIPS_MAX,
  type ActiveDate,
  type Backfill,
  type BackfillCommand,
  type BackfillEvent,
  type BackfillPlan,
  type SkippedDates,
} from "./record.ts";

/** A date whose run nobody has seen to be there is taken up again after this long. */
export const START_AGAIN_AFTER_MS = 60_000;
/** Whether a paused DAG has been resumed is asked this often, should nobody have said so. */
export const HELD_LOOK_AFTER_MS = 300_000;

export interface BackfillDecision {
  readonly backfill: Backfill;
  readonly commands: readonly BackfillCommand[];
  readonly changed: boolean;
}

interface Draft {
  backfill: Backfill;
  readonly schedule: ScheduleSpec;
  readonly isHeld: boolean;
  readonly now: Instant;
  readonly commands: BackfillCommand[];
}

interface NewBackfill {
  readonly backfillId: Backfill["backfillId"];
  readonly plan: BackfillPlan;
  readonly count: number;
  readonly by: string;
  readonly now: Instant;
}

export const newBackfill = ({ now, ...given }: NewBackfill): Backfill => ({
  schema: BACKFILL_SCHEMA,
  ...given,
  createdAt: now,
  endedAt: null,
  state: "running",
  stopped: null,
  taken: 0,
  active: [],
  ended: { success: 0, failed: 0, cancelled: 0 },
  took: { ms: 0, runs: 0 },
  skipped: [],
  due: now,
});

export const isBackfillOver = ({ state }: Pick<Backfill, "state">): boolean =>
  state === "completed" || state === "cancelled";

/** `isHeld`: its DAG is paused, so that it takes up no date; what is at work goes on. */
export function decideBackfill(
  backfill: Backfill,
  schedule: ScheduleSpec,
  events: readonly BackfillEvent[],
  now: Instant,
  isHeld = false,
): BackfillDecision {
  const draft: Draft = { backfill, schedule, isHeld, now, commands: [] };
  for (const event of events) apply(draft, event);
  takeUp(draft);
  endIfDone(draft);
  const due = dueOf(draft);
  const overdue = backfill.due !== null && backfill.due <= now;
  const late = due !== null && (backfill.due === null || backfill.due > due);
  if (draft.backfill === backfill && !overdue && !late) return { backfill, commands: draft.commands, changed: false };
  return { backfill: { ...draft.backfill, due }, commands: draft.commands, changed: true };
}

function apply(draft: Draft, event: BackfillEvent): void {
  const { backfill, now } = draft;
  switch (event.type) {
    case "wake":
      return wake(draft, event.all === true);
    case "pause":
      if (backfill.state !== "running") return;
      draft.backfill = { ...backfill, state: "paused", stopped: { by: event.by, reason: event.reason, at: now } };
      return;
    case "resume":
      if (backfill.state === "paused") draft.backfill = { ...backfill, state: "running", stopped: null };
      return;
    case "cancel":
      return cancel(draft, event.by, event.reason);
    case "date_started":
      return confirm(draft, event.runId, event.epoch);
    case "date_skipped":
      return skip(draft, event.runId, event.reason);
    case "run_finished":
      return finish(draft, event);
    default:
      return assertNever(event);
  }
}

function wake({ backfill, now, commands }: Draft, all: boolean): void {
  if (backfill.state === "cancelled") return askToEnd(backfill, commands);
  for (const date of backfill.active) {
    if (date.epoch !== null) continue;
    if (all || plus(date.since, START_AGAIN_AFTER_MS) <= now) commands.push({ type: "start_date", date });
  }
}

function cancel(draft: Draft, by: string, reason: string): void {
  const { backfill, now, commands } = draft;
  if (isBackfillOver(backfill)) return;
  draft.backfill = { ...backfill, state: "cancelled", stopped: { by, reason, at: now }, endedAt: now };
  askToEnd(draft.backfill, commands);
}

/** Runs that it has started end with it; asked again until they have. */
function askToEnd({ active, stopped }: Backfill, commands: BackfillCommand[]): void {
  const { by = "", reason = "" } = stopped ?? {};
  for (const { runId } of active) commands.push({ type: "cancel_run", runId, by, reason });
}

function confirm(draft: Draft, runId: string, epoch: number): void {
  const { backfill, commands } = draft;
  const date = backfill.active.find((other) => other.runId === runId);
  if (date === undefined || (date.epoch !== null && date.epoch >= epoch)) return;
  const active = backfill.active.map((other) => (other === date ? { ...date, epoch } : other));
  draft.backfill = { ...backfill, active };
  // Cancelled while the run was being made.
  if (backfill.state === "cancelled") askToEnd({ ...draft.backfill, active: [date] }, commands);
}

function skip(draft: Draft, runId: string, reason: string): void {
  const { backfill } = draft;
  const date = backfill.active.find((other) => other.runId === runId);
  if (date === undefined || date.epoch !== null) return;
  const active = backfill.active.filter((other) => other !== date);
  draft.backfill = { ...backfill, active, skipped: withSkipped(backfill.skipped, date.place, reason) };
}

/** Neighbours with the same reason are one stretch. */
export function withSkipped(skipped: readonly SkippedDates[], place: number, reason: string): readonly SkippedDates[] {
  const near = skipped.findIndex(
    (each) => each.reason === reason && (each.to + 1 === place || each.from - 1 === place),
  );
  const beside = skipped[near];
  if (beside !== undefined) {
    const grown = { ...beside, from: Math.min(beside.from, place), to: Math.max(beside.to, place) };
    return skipped.with(near, grown);
  }
  if (skipped.length < BACKFILL_SKIPS_MAX) return [...skipped, { from: place, to: place, reason }];
  const last = skipped.findLastIndex((each) => each.reason === reason);
  const old = skipped[last];
  return old === undefined
    ? skipped
    : skipped.with(last, { ...old, from: Math.min(old.from, place), to: Math.max(old.to, place) });
}

function finish(draft: Draft, event: Extract<BackfillEvent, { readonly type: "run_finished" }>): void {
  const { backfill } = draft;
  const date = backfill.active.find(({ runId }) => runId === event.runId);
  // Of an epoch that was before this backfill cleared it.
  if (date === undefined || (date.epoch !== null && event.epoch < date.epoch)) return;
  const { ended, took } = backfill;
  draft.backfill = {
    ...backfill,
    active: backfill.active.filter((other) => other !== date),
    ended: { ...ended, [event.state]: ended[event.state] + 1 },
    took: event.state === "success" ? { ms: took.ms + event.tookMs, runs: took.runs + 1 } : took,
  };
}

/** Each date gets its place before its run is made. */
function takeUp(draft: Draft): void {
  const { backfill, schedule, now, commands } = draft;
  if (backfill.state !== "running" || draft.isHeld) return;
  const free = Math.min(backfill.plan.parallel - backfill.active.length, backfill.count - backfill.taken);
  if (free <= 0) return;
  const dates = backfillDates(schedule, backfill.plan);
  const taken = dates
    .slice(backfill.taken, backfill.taken + free)
    .map(({ logicalDate, dataInterval }, index): ActiveDate => ({
      place: backfill.taken + index,
      runId: scheduledRunId(backfill.plan.dagId, logicalDate),
      logicalDate,
      dataInterval,
      since: now,
      epoch: null,
    }));
  for (const date of taken) commands.push({ type: "start_date", date });
  draft.backfill = { ...backfill, taken: backfill.taken + free, active: [...backfill.active, ...taken] };
}

function endIfDone(draft: Draft): void {
  const { backfill, now } = draft;
  if (backfill.state === "running" && backfill.taken >= backfill.count && backfill.active.length === 0)
    draft.backfill = { ...backfill, state: "completed", endedAt: now };
}

/** Runs tell their end until it is heard: only what has not been seen to start needs a look, and what was to end. */
function dueOf({ backfill: { active, state, count, taken }, isHeld, now }: Draft): Instant | null {
  const held = isHeld && state === "running" && taken < count;
  const again = plus(now, START_AGAIN_AFTER_MS);
  const unseen = active
    .filter(({ epoch }) => epoch === null)
    .map(({ since }) => {
      const at = plus(since, START_AGAIN_AFTER_MS);
      return at > now ? at : again;
    });
  return (
    earliest(
      ...unseen,
      ...(state === "cancelled" && active.length > 0 ? [again] : []),
      ...(held ? [plus(now, HELD_LOOK_AFTER_MS)] : []),
    ) ?? null
  );
}
