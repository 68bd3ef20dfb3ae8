/** Sending attempts to executors, first and again. */
import type { HookSubject, MapItem, OutputRef, UpstreamOutput } from "../attempt.ts";
import type { JsonValue } from "../json.ts";
import { hookSlot } from "../plan.ts";
import type { HookName } from "../manifest.ts";
import type { Expansion, TaskDetail } from "../run.ts";
import { TASK_STATE } from "../states.ts";
import { earliest, plus, type Instant } from "../time.ts";
import { childIdOf } from "./child-id.ts";
import {
  amend,
  causeText,
  expansionAt,
  expansionOf,
  keyOf,
  kept,
  mapIndexAt,
  move,
  stateOf,
  taskAt,
  taskIdAt,
  type Draft,
} from "./draft.ts";
import { instanceAttempts } from "./instances.ts";
import { pauseOf } from "./pauses.ts";

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
  if (draft.dispatches.has(slot) || pauseOf(draft.head, taskAt(draft, slot)) !== undefined) return;
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
  const { spec, hook, mappedBy } = taskAt(draft, slot);
  const carried: { [taskId: string]: OutputRef } = {};
  const upstream = upstreamOutputs(draft, slot);
  for (const { taskId, instances } of upstream) {
    const output = draft.outputs.get(draft.plan.slotOf.get(taskId) ?? -1);
    if (output !== undefined && instances === undefined) carried[taskId] = output;
  }
  const item = itemOf(draft, slot);
  draft.dispatches.set(slot, {
    type: "dispatch",
    key: keyOf(draft, slot),
    upstream,
    carried,
    ...(mappedBy.length === 0 ? {} : { mappedBy: mappedBy.map((below) => taskIdAt(draft, below)) }),
    ...(item === undefined ? {} : { item }),
    timeoutMs: spec.timeoutMs,
    ...(spec.child === null ? {} : { childId: childIdOf(draft, slot, spec.child) }),
    ...(hook === null ? {} : { subject: subjectOf(draft, hook.name, hook.subject) }),
    send,
  });
}

/** Where the outputs lie that a task takes. */
export function upstreamOutputs(draft: Draft, slot: number): readonly UpstreamOutput[] {
  const upstream: UpstreamOutput[] = [];
  for (const { taskId, input } of taskAt(draft, slot).spec.upstream) {
    const from = draft.plan.slotOf.get(taskId);
    if (input === null || from === undefined) continue;
    const instances = instanceAttempts(draft, from);
    if (instances === undefined) upstream.push({ taskId, attempt: attemptWithOutput(draft, from) });
    else upstream.push({ taskId, attempt: 0, instances });
  }
  return upstream;
}

/** The item of an instance, if the list came with this decision; else where it lies. */
function itemOf(draft: Draft, slot: number): MapItem | undefined {
  const expansion = expansionAt(draft, slot);
  const { over, spec } = taskAt(draft, slot);
  if (expansion === undefined || spec.map === null) return undefined;
  const { length, list: attempt } = expansion;
  const item = { over: spec.map.over, attempt, length };
  const list = over === null || draft.attempts[over] !== attempt ? undefined : draft.outputs.get(over);
  if (list === undefined || over === null) return item;
  if (list.kind !== "inline") return { ...item, list };
  const value = itemsOf(draft, over, list.value)[mapIndexAt(draft, slot)];
  return value === undefined ? item : { ...item, value };
}

function itemsOf(draft: Draft, over: number, value: JsonValue): readonly JsonValue[] {
  let items = draft.items.get(over);
  if (items === undefined) {
    items = Array.isArray(value) ? (value as readonly JsonValue[]).filter((item) => item !== null) : [];
    draft.items.set(over, items);
  }
  return items;
}
/** 0: it gave none, or somebody marked it. */
const attemptWithOutput = (draft: Draft, slot: number): number =>
  stateOf(draft, slot) === "success" && draft.details[slot]?.cause?.code !== "marked" ? (draft.attempts[slot] ?? 0) : 0;

/** Starts a hook, if the DAG has it and it is not at work already: retries in quick succession are told once. */
export function fireHook(draft: Draft, subject: number | null, hook: HookName): void {
  const expansion = subject === null ? undefined : expansionAt(draft, subject);
  if (expansion !== undefined) return hookOfInstance(draft, expansion, hook);
  const slot = hookSlot(draft.plan, subject === null ? null : taskIdAt(draft, subject), hook);
  if (slot === undefined) return;
  const state = stateOf(draft, slot);
  if (state !== "none" && !TASK_STATE[state].terminal) return;
  const used = draft.attempts[slot] ?? 0;
  if (used > 0) draft.details[slot] = { since: draft.now, triesBefore: used };
  dispatchNext(draft, slot);
}

/** A mapped task tells once for all of its instances: of the first retry, and of its own end. */
function hookOfInstance(draft: Draft, expansion: Expansion, hook: HookName): void {
  if (hook !== "onRetry" || expansion.retryTold === true) return;
  draft.expansions = draft.expansions.map((other) => (other === expansion ? { ...other, retryTold: true } : other));
  fireHook(draft, expansion.slot, hook);
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
  const expansion = subject === null ? undefined : expansionOf(draft, subject);
  if (expansion !== undefined && stateOf(draft, expansion.slot) === "deferred")
    return failedInstances(draft, expansion);
  for (let slot = 0; slot < draft.plan.taskCount && failed.length < FAILURES_TOLD_MAX; slot++) {
    const state = stateOf(draft, slot);
    const told =
      subject === null ? state === "failed" : slot === subject && (state === "failed" || state === "up_for_retry");
    if (told) failed.push({ taskId: taskIdAt(draft, slot), cause: causeText(draft.details[slot]?.cause) });
  }
  return failed;
}

/** Instances of a mapped task that wait for their retry. */
function failedInstances(draft: Draft, { slot, base, rows }: Expansion): HookSubject["failed"] {
  const failed: { taskId: ReturnType<typeof taskIdAt>; cause: string }[] = [];
  for (let row = base; row < base + rows && failed.length < FAILURES_TOLD_MAX; row++) {
    if (stateOf(draft, row) !== "up_for_retry") continue;
    const cause = `[${mapIndexAt(draft, row)}] ${causeText(draft.details[row]?.cause)}`;
    failed.push({ taskId: taskIdAt(draft, slot), cause });
  }
  return failed;
}
