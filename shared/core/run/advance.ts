/**
 * The decision on a run: `advance(run, manifest, events, now)` gives the next record and what is to be done once it is
 * stored. Pure, total and deterministic; events may come twice, late and in any order.
 */
import { assertNever } from "../errors.ts";
import type { RunCommand, RunEvent } from "../events.ts";
import { type AttemptKey, UNMAPPED } from "../ids.ts";
import type { Manifest } from "../manifest.ts";
import { manifestOf, planOf } from "../plan.ts";
import type { Run } from "../run.ts";
import { isRunEnded, TASK_STATE } from "../states.ts";
import { earliest, type Instant } from "../time.ts";
import { applyFinished, applySeen, lookAt } from "./attempts.ts";
import { hearChild, hearRefusal } from "./child-ends.ts";
import { cancelAbandoned } from "./children.ts";
import { dispatchAgain } from "./dispatch.ts";
import {
  amend,
  closeDraft,
  commandsOf,
  type Draft,
  expansionOf,
  openDraft,
  setHead,
  stateOf,
  taskAt,
} from "./draft.ts";
import { acknowledgeEffect, effectsDue, tellAgain, tellAgainAt, tellCommands } from "./effects.ts";
import { armDeadline, deadlineDue, noteMisses } from "./deadlines.ts";
import { deadlocked, failDeadlocked, failRun, finishIfDone } from "./ending.ts";
import { transitionsMax } from "./instances.ts";
import { factOf } from "./fact.ts";
import { operate } from "./operate.ts";
import { askPast, hearPast, lookAtPast, pastDue } from "./past.ts";
import { expire, isExpired, startsUntil } from "./expiry.ts";
import { runTimeoutAt } from "./pauses.ts";
import { hearOrder, reportChunk } from "./chunk.ts";
import { hearChunk } from "./chunks.ts";
import { startReady } from "./ready.ts";
import { hearGrant, settlePools } from "./slots.ts";

export interface RunDecision {
  readonly run: Run;
  readonly commands: readonly RunCommand[];
  /** False: the record is as it was; nothing needs to be stored. */
  readonly changed: boolean;
}

export function advance(run: Run, manifest: Manifest, events: readonly RunEvent[], now: Instant): RunDecision {
  const draft = openDraft(run, planOf(manifestOf(run, manifest)), now);
  for (const event of events) applyEvent(draft, event);
  settle(draft);
  const next = closeDraft(draft, runDue(draft));
  const changed = draft.changed || next.due !== run.due;
  return { run: changed ? next : run, commands: [...commandsOf(draft), ...tellCommands(draft)], changed };
}

/** Starts and ends what the events have made possible; whatever ends the run lets its teardowns start before it ends. */
function settle(draft: Draft): void {
  startReady(draft);
  if (draft.transitions > transitionsMax(draft)) overBudget(draft);
  for (let stuck = deadlocked(draft); stuck.length > 0; stuck = deadlocked(draft)) {
    failDeadlocked(draft, stuck);
    startReady(draft);
  }
  askPast(draft);
  cancelAbandoned(draft);
  noteMisses(draft);
  finishIfDone(draft);
  reportChunk(draft);
  settlePools(draft);
}

function applyEvent(draft: Draft, event: RunEvent): void {
  switch (event.type) {
    case "admitted":
      return admit(draft, event.epoch);
    case "completed":
      if (event.epoch !== draft.head.epoch) return;
      return withCurrent(draft, event.key, (slot) => applyFinished(draft, slot, event.outcome));
    case "attempt_seen":
      return withCurrent(draft, event.key, (slot) => applySeen(draft, slot, event.item));
    case "wake":
      return wake(draft, event);
    case "clear":
    case "mark":
    case "retry_now":
    case "pause":
    case "resume":
    case "cancel":
      return operate(draft, event);
    case "past_seen":
      return hearPast(draft, event.tasks);
    case "past_moved":
      return lookAtPast(draft);
    case "reprocess":
      return reprocess(draft, event);
    case "refuse_backfill":
      if (draft.head.refused !== event.backfillId) setHead(draft, { refused: event.backfillId });
      return;
    case "child_report":
      return hearChild(draft, event);
    case "child_refused":
      return hearRefusal(draft, event);
    case "pool_granted":
      return hearGrant(draft, event);
    case "chunk_ordered":
      return hearOrder(draft, event.order);
    case "chunk_report":
      return hearChunk(draft, event);
    case "effect_acknowledged":
      return acknowledgeEffect(draft, event.number);
    default:
      return assertNever(event);
  }
}

function admit(draft: Draft, epoch: number): void {
  if (draft.head.state !== "queued" || epoch !== draft.head.epoch) return;
  if (isExpired(draft.head, draft.plan.manifest, draft.now)) return expire(draft);
  setHead(draft, { state: "running", startedAt: draft.now });
  for (const task of draft.plan.tasks.slice(0, draft.plan.taskCount)) draft.touched.add(task.slot);
  draft.commands.push({ type: "publish", fact: factOf(draft, "run_started") });
  const timeout = runTimeoutAt(draft.head, draft.plan.manifest);
  if (timeout !== undefined) draft.commands.push({ type: "timer", at: timeout });
  armDeadline(draft);
}

/** Opened again, the run has a place of the backfill's: its DAG is not asked for one. */
function reprocess(draft: Draft, event: Extract<RunEvent, { type: "reprocess" }>): void {
  const { backfillId, epoch, tasks, onlyFailed, by, version, pool, params, ignorePast } = event;
  if (!isRunEnded(draft.head.state) || draft.head.epoch !== epoch) return;
  if (draft.head.refused === backfillId || (version !== undefined && draft.head.version !== version)) return;
  const refs = tasks.map((taskId) => ({ taskId, mapIndex: null }));
  const selection = { tasks: refs, upstream: false, downstream: false, onlyFailed };
  operate(draft, { type: "clear", selection, by, reason: `backfill ${backfillId}` });
  if (draft.head.state !== "queued") return;
  const asked = draft.commands.findIndex(({ type }) => type === "tell_queued");
  if (asked >= 0) draft.commands.splice(asked, 1);
  const { previous: _previous, past: _past, ...alone } = draft.head;
  if (ignorePast === true) draft.head = alone;
  setHead(draft, {
    runType: "backfill",
    heldBy: { backfillId, epoch: draft.head.epoch, ...(pool === undefined ? {} : { pool }) },
    params: { ...draft.head.params, ...params },
  });
  admit(draft, draft.head.epoch);
}

/** Hands on what is about the current, open attempt of a task; the rest is an echo. */
function withCurrent(draft: Draft, key: AttemptKey, apply: (slot: number) => void): void {
  const slot = slotOfKey(draft, key);
  if (slot === undefined || isRunEnded(draft.head.state)) return;
  const attempt = draft.attempts[slot] ?? 0;
  if (key.attempt === attempt && TASK_STATE[stateOf(draft, slot)].inFlight) return apply(slot);
  if (key.attempt <= attempt) hearEcho(draft, slot, key.attempt < attempt);
}

/** Of an instance: its row, as long as the mapped task has it. */
function slotOfKey(draft: Draft, { taskId, mapIndex }: AttemptKey): number | undefined {
  const slot = draft.plan.slotOf.get(taskId);
  if (slot === undefined || (mapIndex === UNMAPPED) !== (taskAt(draft, slot).spec.map === null)) return undefined;
  if (mapIndex === UNMAPPED) return slot;
  const expansion = expansionOf(draft, slot);
  const row = mapIndex - (expansion?.first ?? 0);
  return expansion === undefined || row < 0 || row >= expansion.rows ? undefined : expansion.base + row;
}

/**
 * The end of this attempt has been applied, yet somebody tells it again: perhaps we died between that commit and what it
 * was to send. What it unlocked and nobody has answered since is sent again now instead of by the sweep.
 */
function hearEcho(draft: Draft, slot: number, retried: boolean): void {
  const unlocked = retried ? [slot] : taskAt(draft, slot).downstream;
  for (const below of unlocked) {
    if (stateOf(draft, below) === "queued" && draft.details[below]?.sends === 1) dispatchAgain(draft, below);
  }
}

function wake(draft: Draft, { all = false, tell = false, attempt }: Extract<RunEvent, { type: "wake" }>): void {
  const { head, now } = draft;
  tellAgain(draft, all || tell);
  if (isExpired(head, draft.plan.manifest, now)) return expire(draft);
  if (head.state === "queued" && head.queuedAt <= now && head.due !== null && (head.due <= now || all || tell)) {
    draft.commands.push({ type: "tell_queued", dagId: head.dagId, epoch: head.epoch });
  }
  if (head.state !== "running") return;
  if (attempt !== undefined) withCurrent(draft, attempt, (slot) => void draft.inspects.add(slot));
  if ((runTimeoutAt(head, draft.plan.manifest) ?? Infinity) <= now) {
    failRun(draft, "run_timeout", { code: "run_timeout", text: "the run ran longer than its timeout" });
  }
  for (const [slot, detail] of draft.details.entries()) {
    if (detail?.due === undefined) continue;
    const state = stateOf(draft, slot);
    // A restart cuts waits short: leases that were seen before, and messages that were on their way, say nothing now.
    if (all && (state === "running" || state === "queued") && detail.due > now) amend(draft, slot, { due: now });
    if (detail.due <= now || (all && TASK_STATE[state].inFlight)) lookAt(draft, slot);
  }
}

function overBudget(draft: Draft): void {
  const text = `the run changed state more than ${transitionsMax(draft)} times, its transition budget`;
  failRun(draft, "budget", { code: "transition_budget", text });
  startReady(draft);
}

/** When the run itself, apart from its tasks, next needs a look. */
const runDue = (draft: Draft): Instant | undefined =>
  earliest(ownDue(draft), pastDue(draft), effectsDue(draft.head.effects), deadlineDue(draft.head));

function ownDue({ head, plan, now }: Draft): Instant | undefined {
  if (head.state === "queued") {
    const expires = startsUntil(head, plan.manifest);
    // Asked for in advance, it waits for its time before it waits for a place.
    return earliest(head.queuedAt > now ? head.queuedAt : tellAgainAt(head.queuedAt, now), expires);
  }
  if (isRunEnded(head.state)) return undefined;
  return head.cause === null && head.cancel === null ? runTimeoutAt(head, plan.manifest) : undefined;
}
