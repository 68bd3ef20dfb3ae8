/** What the ends of attempts, and looks at them, do to a task instance. */
import type { AttemptItem, CloseReason, MappedFacts, Outcome, TaskError } from "../attempt.ts";
import { assertNever } from "../errors.ts";
import { executorClassOf } from "../executor-class.ts";
import { hash32, decideRetry, lossDelayMs, LOSSES_MAX } from "../retry.ts";
import { downstreamOf } from "../plan.ts";
import { CAUSE_TEXT_LENGTH_MAX, type Cause, type Target, type TaskDetail } from "../run.ts";
import { oneLine, shortened } from "../text.ts";
import { durationText, earliest, plus, type Instant } from "../time.ts";
import { UNMAPPED } from "../ids.ts";
import { inspectChild, nextLook, startChild } from "./children.ts";
import { dispatchAgain, fireHook, REDISPATCH_AFTER_MS_MAX } from "./dispatch.ts";
import {
  amend,
  expansionOf,
  keyOf,
  kept,
  mapIndexAt,
  move,
  setHead,
  stateOf,
  taskAt,
  taskIdAt,
  type Draft,
} from "./draft.ts";
import { triesBefore } from "./instances.ts";
import { retryNext } from "./start-instances.ts";
import { hearHours, startsFrom, waitForHours } from "./hours.ts";
import { pauseOf } from "./pauses.ts";

/** An executor has this long after an attempt's timeout to end it itself before the scheduler does. */
export const TIMEOUT_GRACE_MS = 30_000;
/** A close whose answer never came is tried again after this long. */
export const CLOSE_AGAIN_AFTER_MS = 10_000;

/** The attempt of `slot` has finished with this outcome. */
function applyOutcome(draft: Draft, slot: number, outcome: Outcome): void {
  switch (outcome.kind) {
    case "success":
      return succeed(draft, slot, outcome);
    case "skipped":
      return move(draft, slot, "skipped", { since: draft.now, cause: { code: "author_skip", text: outcome.reason } });
    case "failed":
      return outcome.error.class === "lost"
        ? lose(draft, slot, outcome.error.message)
        : fail(draft, slot, outcome.error);
    default:
      return assertNever(outcome);
  }
}

function succeed(draft: Draft, slot: number, outcome: Extract<Outcome, { kind: "success" }>): void {
  const { spec } = taskAt(draft, slot);
  if (spec.child !== null) return startChild(draft, slot, spec.child);
  const chosen = spec.kind === "task" ? undefined : chosenChildren(draft, slot, outcome);
  if (typeof chosen === "string") return endFailed(draft, slot, { code: "invalid_branch", text: chosen });
  draft.outputs.set(slot, outcome.output);
  const mapped = outcome.mapped === undefined ? {} : mappedDetail(outcome.mapped);
  const told = chosen !== undefined || outcome.mapped !== undefined;
  const said = { since: draft.now, ...(chosen === undefined ? {} : { chosen }), ...mapped };
  move(draft, slot, "success", told ? said : undefined);
  fireHook(draft, slot, "onSuccess");
}

/** What the tasks that are mapped over its output need to know. */
const mappedDetail = ({ length, faults = {} }: MappedFacts): Pick<TaskDetail, "length" | "unmappable"> => {
  const unmappable = Object.entries(faults).map(([taskId, text]) =>
    shortened(`${taskId}: ${oneLine(text)}`, CAUSE_TEXT_LENGTH_MAX),
  );
  return { ...(length === undefined ? {} : { length }), ...(unmappable.length === 0 ? {} : { unmappable }) };
};

/** The direct children that run after a branch or short circuit; a text if the choice names something that is not there. */
function chosenChildren(
  draft: Draft,
  slot: number,
  outcome: Extract<Outcome, { kind: "success" }>,
): readonly string[] | string | undefined {
  const { spec, downstream } = taskAt(draft, slot);
  if (spec.kind === "shortCircuit") return outcome.proceed === false ? [] : undefined;
  const children = downstream.filter((child) => taskAt(draft, child).gates.includes(slot));
  const names = children.map((child) => taskIdAt(draft, child));
  const chosen = new Set<number>();
  for (const name of outcome.chosen ?? []) {
    const matches = children.filter(
      (child) => taskIdAt(draft, child) === name || taskIdAt(draft, child).startsWith(`${name}.`),
    );
    if (matches.length === 0)
      return `chose '${name}', which does not follow it directly; its children are ${names.join(", ") || "none"}`;
    for (const match of matches) chosen.add(match);
  }
  // A child that is also downstream of a chosen one is on the chosen way: branch -> join survives branch -> a -> join.
  const below = downstreamOf(draft.plan, chosen);
  return children.filter((child) => chosen.has(child) || below.has(child)).map((child) => taskIdAt(draft, child));
}

/** A try of the task has failed: another one, if its retries allow. */
export function fail(draft: Draft, slot: number, error: TaskError): void {
  const { spec } = taskAt(draft, slot);
  const before = draft.details[slot];
  const firstFailureAt = before?.firstFailureAt ?? draft.now;
  if (draft.head.firstFailureAt === null) setHead(draft, { firstFailureAt: draft.now });
  const answer = decideRetry({
    spec: spec.retry,
    error,
    failures: (draft.attempts[slot] ?? 0) - (before?.losses ?? 0) - triesBefore(draft, slot),
    firstFailureAt,
    run: { budgetMs: draft.plan.manifest.retryBudgetMs, firstFailureAt: draft.head.firstFailureAt ?? draft.now },
    seed: retrySeed(draft, slot),
    startsFrom: (at) => startsFrom(taskAt(draft, slot), draft.plan.manifest, at),
    now: draft.now,
  });
  if (answer.again) {
    const waiting = { since: draft.now, ...kept(before), firstFailureAt, cause: answer.cause, due: answer.at };
    move(draft, slot, "up_for_retry", waiting);
    draft.commands.push({ type: "timer", at: answer.at });
    return fireHook(draft, slot, "onRetry");
  }
  endFailed(draft, slot, answer.cause);
}

/** Ends a task instance as failed; its hook hears of it if anything of it ever ran. */
export function endFailed(draft: Draft, slot: number, cause: Cause): void {
  move(draft, slot, "failed", { since: draft.now, cause });
  const ran = (draft.attempts[slot] ?? 0) > 0 || expansionOf(draft, slot) !== undefined;
  if (ran) fireHook(draft, slot, "onFailure");
}

/** The platform lost the attempt: a new one, which does not count as a try, until its own budget is spent. */
function lose(draft: Draft, slot: number, text: string): void {
  const before = draft.details[slot];
  const losses = (before?.losses ?? 0) + 1;
  const cause = { code: "lost", text } as const;
  if (losses > LOSSES_MAX) {
    return endFailed(draft, slot, { code: "lost", text: `${text} (lost ${losses} times)` });
  }
  const due = plus(draft.now, lossDelayMs(losses));
  move(draft, slot, "up_for_retry", { since: draft.now, ...kept(before), losses, cause, due });
  draft.commands.push({ type: "timer", at: due });
}

const retrySeed = (draft: Draft, slot: number): string => {
  const { dagId, logicalDate, runId } = draft.head;
  const mapIndex = mapIndexAt(draft, slot);
  const instance = mapIndex === UNMAPPED ? "" : `#${mapIndex}`;
  return `${dagId}#${taskIdAt(draft, slot)}#${logicalDate ?? hash32(runId)}${instance}`;
};

/** Ends the attempt of `slot` from outside: first it is closed, only then does the target come true. */
export function restart(draft: Draft, slot: number, reason: CloseReason, target: Target, lease?: Instant): void {
  const before = draft.details[slot];
  const due = plus(draft.now, CLOSE_AGAIN_AFTER_MS);
  const closing = { since: draft.now, ...kept(before), target, reason, due, ...(lease === undefined ? {} : { lease }) };
  if (stateOf(draft, slot) === "restarting")
    amendClosing(draft, slot, { ...closing, since: before?.since ?? draft.now });
  else move(draft, slot, "restarting", closing);
  pushClose(draft, slot);
}

/** An attempt that is being closed in order to be tried again gets this target instead. */
export function overrule(draft: Draft, slot: number, reason: CloseReason, target: Target): void {
  const before = draft.details[slot]?.target?.to;
  if (before === "retry" || before === "none") restart(draft, slot, reason, target);
}

/** As if nothing of it had run, but for the numbers of its attempts: they go on, and do not count as tries. */
export function startAfresh(draft: Draft, slot: number, cause: Cause): void {
  const used = draft.attempts[slot] ?? 0;
  move(draft, slot, "none", { since: draft.now, cause, ...(used === 0 ? {} : { triesBefore: used }) });
  draft.touched.add(slot);
  // A setup waits until its last teardown has been closed.
  for (const setup of taskAt(draft, slot).setups) draft.touched.add(setup);
}

function amendClosing(draft: Draft, slot: number, closing: TaskDetail): void {
  draft.details[slot] = closing;
  draft.changed = true;
}

function pushClose(draft: Draft, slot: number): void {
  const detail = draft.details[slot];
  if (detail?.reason === undefined) return;
  draft.closes.set(slot, {
    type: "close",
    key: keyOf(draft, slot),
    reason: detail.reason,
    ...(detail.lease === undefined ? {} : { lease: detail.lease }),
  });
}

function applyTarget(draft: Draft, slot: number, target: Target): void {
  if (target.to === "retry") {
    return target.class === "lost" ? lose(draft, slot, target.text) : fail(draft, slot, timeoutError(target.text));
  }
  if (target.to === "none") return startAfresh(draft, slot, target.cause);
  // Who marks it knows that it failed: its hook has nothing to tell.
  if (target.to === "failed" && target.cause.code !== "marked") return endFailed(draft, slot, target.cause);
  move(draft, slot, target.to, { since: draft.now, cause: target.cause });
}

const timeoutError = (message: string): TaskError => ({ name: "TaskTimeout", message, class: "timeout" });

/**
 * The attempt of `slot` is finished; while it is being closed, only a loss or a timeout lets it have its say. One that
 * succeeded before it was marked so has its output.
 */
export function applyFinished(draft: Draft, slot: number, outcome: Outcome): void {
  const target = stateOf(draft, slot) === "restarting" ? draft.details[slot]?.target : undefined;
  const own = target?.to === "success" && outcome.kind === "success";
  if (target === undefined || target.to === "retry" || own) applyOutcome(draft, slot, outcome);
  else applyTarget(draft, slot, target);
}

/** What the attempt store holds for the current attempt of `slot`. */
export function applySeen(draft: Draft, slot: number, item: AttemptItem | null): void {
  const state = stateOf(draft, slot);
  if (item === null) return state === "restarting" ? closeAgain(draft, slot) : seenAbsent(draft, slot);
  switch (item.status) {
    case "finished":
      return applyFinished(draft, slot, item.outcome);
    case "running":
      return state === "restarting" && draft.details[slot]?.lease === undefined
        ? closeAgain(draft, slot)
        : seenRunning(draft, slot, item);
    case "closed":
    case "revoked":
      return applyTarget(
        draft,
        slot,
        draft.details[slot]?.target ??
          (item.reason === "no_executor" ? withoutExecutor(draft, slot) : targetOf(item.reason)),
      );
    default:
      return assertNever(item);
  }
}

/** Nobody has claimed it: send it again, unless it has waited too long. */
function seenAbsent(draft: Draft, slot: number): void {
  const detail = draft.details[slot];
  const { spec } = taskAt(draft, slot);
  if (stateOf(draft, slot) !== "queued" || detail === undefined) return;
  // It may still be taken, and be lost then: it is looked at, but not sent.
  if (pauseOf(draft.head, taskAt(draft, slot)) !== undefined)
    return amend(draft, slot, { due: plus(draft.now, REDISPATCH_AFTER_MS_MAX) });
  if (plus(detail.queuedAt ?? detail.since, spec.queuedTimeoutMs) <= draft.now) {
    return restart(draft, slot, "queued_timeout", targetOf("queued_timeout"));
  }
  // It has been sent again since this look was asked for.
  if (detail.due !== undefined && detail.due > draft.now) return;
  dispatchAgain(draft, slot);
}

function seenRunning(draft: Draft, slot: number, item: Extract<AttemptItem, { status: "running" }>): void {
  const { spec } = taskAt(draft, slot);
  const overdue = plus(item.startedAt, spec.timeoutMs + TIMEOUT_GRACE_MS);
  if (item.leaseUntil <= draft.now) {
    // Seen running with a lease that still holds: this look is older than that one.
    if (stateOf(draft, slot) === "running" && (draft.details[slot]?.due ?? 0) > draft.now) return;
    const text = "its executor stopped renewing the lease";
    return restart(draft, slot, "lost", { to: "retry", class: "lost", text }, item.leaseUntil);
  }
  if (overdue <= draft.now) return restart(draft, slot, "timeout", targetOf("timeout"));
  const due = earliest(item.leaseUntil, overdue) as Instant;
  if (stateOf(draft, slot) === "running") return amend(draft, slot, { due });
  const running: TaskDetail = { since: item.startedAt, ...kept(draft.details[slot]), due };
  move(draft, slot, "running", running);
}

function closeAgain(draft: Draft, slot: number): void {
  amend(draft, slot, { due: plus(draft.now, CLOSE_AGAIN_AFTER_MS) });
  pushClose(draft, slot);
}

/** What an attempt's closing means where the record does not say it better. */
function targetOf(reason: Exclude<CloseReason, "no_executor">): Target {
  switch (reason) {
    case "lost":
      return { to: "retry", class: "lost", text: "its executor was lost" };
    case "timeout":
      return { to: "retry", class: "timeout", text: "ran longer than its timeout" };
    case "cancelled":
      return { to: "skipped", cause: { code: "cancelled", text: "the run was cancelled" } };
    case "undelivered":
      return { to: "retry", class: "lost", text: "its message was given up: no executor could take it" };
    case "queued_timeout":
      return { to: "failed", cause: { code: "closed", reason, text: "no executor took it within its queued timeout" } };
    case "run_timeout":
      return { to: "failed", cause: { code: "run_timeout", text: "the run ran longer than its timeout" } };
    case "budget":
      return { to: "failed", cause: { code: "transition_budget", text: "the run spent its transition budget" } };
    case "cleared":
      return { to: "none", cause: { code: "cleared", text: "cleared" } };
    case "marked":
      return { to: "failed", cause: { code: "closed", reason, text: "closed since it was marked" } };
    default:
      return assertNever(reason);
  }
}

/** Trying again would not help: somebody has to deploy one, or to take the run over to a version that needs none. */
function withoutExecutor(draft: Draft, slot: number): Target {
  const name = executorClassOf(taskAt(draft, slot).spec);
  const text =
    `this deployment has no executor of class '${name}' any more: deploy one (\`keepClasses: ["${name}"]\` in the environment) ` +
    "and clear the task, or clear it with --latest";
  return { to: "failed", cause: { code: "closed", reason: "no_executor", text } };
}

function lookAtChild(draft: Draft, slot: number): void {
  const detail = draft.details[slot];
  const waitMs = taskAt(draft, slot).spec.child?.waitMs ?? null;
  if (detail?.child === undefined) return;
  if (waitMs !== null && plus(detail.since, waitMs) <= draft.now) {
    const text = `its child run '${detail.child}' took longer than ${durationText(waitMs)}, its timeout`;
    return fail(draft, slot, timeoutError(text));
  }
  amend(draft, slot, { due: nextLook(draft, detail.since, waitMs) });
  inspectChild(draft, slot);
}

/** Looks at a task instance whose time has come. */
export function lookAt(draft: Draft, slot: number): void {
  switch (stateOf(draft, slot)) {
    case "queued":
    case "running":
      draft.inspects.add(slot);
      return;
    case "restarting":
      return closeAgain(draft, slot);
    case "up_for_retry":
      if (pauseOf(draft.head, taskAt(draft, slot)) !== undefined || waitForHours(draft, slot)) return;
      return retryNext(draft, slot);
    case "none":
    case "scheduled":
      return hearHours(draft, slot);
    case "deferred":
      return expansionOf(draft, slot) === undefined ? lookAtChild(draft, slot) : hearHours(draft, slot);
    default:
  }
}
