/** What an operator's hand did to a run, as the checkers read a change. */
import type { AuditEntry } from "../../../shared/core/operation.ts";
import type { Run } from "../../../shared/core/run.ts";
import type { TaskState } from "../../../shared/core/states.ts";
import type { RunChange } from "../../../shared/simulated/watch.ts";
import type { Move } from "./move.ts";

/** Whether the change is a clear or a mark: only these take a task out of an end. */
export const overturns = (audit: AuditEntry | undefined): boolean =>
  audit !== undefined && /^(clear|mark|backfill)\b/.test(audit.action);

/** A chunk hears of it from its parent, with an order. */
const hearsAHand = ({ before, after }: Pick<RunChange, "before" | "after">): boolean =>
  (after.chunk?.hand ?? 0) > (before?.chunk?.hand ?? 0);

/** Whether somebody's clear or mark is done with the change. */
export const isByHand = (change: Pick<RunChange, "before" | "after" | "audit">): boolean =>
  overturns(change.audit) || hearsAHand(change);

/** Whether it goes on with another version. */
export const isTakenOver = ({ before, after }: Pick<RunChange, "before" | "after">): boolean =>
  before !== undefined && before.version !== after.version;

export const isRetryNow = (audit: AuditEntry | undefined): boolean => audit?.action.startsWith("retry") === true;

/**
 * Whether the commit takes the task for what is run afresh: at once, or once its attempt has been closed. What another version
 * brings is so, too: a version before may have had it.
 */
export const isCleared = (change: Pick<RunChange, "before" | "after" | "audit">, { from, to, detail }: Move): boolean =>
  isByHand(change) &&
  (from !== "none" || isTakenOver(change)) &&
  (to === "restarting" ? detail?.target?.to === "none" : BEGUN_AFRESH.includes(to));

const BEGUN_AFRESH: readonly TaskState[] = ["none", "scheduled", "queued", "deferred"];

/** Whether an operator holds the task back, as the checkers read the record. */
export function isPaused(run: Run, taskId: string): boolean {
  if (run.cancel !== null || run.cause !== null) return false;
  return run.pauses.some((pause) => pause.taskId === null || pause.taskId === taskId);
}
