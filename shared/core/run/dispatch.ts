/** Sending attempts to executors, first and again. */
import type { HookSubject, OutputRef } from "../attempt.ts";
import { hookSlot } from "../plan.ts";
import type { HookName } from "../manifest.ts";
import type { TaskDetail } from "../run.ts";
import { TASK_STATE } from "../states.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { amend, causeText, keyOf, kept, move, stateOf, taskAt, taskIdAt, type Draft } from "./draft.ts";

/** An attempt that nobody has claimed is looked at after this long, then after twice as long, and so on. */
export const REDISPATCH_AFTER_MS = 30_000;
export const REDISPATCH_AFTER_MS_MAX = 600_000;

/** Starts the next attempt of a task instance. */
export function dispatchNext(draft: Draft, slot: number): void {
  const before = draft.details[slot];
  draft.attempts[slot] = (draft.attempts[slot] ?? 0) + 1;
  const queued = { since: draft.now, queuedAt: draft.now, sends: 1, ...kept(before) };
  move(draft, slot, "queued", { ...queued, due: dueAfterSend(draft, slot, queued) });
  pushDispatch(draft, slot, 1);
}

/** Sends the current attempt again: harmless if the first one arrived, since an attempt is claimed once. */
export function dispatchAgain(draft: Draft, slot: number): void {
  if (draft.dispatches.has(slot)) return;
  const sends = (draft.details[slot]?.sends ?? 0) + 1;
  amend(draft, slot, { sends });
  const detail = draft.details[slot];
  if (detail !== undefined) amend(draft, slot, { due: dueAfterSend(draft, slot, detail) });
  pushDispatch(draft, slot, sends);
}

function dueAfterSend(draft: Draft, slot: number, detail: TaskDetail): Instant {
  const waitMs = Math.min(REDISPATCH_AFTER_MS * 2 ** ((detail.sends ?? 1) - 1), REDISPATCH_AFTER_MS_MAX);
  const timeout = plus(detail.queuedAt ?? draft.now, taskAt(draft, slot).spec.queuedTimeoutMs);
  return earliest(plus(draft.now, waitMs), timeout) as Instant;
}

function pushDispatch(draft: Draft, slot: number, send: number): void {
  const { spec, hook } = taskAt(draft, slot);
  const carried: { [taskId: string]: OutputRef } = {};
  const upstream: { taskId: (typeof spec)["taskId"]; attempt: number }[] = [];
  for (const edge of spec.upstream) {
    if (edge.input === null) continue;
    const from = draft.plan.slotOf.get(edge.taskId);
    if (from === undefined) continue;
    upstream.push({
      taskId: edge.taskId,
      attempt: stateOf(draft, from) === "success" ? (draft.attempts[from] ?? 0) : 0,
    });
    const output = draft.outputs.get(from);
    if (output !== undefined) carried[edge.taskId] = output;
  }
  draft.dispatches.set(slot, {
    type: "dispatch",
    key: keyOf(draft, slot),
    upstream,
    carried,
    timeoutMs: spec.timeoutMs,
    ...(hook === null ? {} : { subject: subjectOf(draft, hook.name, hook.subject) }),
    send,
  });
}

/** Starts a hook, if the DAG has it and it is not at work already: retries in quick succession are told once. */
export function fireHook(draft: Draft, subject: number | null, hook: HookName): void {
  const slot = hookSlot(draft.plan, subject === null ? null : taskIdAt(draft, subject), hook);
  if (slot === undefined) return;
  const state = stateOf(draft, slot);
  if (state !== "none" && !TASK_STATE[state].terminal) return;
  const used = draft.attempts[slot] ?? 0;
  if (used > 0) draft.details[slot] = { since: draft.now, triesBefore: used };
  dispatchNext(draft, slot);
}

function subjectOf(draft: Draft, hook: HookName, subject: number | null): HookSubject {
  const { manifest } = draft.plan;
  const spec = subject === null ? undefined : taskAt(draft, subject).spec;
  return {
    hook,
    taskId: spec?.taskId ?? null,
    attempt: subject === null ? 0 : (draft.attempts[subject] ?? 0),
    owner: spec?.owner ?? manifest.owner,
    runbook: spec?.runbook ?? manifest.runbook,
    failed: failedTasks(draft, subject),
  };
}

/** Failures named to people: of one task, or of the run; a named number at the most. */
const FAILURES_TOLD_MAX = 20;
export function failedTasks(draft: Draft, subject: number | null): HookSubject["failed"] {
  const failed: { taskId: ReturnType<typeof taskIdAt>; cause: string }[] = [];
  for (let slot = 0; slot < draft.plan.taskCount && failed.length < FAILURES_TOLD_MAX; slot++) {
    const state = stateOf(draft, slot);
    const told =
      subject === null ? state === "failed" : slot === subject && (state === "failed" || state === "up_for_retry");
    if (told) failed.push({ taskId: taskIdAt(draft, slot), cause: causeText(draft.details[slot]?.cause) });
  }
  return failed;
}
