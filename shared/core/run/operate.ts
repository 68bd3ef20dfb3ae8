/**
 * The operator's hand: what clearing, marking, retrying, pausing and cancelling do to a run. `judge` tells what it would come
 * to; `operate` does the same within a decision.
 */
import { assertNever } from "../errors.ts";
import type { Manifest } from "../manifest.ts";
import type { MarkedState, RunAction, Signature, TaskRef } from "../operation.ts";
import { planOf } from "../plan.ts";
import { CAUSE_TEXT_LENGTH_MAX, type Cause, type Pause, type Run } from "../run.ts";
import { isRunEnded, TASK_STATE, type RunState } from "../states.ts";
import { oneLine, shortened } from "../text.ts";
import type { Instant } from "../time.ts";
import { restart, startAfresh } from "./attempts.ts";
import { clearInstance, clearMap, handOut, markInstance, markMap } from "./clear-instances.ts";
import {
  amend,
  expansionAt,
  expansionOf,
  isTerminal,
  move,
  openDraft,
  setHead,
  stateOf,
  taskAt,
  taskIdAt,
  type Draft,
} from "./draft.ts";
import { cancelRun } from "./ending.ts";
import { retryNext } from "./start-instances.ts";
import { changesOf, type Chunks, type TaskChange } from "./changes.ts";
import { faultsOf, faultsOfNothing, isClearable, isMarkable } from "./operate-faults.ts";
import { isOutOfHours, waitForHours } from "./hours.ts";
import { pauseOf, pauseOfRun, runTimeoutAt } from "./pauses.ts";
import {
  addConsequences,
  addFailedBelow,
  addOutdated,
  addUnfinished,
  namedSlots,
  select,
  takeWholeMaps,
  type Because,
  type Chosen,
  type InChunks,
  type Selected,
  type OperationProblem,
} from "./select.ts";
import { startNext } from "./slots.ts";

/** What an operation comes to; nothing at all if there are problems. */
export interface Operation {
  readonly problems: readonly OperationProblem[];
  /** In the order of the DAG. */
  readonly changes: readonly TaskChange[];
  readonly run: { readonly from: RunState; readonly to: RunState };
  /** Pauses that begin, and that end; null is the run itself. */
  readonly paused: readonly (string | null)[];
  readonly resumed: readonly (string | null)[];
}

/**
 * What `operate` would do to the run as it is, before anything that follows from it. `chunks`: the records of its wide maps, as
 * they are: only these know how their instances stand.
 */
export function judge(
  run: Run,
  manifest: Manifest,
  action: RunAction & Signature,
  now: Instant,
  chunks: Chunks = new Map(),
): Operation {
  const draft = openDraft(run, planOf(manifest), now);
  const faults = faultsOf(draft, action);
  const because = faults.length > 0 ? new Map<number, Because>() : perform(draft, signed(action));
  const changes = changesOf(run, draft, because, action, chunks);
  const inVain = faults.length === 0 && changes.length === 0 && chunks.size > 0;
  const problems = inVain ? faultsOfNothing(openDraft(run, planOf(manifest), now), action) : faults;
  const [before, after] = [run.pauses, draft.head.pauses].map((pauses) => pauses.map(({ taskId }) => taskId)) as [
    (string | null)[],
    (string | null)[],
  ];
  return {
    problems,
    changes,
    run: { from: run.state, to: problems.length > 0 ? run.state : draft.head.state },
    paused: after.filter((taskId) => !before.includes(taskId)),
    resumed: before.filter((taskId) => !after.includes(taskId)),
  };
}

/** Does it, unless it makes no sense for the run as it is. */
export function operate(draft: Draft, action: RunAction & Signature): void {
  if (faultsOf(draft, action).length === 0) perform(draft, signed(action));
}

/** Names and reasons come from anywhere: in the record they are one line of a bounded length. */
const signed = <Action extends Signature>(action: Action): Action => ({
  ...action,
  by: shortened(oneLine(action.by), CAUSE_TEXT_LENGTH_MAX / 2),
  reason: shortened(oneLine(action.reason), CAUSE_TEXT_LENGTH_MAX / 2),
});

/** What was done by whom, as causes say it. */
export const byHand = (what: string, { by, reason }: Signature): string =>
  `${what} by ${by}${reason === "" ? "" : `: ${reason}`}`;

/** Returns which tasks change, and why. */
function perform(draft: Draft, action: RunAction & Signature): ReadonlyMap<number, Because> {
  switch (action.type) {
    case "clear":
      return clear(draft, select(draft, action.selection), action);
    case "mark":
      return mark(draft, select(draft, action.selection), action);
    case "retry_now":
      return retryNow(draft, select(draft, action.selection), action);
    case "pause":
      return pause(draft, action.tasks, action);
    case "resume":
      return resume(draft, action.tasks);
    case "cancel":
      cancelRun(draft, action.by, action.reason);
      return new Map();
    default:
      return assertNever(action);
  }
}

function clear(draft: Draft, { slots, inChunks }: Selected, hand: Signature): Chosen {
  for (const slot of slots.keys()) if (!isClearable(draft, slot)) slots.delete(slot);
  if (isRunEnded(draft.head.state)) addUnfinished(draft, slots, inChunks, new Set());
  addOutdated(draft, slots);
  // What another version has brought starts in its turn. What is cleared is looked at once that is over which it waits for.
  for (const { slot } of draft.plan.tasks) if (stateOf(draft, slot) === "none") draft.touched.add(slot);
  addConsequences(draft, slots, new Set(inChunks.keys()));
  clearSlots(draft, slots, inChunks, hand);
  reopen(draft);
  return slots;
}

function clearSlots(draft: Draft, slots: Chosen, inChunks: InChunks, hand: Signature): void {
  const cause: Cause = { code: "cleared", text: byHand("cleared", hand) };
  takeWholeMaps(draft, slots, inChunks);
  // A fresh start has its budgets for itself.
  draft.transitions = 0;
  setHead(draft, { firstFailureAt: null });
  for (const slot of slots.keys()) {
    const group = expansionAt(draft, slot)?.slot;
    // With the task go all of its instances.
    if (group !== undefined && slots.has(group)) continue;
    if (group !== undefined) clearInstance(draft, slot, cause);
    else if (expansionOf(draft, slot) !== undefined) clearMap(draft, slot, cause);
    else if (TASK_STATE[stateOf(draft, slot)].inFlight) restart(draft, slot, "cleared", { to: "none", cause });
    else startAfresh(draft, slot, cause);
  }
  for (const [slot, indexes] of inChunks) if (!slots.has(slot)) handOut(draft, slot, { to: "none", indexes, cause });
}

function mark(
  draft: Draft,
  { slots, inChunks }: Selected,
  { to, ...hand }: { readonly to: MarkedState } & Signature,
): Chosen {
  for (const slot of slots.keys()) if (!isMarkable(draft, slot, to)) slots.delete(slot);
  const marked = new Set([...slots.keys(), ...inChunks.keys()]);
  const again: Chosen = new Map();
  const unfinished: InChunks = new Map();
  if (to === "success") addFailedBelow(draft, again, marked);
  if (isRunEnded(draft.head.state)) addUnfinished(draft, again, unfinished, marked);
  addConsequences(draft, again, marked);
  clearSlots(draft, again, unfinished, hand);
  const cause: Cause = { code: "marked", text: byHand(`marked ${to}`, hand) };
  for (const slot of slots.keys()) {
    if (expansionAt(draft, slot) !== undefined) markInstance(draft, slot, to, cause);
    else if (expansionOf(draft, slot) !== undefined) markMap(draft, slot, to, cause);
    else if (TASK_STATE[stateOf(draft, slot)].inFlight) restart(draft, slot, "marked", { to, cause });
    else move(draft, slot, to, { since: draft.now, cause });
  }
  for (const [slot, indexes] of inChunks) if (!slots.has(slot)) handOut(draft, slot, { to, indexes, cause });
  reopen(draft);
  return new Map([...slots, ...again]);
}

/**
 * A run that had ended waits for a place again, as another epoch: whatever is still told of the one before is known by its
 * number.
 */
function reopen(draft: Draft): void {
  for (const { slot, hook } of draft.plan.tasks.slice(draft.plan.taskCount)) {
    // What the run's own hooks told is told anew of its new end.
    if (hook?.subject === null && stateOf(draft, slot) !== "none") renew(draft, slot);
  }
  const { head } = draft;
  if (!isRunEnded(head.state)) return;
  const epoch = head.epoch + 1;
  setHead(draft, { ...NOT_STARTED, epoch, queuedAt: draft.now });
  draft.commands.push({ type: "tell_queued", dagId: head.dagId, epoch });
}

const NOT_STARTED = {
  state: "queued",
  startedAt: null,
  endedAt: null,
  degraded: false,
  cause: null,
  cancel: null,
  pausedMs: 0,
} as const satisfies Partial<Run>;

function renew(draft: Draft, slot: number): void {
  const cause: Cause = { code: "cleared", text: "the run was changed by hand" };
  if (isTerminal(draft, slot) || stateOf(draft, slot) === "up_for_retry") startAfresh(draft, slot, cause);
  else restart(draft, slot, "cleared", { to: "none", cause });
}

function retryNow(draft: Draft, { slots, inChunks }: Selected, hand: Signature): Chosen {
  const cause: Cause = { code: "cleared", text: byHand("retried", hand) };
  for (const slot of Array.from(slots.keys())) {
    const expansion = expansionOf(draft, slot);
    if (expansion === undefined) continue;
    for (let row = expansion.base; row < expansion.base + expansion.rows; row++) slots.set(row, "selected");
    if (expansion.chunks !== undefined) inChunks.set(slot, "all");
  }
  for (const slot of slots.keys()) {
    if (stateOf(draft, slot) === "up_for_retry" && !isOutOfHours(draft, slot)) startNext(draft, slot);
    else slots.delete(slot);
  }
  for (const [slot, indexes] of inChunks) handOut(draft, slot, { to: "now", indexes, cause });
  return slots;
}

function pause(draft: Draft, refs: readonly TaskRef[], { by, reason }: Signature): Chosen {
  const { head, now } = draft;
  const held = new Set(head.pauses.map(({ taskId }) => taskId));
  const wanted = refs.length === 0 ? [null] : namedSlots(draft, refs).slots.map((slot) => taskIdAt(draft, slot));
  const added = [...new Set(wanted)].filter((taskId) => !held.has(taskId));
  setHead(draft, { pauses: [...head.pauses, ...added.map((taskId): Pause => ({ taskId, by, reason, at: now }))] });
  // Chunks of a map must be told.
  for (const { slot } of draft.expansions) draft.touched.add(slot);
  return new Map();
}

function resume(draft: Draft, refs: readonly TaskRef[]): Chosen {
  const { head, now, plan } = draft;
  const names = new Set<string | null>(refs.map(({ taskId }) => taskId));
  const whole = pauseOfRun(head);
  const pauses = refs.length === 0 ? [] : head.pauses.filter(({ taskId }) => !names.has(taskId));
  const before = runTimeoutAt(head, plan.manifest);
  const paused =
    whole === undefined || refs.length > 0 || head.startedAt === null ? 0 : now - Math.max(whole.at, head.startedAt);
  setHead(draft, { pauses, pausedMs: head.pausedMs + Math.max(0, paused) });
  for (let slot = 0; slot < draft.states.length; slot++) goOn(draft, slot);
  const timeout = runTimeoutAt(draft.head, plan.manifest);
  if (before === undefined && timeout !== undefined) draft.commands.push({ type: "timer", at: timeout });
  return new Map();
}

/** Takes up what a pause held back. */
function goOn(draft: Draft, slot: number): void {
  const task = taskAt(draft, slot);
  if (task.hook !== null || pauseOf(draft.head, task) !== undefined) return;
  const detail = draft.details[slot];
  switch (stateOf(draft, slot)) {
    case "none":
      return void draft.touched.add(expansionAt(draft, slot)?.slot ?? slot);
    case "deferred":
      return void draft.touched.add(slot);
    case "up_for_retry":
      if (detail?.due === undefined) return;
      if (detail.due <= draft.now) return waitForHours(draft, slot) ? undefined : retryNext(draft, slot);
      return void draft.commands.push({ type: "timer", at: detail.due });
    case "queued":
      // What was lost was not sent again meanwhile: its time to be taken begins anew.
      amend(draft, slot, { queuedAt: draft.now, due: draft.now });
      return void draft.inspects.add(slot);
    default:
  }
}
