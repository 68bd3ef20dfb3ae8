/** Why a task instance or a run is as it is, what it waits for, and when it is next looked at: for people. */
import { allowedFrom } from "../schedule/allowed-hours.ts";
import type { AttemptItem } from "../attempt.ts";
import { assertNever } from "../errors.ts";
import type { PoolId } from "../ids.ts";
import type { Manifest, TaskPool } from "../manifest.ts";
import { plannedAt, planOf, type Plan, type PlannedTask } from "../plan.ts";
import type { Signature } from "../operation.ts";
import { explainWait } from "../pool/explain.ts";
import type { Pool } from "../pool/record.ts";
import type { Pause, Run, TaskDetail } from "../run.ts";
import { isRunEnded, TASK_STATE, type TaskState } from "../states.ts";
import { durationText, iso, type Instant } from "../time.ts";
import { expansionAt, expansionOf, isTerminal, stateOf } from "./draft.ts";
import { poolsOf } from "./backfilled.ts";
import { instancesText } from "./explain-map.ts";
import type { InstanceCounts } from "./instances.ts";
import { whyItWaits, type ChildReading } from "./explain-child.ts";
import { outcomeOf } from "./ending.ts";
import { byHand } from "./operate.ts";
import { closedUntil } from "./hours.ts";
import { waitsForPast } from "./past.ts";
import { pauseOf, pauseOfRun } from "./pauses.ts";

export interface TaskExplanation {
  readonly taskId: string;
  readonly state: TaskState;
  readonly attempt: number;
  /** One sentence. */
  readonly why: string;
  readonly since: Instant | null;
  readonly nextLook: Instant | null;
  /** Upstream tasks that it still waits for, with their states. */
  readonly waitsFor: readonly { readonly taskId: string; readonly state: TaskState }[];
  /** The pool that it waits for a slot of. */
  readonly pool: PoolId | null;
  /** Tasks that did not run because of it. */
  readonly broke: readonly string[];
}

/** The state as people see it: a queued instance whose attempt has been claimed is running. */
export function shownState(run: Run, slot: number, item: AttemptItem | null): TaskState {
  const state = stateOf(run.tasks, slot);
  return state === "queued" && item?.status === "running" ? "running" : state;
}

/** What a waiting instance takes next. */
function nextPool(plan: Plan, run: Run, slot: number): TaskPool | undefined {
  if (stateOf(run.tasks, slot) !== "scheduled") return undefined;
  const task = plan.tasks[expansionAt(run.tasks, slot)?.slot ?? slot];
  return task && poolsOf(run, task)[run.tasks.details[slot]?.taken ?? 0];
}

/** What others have to do with what a task waits for. */
interface OtherRecords {
  /** The child run that it waits for, if it does. */
  readonly child?: ChildReading | undefined;
  /** Pools that tasks wait for slots of. */
  readonly pools?: ReadonlyMap<PoolId, Pool> | undefined;
  /** Of a mapped task: how its instances stand. */
  readonly instances?: InstanceCounts | undefined;
}

/** `item`: the current attempt as the attempt store has it. */
export function explainTask(
  run: Run,
  manifest: Manifest,
  slot: number,
  item: AttemptItem | null,
  now: Instant,
  { child, pools, instances }: OtherRecords = {},
): TaskExplanation {
  const plan = planOf(manifest);
  const task = plan.tasks[expansionAt(run.tasks, slot)?.slot ?? slot] as PlannedTask;
  const state = shownState(run, slot, item);
  const detail = run.tasks.details[slot];
  const waiting = state === "none" ? [...task.required, ...task.optional, ...task.scopeSetups, ...task.setups] : [];
  const open = [...new Set(waiting)].filter((above) => !isTerminal(run.tasks, above));
  return {
    taskId: task.spec.taskId,
    state,
    attempt: run.tasks.attempts[slot] ?? 0,
    why: whyOf({
      run,
      plan,
      task,
      state,
      detail,
      item,
      open,
      now,
      child,
      need: nextPool(plan, run, slot),
      pools,
      instances,
      slot,
    }),
    since: item?.status === "running" || item?.status === "finished" ? item.startedAt : (detail?.since ?? null),
    nextLook: detail?.due ?? null,
    waitsFor: open.map((above) => ({ taskId: nameOf(plan, above), state: stateOf(run.tasks, above) })),
    pool: nextPool(plan, run, slot)?.pool ?? null,
    broke: broken(plan, run, slot),
  };
}

interface Asked {
  readonly run: Run;
  readonly plan: Plan;
  readonly task: PlannedTask;
  readonly state: TaskState;
  readonly detail: TaskDetail | undefined;
  readonly item: AttemptItem | null;
  readonly open: readonly number[];
  readonly now: Instant;
  readonly child: ChildReading | undefined;
  readonly need: TaskPool | undefined;
  readonly pools: ReadonlyMap<PoolId, Pool> | undefined;
  readonly instances: InstanceCounts | undefined;
  readonly slot: number;
}

function whyOf(asked: Asked): string {
  const { state, detail, item, task, now } = asked;
  const ago = (at: Instant): string => durationText(Math.max(0, now - at));
  switch (state) {
    case "none":
      return whyNotStarted(asked);
    case "queued": {
      const sends = detail?.sends ?? 1;
      const since = detail?.queuedAt ?? detail?.since ?? now;
      return `sent to its executor ${ago(since)} ago${sends > 1 ? `, ${sends} times` : ""}; nobody has taken it yet`;
    }
    case "running":
      return item?.status === "running"
        ? `at work for ${ago(item.startedAt)}; its timeout is ${durationText(task.spec.timeoutMs)}`
        : "at work";
    case "success":
      if (detail?.cause?.code === "marked") return detail.cause.text;
      if (asked.instances !== undefined) return mapText(asked, asked.instances);
      return item?.status === "finished" ? `succeeded in ${durationText(item.endedAt - item.startedAt)}` : "succeeded";
    case "up_for_retry":
      return `${detail?.cause?.text ?? "its attempt failed"}; ${heldText(asked.run, asked.slot, asked.plan) ?? triedAgain(detail)}`;
    case "restarting":
      return `its attempt is being closed (${closingText(detail)})`;
    case "removed":
      return "it is no longer part of the DAG";
    case "scheduled":
      return heldText(asked.run, asked.slot, asked.plan) ?? hoursText(asked) ?? whyNoSlots(asked);
    case "deferred":
      if (asked.instances !== undefined) return mapText(asked, asked.instances);
      if (detail?.child !== undefined) return whyItWaits(detail, task.spec.child, asked.child, now);
      return detail?.cause?.text ?? "it waits";
    case "up_for_reschedule":
      return detail?.cause?.text ?? "it waits";
    case "failed":
    case "skipped":
    case "upstream_failed":
      return detail?.cause?.text ?? state;
    default:
      return assertNever(state);
  }
}

function mapText({ run, task, detail }: Asked, instances: InstanceCounts): string {
  const expansion = expansionOf(run.tasks, task.slot);
  if (task.spec.map === null || expansion === undefined) return "it waits";
  const cleared =
    detail?.target === undefined ? "" : `${detail.target.to === "retry" ? "" : detail.target.cause.text}; `;
  return `${cleared}${instancesText(task.spec.map, expansion, instances)}`;
}

const triedAgain = (detail: TaskDetail | undefined): string =>
  `tried again ${detail?.due === undefined ? "soon" : `at ${iso(detail.due)}`}`;

/** Of what could start but for the hour. */
function hoursText({ run, plan, task, now }: Asked): string | undefined {
  const opens = closedUntil(run, task, plan.manifest, now);
  return opens === undefined ? undefined : `waits for the hours in which it may start: from ${iso(opens)}`;
}

const pausedText = (what: string, { by, reason, at }: Pause): string =>
  `${what} is ${byHand(`paused since ${iso(at)}`, { by, reason })}`;

/** States in which a pause keeps a task instance from being sent. */
const HELD: ReadonlySet<TaskState> = new Set(["none", "scheduled", "up_for_retry"]);

/** Who holds a task instance back that could start; undefined: nobody does. */
export function heldText(run: Run, slot: number, plan: Plan): string | undefined {
  const task = plan.tasks[expansionAt(run.tasks, slot)?.slot ?? slot];
  if (task === undefined || !HELD.has(stateOf(run.tasks, slot)) || isRunEnded(run.state)) return undefined;
  const pause = pauseOf(run, task);
  return pause === undefined ? undefined : pausedText(pause.taskId === null ? "its run" : "it", pause);
}

const whyNoSlots = ({ run, need, pools }: Asked): string =>
  need === undefined ? "it waits" : explainWait(run, need, pools?.get(need.pool));

function whyNotStarted(asked: Asked): string {
  const { run, plan, task, detail, slot } = asked;
  const held = heldText(run, slot, plan);
  if (held !== undefined) return held;
  const cleared = detail?.cause?.code === "cleared" ? `${detail.cause.text}; ` : "";
  const isReady = run.state === "running" && asked.open.length === 0 && !waitsForPast({ head: run }, task);
  return `${cleared}${(isReady ? hoursText(asked) : undefined) ?? whyWaiting(asked)}`;
}

function whyWaiting({ run, plan, task, open, slot }: Pick<Asked, "run" | "plan" | "task" | "open" | "slot">): string {
  if (slot !== task.slot && typeof task.spec.map?.concurrency === "number")
    return `waits for its turn: at most ${task.spec.map.concurrency} instances of '${task.spec.taskId}' are at work at once`;
  if (run.state === "queued") return "its run is queued";
  if (task.hook !== null) return "it has had nothing to tell";
  if (isRunEnded(run.state)) return "its run ended before it could start";
  if (open.length === 0 && waitsForPast({ head: run }, task))
    return `waits for '${task.spec.taskId}' in the run before, ${run.previous}, to have succeeded or been skipped`;
  if (open.length === 0) return "about to start";
  const names = open.map((above) => `'${nameOf(plan, above)}' (${stateOf(run.tasks, above)})`);
  return `waits for ${names.join(", ")} by its rule ${task.spec.rule}`;
}

const nameOf = (plan: Plan, slot: number): string => plannedAt(plan, slot).spec.taskId;

function closingText(detail: TaskDetail | undefined): string {
  const { target, reason = "superseded" } = detail ?? {};
  const byOperator = target !== undefined && "cause" in target && ["cleared", "marked"].includes(target.cause.code);
  return byOperator ? target.cause.text : reason;
}

/** What a task that did not succeed kept from running, at any depth. */
function broken(plan: Plan, run: Run, slot: number): string[] {
  const state = stateOf(run.tasks, slot);
  if (!TASK_STATE[state].terminal || state === "success") return [];
  const found: number[] = [];
  const open = [slot];
  for (let from = open.shift(); from !== undefined; from = open.shift()) {
    for (const below of plan.tasks[from]?.downstream ?? []) {
      const kept = stateOf(run.tasks, below);
      if ((kept !== "upstream_failed" && kept !== "skipped") || found.includes(below)) continue;
      found.push(below);
      open.push(below);
    }
  }
  return found.toSorted((a, b) => a - b).map((below) => nameOf(plan, below));
}

/** Why the run is as it is, in one sentence. `dagPaused`: by whom its DAG is paused. */
export function explainRun(run: Run, manifest: Manifest, now: Instant, dagPaused: Signature | null = null): string {
  const pause = pauseOfRun(run);
  if (pause !== undefined) return `${pausedText("it", pause)}; what was sent before finishes`;
  if (run.state === "queued" && run.queuedAt > now)
    return `waits for its time: it was asked for at ${iso(run.queuedAt)}`;
  const opens = allowedFrom(manifest.allowedHours, manifest.timezone, now);
  if (run.state === "queued" && opens > now)
    return `waits for the hours in which its DAG starts runs: from ${iso(opens)}`;
  if (run.state === "queued" && dagPaused !== null) {
    return `waits for ${durationText(now - run.queuedAt)} for its DAG, which is ${byHand("paused", dagPaused)}: \`freshet resume ${run.dagId}\` lets it start`;
  }
  if (run.state === "queued") {
    const { maxActiveRuns } = manifest;
    return `waits for a place for ${durationText(now - run.queuedAt)}: dag '${run.dagId}' runs ${maxActiveRuns} at once`;
  }
  if (run.cause !== null) return run.cause.text;
  if (run.degraded) return "succeeded, degraded: something that it could do without failed";
  if (run.state === "success") return "every task succeeded or was skipped";
  const plan = planOf(manifest);
  const outcome = outcomeOf(plan, run, run.tasks);
  const counts = new Map<TaskState, number>();
  for (let slot = 0; slot < plan.taskCount; slot++) {
    const state = stateOf(run.tasks, slot);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const held = run.pauses.length === 0 ? "" : `; paused: ${run.pauses.map(({ taskId }) => taskId).join(", ")}`;
  const tasks = `${[...counts].map(([state, count]) => `${count} ${state}`).join(", ")}${held}`;
  return outcome.state === "failed"
    ? `will fail: ${outcome.cause?.text ?? "a task failed"}; ${tasks}`
    : `at work: ${tasks}`;
}
