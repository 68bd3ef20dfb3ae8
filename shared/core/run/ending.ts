/** How a run ends: by itself, by its timeout or budget, or by somebody's hand. */
import type { CloseReason } from "../attempt.ts";
import type { Plan, PlannedTask } from "../plan.ts";
import { type Cause, type Run, type Target, type TaskTable } from "../run.ts";
import { TASK_STATE, type RunState, type TaskState } from "../states.ts";
import { fireHook } from "./dispatch.ts";
import { expansionOf, isEnding, isTerminal, move, setHead, stateOf, taskAt, type Draft } from "./draft.ts";
import { reportToParent } from "./children.ts";
import { dropDeadlines } from "./deadlines.ts";
import { recordEffect } from "./effects.ts";
import { factOf } from "./fact.ts";
import { isHeldByPast } from "./past.ts";
import { endFailed, overrule, restart } from "./attempts.ts";
import { isChunked, orderChunks } from "./chunks.ts";
import { countInstances, isSettled } from "./instances.ts";

export interface RunOutcome {
  readonly state: Extract<RunState, "success" | "failed" | "cancelled">;
  readonly degraded: boolean;
  readonly cause: Cause | null;
}

/**
 * The outcome of a run whose tasks have all ended: a pure function of their states and of what ended the run. Success only
 * if every task succeeded or was skipped; failures that were allowed, of a teardown, or that all consumers take by
 * `optional()` degrade it. An upstream_failed task counts as allowed when every failure above it is.
 */
export function outcomeOf(
  plan: Plan,
  run: Pick<Run, "cancel" | "cause">,
  tasks: Pick<TaskTable, "states" | "details" | "expansions">,
): RunOutcome {
  if (run.cancel !== null) {
    const { by, reason } = run.cancel;
    return {
      state: "cancelled",
      degraded: false,
      cause: { code: "cancelled", text: `cancelled by ${by}${reason === "" ? "" : `: ${reason}`}` },
    };
  }
  const hard: boolean[] = [];
  let degraded = false;
  let worst: Cause | null = run.cause;
  for (let slot = 0; slot < plan.taskCount; slot++) {
    const task = plan.tasks[slot] as PlannedTask;
    const state = stateOf(tasks, slot);
    const broken = state === "failed" || state === "upstream_failed";
    hard[slot] = broken && isHard(task, state, hard);
    degraded ||= broken || (state === "success" && (missesOptional(task, tasks) || missesInstances(slot, tasks)));
    if (hard[slot] && (worst === null || worst.code === "rule"))
      worst = taskCause(task, state, tasks.details[slot]?.cause);
  }
  if (run.cause !== null || hard.includes(true)) return { state: "failed", degraded: false, cause: worst };
  return { state: "success", degraded, cause: null };
}

/** Whether this failure fails the run; upstream ones have been judged before. */
function isHard(
  { spec, forgiven, required, scopeSetups, setups }: PlannedTask,
  state: TaskState,
  hard: readonly boolean[],
): boolean {
  if (spec.allowFailure || forgiven) return false;
  if (state === "failed") return spec.role !== "teardown" || spec.failRun;
  return [...required, ...scopeSetups, ...setups].some((above) => hard[above] === true);
}

const missesOptional = (task: PlannedTask, tasks: Pick<TaskTable, "states">): boolean =>
  task.optional.some((above) => stateOf(tasks, above) !== "success");

/** A map that succeeded although instances failed, since it tolerates that. */
function missesInstances(slot: number, tasks: Pick<TaskTable, "states" | "expansions">): boolean {
  const expansion = expansionOf(tasks, slot);
  return expansion !== undefined && countInstances(tasks, expansion).failed > 0;
}

function taskCause({ spec }: PlannedTask, state: TaskState, cause: Cause | undefined): Cause {
  const text = `task '${spec.taskId}' ${state}${cause === undefined ? "" : `: ${cause.text}`}`;
  return cause === undefined || state === "upstream_failed" ? { code: "rule", text } : { ...cause, text };
}

/** Ends everything open: what has not started at once, what may be at work by closing its attempt first. */
export function endOpenTasks(draft: Draft, reason: CloseReason, cause: Cause): void {
  const to = reason === "run_timeout" || reason === "budget" ? "failed" : "skipped";
  const target: Target = { to, cause };
  for (let slot = 0; slot < draft.states.length; slot++) {
    const state = stateOf(draft, slot);
    if (TASK_STATE[state].terminal || taskAt(draft, slot).spec.role === "teardown") continue;
    // Hooks have their say; a mapped task ends with its instances.
    if (taskAt(draft, slot).hook !== null) continue;
    const expansion = expansionOf(draft, slot);
    if (expansion !== undefined) {
      if (isChunked(expansion)) orderChunks(draft, expansion, { end: { reason, cause } });
      draft.touched.add(slot);
      continue;
    }
    if (state === "restarting") overrule(draft, slot, reason, target);
    else if (TASK_STATE[state].inFlight) restart(draft, slot, reason, target);
    else if (to === "failed") endFailed(draft, slot, cause);
    else move(draft, slot, to, { since: draft.now, cause });
  }
  // Teardowns are decided by their rule even now: what a setup made is taken down.
  for (const task of draft.plan.tasks) if (task.spec.role === "teardown") draft.touched.add(task.slot);
}

export function cancelRun(draft: Draft, by: string, reason: string): void {
  setHead(draft, { cancel: { by, reason, at: draft.now }, pauses: [] });
  endOpenTasks(draft, "cancelled", { code: "cancelled", text: `the run was cancelled by ${by}` });
}

/** Ends a run for a cause of its own; the first cause stays. */
export function failRun(draft: Draft, reason: CloseReason, cause: Cause): void {
  if (isEnding(draft)) return;
  setHead(draft, { cause });
  endOpenTasks(draft, reason, cause);
}

/** Ends the run once all of its tasks have ended and its hooks have been told. A run that waits for its DAG does not. */
export function finishIfDone(draft: Draft): void {
  const { head, plan } = draft;
  if (head.state !== "running" && !(head.state === "queued" && isEnding(draft))) return;
  for (let slot = 0; slot < plan.taskCount; slot++) if (!isTerminal(draft, slot)) return;
  const outcome = outcomeOf(plan, head, draft);
  if (fireRunHook(draft, outcome.state) || hooksAtWork(draft)) return;
  // A task that was paused stays so, should the run be cleared; the run itself has nothing left to hold back.
  const pauses = head.pauses.filter(({ taskId }) => taskId !== null);
  setHead(draft, { ...outcome, pauses, endedAt: draft.now });
  if (outcome.state === "success") dropDeadlines(draft);
  // A chunk tells its parent alone.
  if (head.origin.kind === "chunk") return;
  const tookMs = head.startedAt === null ? 0 : draft.now - head.startedAt;
  recordEffect(draft, { kind: "run_finished", state: outcome.state, tookMs });
  reportToParent(draft);
  draft.commands.push({ type: "publish", fact: factOf(draft, "run_ended") });
}

/** Starts the run's own hook, once. */
function fireRunHook(draft: Draft, state: RunOutcome["state"]): boolean {
  if (state === "cancelled") return false;
  const hook = state === "success" ? "onSuccess" : "onFailure";
  const slot = draft.plan.slotOf.get(`$${hook}`);
  if (slot === undefined || stateOf(draft, slot) !== "none") return false;
  fireHook(draft, null, hook);
  return true;
}

function hooksAtWork(draft: Draft): boolean {
  for (let slot = draft.plan.taskCount; slot < draft.plan.tasks.length; slot++) {
    const state = stateOf(draft, slot);
    if (state !== "none" && !TASK_STATE[state].terminal) return true;
  }
  return false;
}

/** The open tasks, if none of them is at work, waits for its time or can start: no event will ever come. */
export function deadlocked(draft: Draft): readonly number[] {
  // What is paused will be resumed.
  if (draft.head.state !== "running" || draft.head.pauses.length > 0) return [];
  // What waits for the run before goes on once that does.
  if (isHeldByPast(draft)) return [];
  // A chunk that has nothing at work waits for its next order.
  if (draft.head.origin.kind === "chunk") return [];
  const stuck: number[] = [];
  for (let slot = 0; slot < draft.states.length; slot++) {
    const state = stateOf(draft, slot);
    if (TASK_STATE[state].terminal) continue;
    // What waits for slots hears from its pool.
    if (state === "scheduled" || TASK_STATE[state].inFlight || draft.details[slot]?.due !== undefined) return [];
    // Its chunks tell how they stand until they are heard.
    if (expansionOf(draft, slot)?.chunks?.every(isSettled) === false) return [];
    if (slot < draft.plan.taskCount) stuck.push(slot);
  }
  return stuck;
}

/** Tasks named in the cause of a deadlock. */
const STUCK_NAMED_MAX = 5;

/** Fails a run of which nothing can move any more; what was set up is still taken down, if that can start. */
export function failDeadlocked(draft: Draft, stuck: readonly number[]): void {
  const names = stuck.slice(0, STUCK_NAMED_MAX).map((slot) => taskAt(draft, slot).spec.taskId);
  const cause: Cause = {
    code: "deadlock",
    text: `no task can start any more: ${names.join(", ")} wait for each other`,
  };
  if (isEnding(draft)) for (const slot of stuck) move(draft, slot, "failed", { since: draft.now, cause });
  // Nothing is at work, so that nothing is closed for this reason.
  else failRun(draft, "budget", cause);
}
