/** A run in the making: the one place where a decision writes. */
import type { OutputRef } from "../attempt.ts";
import type { RunCommand } from "../events.ts";
import type { AttemptKey } from "../ids.ts";
import { UNMAPPED, type PoolId, type RunId, type TaskId } from "../ids.ts";
import type { JsonValue } from "../json.ts";
import type { Plan, PlannedTask } from "../plan.ts";
import {
  CAUSE_TEXT_LENGTH_MAX,
  type Cause,
  type Expansion,
  type Run,
  type TaskDetail,
  type TaskTable,
} from "../run.ts";
import { TASK_STATE, TASK_STATES, type TaskState } from "../states.ts";
import { oneLine, shortened } from "../text.ts";
import type { Instant } from "../time.ts";
import { pauseOf } from "./pauses.ts";

const STATE_CODE = Object.fromEntries(TASK_STATES.map((state, code) => [state, code])) as Readonly<
  Record<TaskState, number>
>;

/** A state as the table has it. */
export const codeOf = (state: TaskState): number => STATE_CODE[state];

export type DispatchCommand = Extract<RunCommand, { readonly type: "dispatch" }>;
export type CloseCommand = Extract<RunCommand, { readonly type: "close" }>;

/** Rows that are gone stay until the decision is over, so that slots keep their meaning while it lasts. */
export type DraftExpansion = Expansion & { readonly dropped?: true };

export interface Draft {
  readonly plan: Plan;
  readonly now: Instant;
  /** All but the task table, replaced as a whole. */
  head: Omit<Run, "tasks">;
  /** Replaced as a whole, the three of them, where instances come or go. */
  states: Uint8Array;
  attempts: Uint16Array;
  details: (TaskDetail | undefined)[];
  expansions: readonly DraftExpansion[];
  readonly commands: RunCommand[];
  /** By slot: sent only if, once all events are applied, that attempt is still to be sent, closed, or read. */
  readonly dispatches: Map<number, DispatchCommand>;
  readonly closes: Map<number, CloseCommand>;
  readonly inspects: Set<number>;
  /** What pools are heard to have granted, by pool. */
  readonly grants: Map<PoolId, number>;
  /** Numbers of the effects that this decision tells. */
  readonly tellings: Set<number>;
  /** Child runs whose tasks no longer wait for them. */
  readonly abandoned: { readonly slot: number; readonly childId: RunId; readonly attempt: number }[];
  /** Outputs that came with the events of this decision: carried on to what they unlock. */
  readonly outputs: Map<number, OutputRef>;
  /** The items of those that are lists, without nulls; filled as they are asked for. */
  readonly items: Map<number, readonly JsonValue[]>;
  /** Slots whose rule may have changed its verdict. */
  readonly touched: Set<number>;
  transitions: number;
  changed: boolean;
  /** The last detail given to a slot: equal ones after it become the same, and take no room in the record. */
  lastDetail: TaskDetail | undefined;
}

export function openDraft(run: Run, plan: Plan, now: Instant): Draft {
  const { tasks, ...head } = run;
  return {
    plan,
    now,
    head,
    states: tasks.states.slice(),
    attempts: tasks.attempts.slice(),
    details: tasks.details.slice(),
    expansions: tasks.expansions,
    commands: [],
    dispatches: new Map(),
    closes: new Map(),
    inspects: new Set(),
    grants: new Map(),
    tellings: new Set(),
    abandoned: [],
    outputs: new Map(),
    items: new Map(),
    touched: new Set(),
    transitions: head.transitions,
    changed: false,
    lastDetail: undefined,
  };
}

/** An empty task table for a run of this plan. */
export function emptyTasks(plan: Plan): TaskTable {
  const slots = plan.tasks.length;
  const details = Array.from<undefined>({ length: slots });
  return { states: new Uint8Array(slots), attempts: new Uint16Array(slots), details, expansions: [] };
}

export const stateOf = (tasks: Pick<TaskTable, "states">, slot: number): TaskState =>
  TASK_STATES[tasks.states[slot] ?? 0] ?? "none";

export const isTerminal = (tasks: Pick<TaskTable, "states">, slot: number): boolean =>
  TASK_STATE[stateOf(tasks, slot)].terminal;

/** The task of a slot; of an instance: the mapped task. */
export const taskAt = (draft: Draft, slot: number): PlannedTask => {
  const task = draft.plan.tasks[slot] ?? draft.plan.tasks[expansionAt(draft, slot)?.slot ?? -1];
  if (task === undefined) throw new RangeError(`run '${draft.head.runId}' has no slot ${slot}`);
  return task;
};

export const keyOf = (draft: Draft, slot: number): AttemptKey => ({
  runId: draft.head.runId,
  taskId: taskAt(draft, slot).spec.taskId,
  mapIndex: mapIndexAt(draft, slot),
  attempt: draft.attempts[slot] ?? 0,
});

/** Whose instance the slot is; undefined for a slot of the plan itself. */
export const expansionAt = ({ expansions }: Pick<TaskTable, "expansions">, slot: number): Expansion | undefined =>
  expansions.find(({ base, rows }) => slot >= base && slot < base + rows);

/** The instances of a mapped task; undefined: it is none, or has none yet. */
export const expansionOf = (
  { expansions }: { readonly expansions: readonly DraftExpansion[] },
  slot: number,
): Expansion | undefined => expansions.find((expansion) => expansion.slot === slot && expansion.dropped !== true);

/** Takes the instances of a mapped task away. */
export function dropInstances(draft: Draft, dropped: Expansion): void {
  for (let slot = dropped.base; slot < dropped.base + dropped.rows; slot++) move(draft, slot, "removed", undefined);
  draft.expansions = draft.expansions.map((other) =>
    other.number === dropped.number ? { ...other, dropped: true } : other,
  );
  draft.changed = true;
}

/** The table without the rows that are gone. */
function compacted({ states, attempts, details, expansions }: Draft): TaskTable {
  const gone = expansions.filter(({ dropped }) => dropped === true);
  if (gone.length === 0) return { states, attempts, details, expansions };
  const left = [...states.keys()].filter((slot) => expansionAt({ expansions: gone }, slot) === undefined);
  const before = (slot: number): number => gone.reduce((sum, { base, rows }) => (base < slot ? sum + rows : sum), 0);
  return {
    states: Uint8Array.from(left, (slot) => states[slot] ?? 0),
    attempts: Uint16Array.from(left, (slot) => attempts[slot] ?? 0),
    details: left.map((slot) => details[slot]),
    expansions: expansions
      .filter(({ dropped }) => dropped !== true)
      .map((expansion) => ({ ...expansion, base: expansion.base - before(expansion.base) })),
  };
}

export function mapIndexAt(tasks: Pick<TaskTable, "expansions">, slot: number): number {
  const expansion = expansionAt(tasks, slot);
  return expansion === undefined ? UNMAPPED : expansion.first + slot - expansion.base;
}

/** Moves a task instance; what waits for it is looked at again once it has ended. */
export function move(draft: Draft, slot: number, to: TaskState, detail: TaskDetail | undefined): void {
  const childId = draft.details[slot]?.child;
  if (childId !== undefined) draft.abandoned.push({ slot, childId, attempt: draft.attempts[slot] ?? 0 });
  draft.states[slot] = STATE_CODE[to];
  draft.details[slot] = shared(draft, bounded(detail));
  draft.transitions += 1;
  draft.changed = true;
  // The mapped task itself looks at how its instances stand.
  const expansion = slot < draft.plan.tasks.length ? undefined : expansionAt(draft, slot);
  if (expansion !== undefined && !TASK_STATE[to].inFlight) draft.touched.add(expansion.slot);
  if (!TASK_STATE[to].terminal) return;
  const { downstream, setups } = taskAt(draft, slot);
  for (const below of downstream) draft.touched.add(below);
  // What is being taken down waits for that, to be set up again.
  for (const setup of setups) draft.touched.add(setup);
}

/** Messages come from anywhere: in the record they are one line of a bounded length. */
function bounded(detail: TaskDetail | undefined): TaskDetail | undefined {
  if (detail?.cause === undefined) return detail;
  const text = shortened(oneLine(detail.cause.text), CAUSE_TEXT_LENGTH_MAX);
  return text === detail.cause.text ? detail : { ...detail, cause: { ...detail.cause, text } };
}

/** The last detail given, if this one says the same: hundreds of tasks that start together are one entry in the record. */
function shared(draft: Draft, detail: TaskDetail | undefined): TaskDetail | undefined {
  const last = draft.lastDetail;
  if (detail === undefined || (last !== undefined && sameDetail(last, detail))) return detail && last;
  return (draft.lastDetail = detail);
}

function sameDetail(a: TaskDetail, b: TaskDetail): boolean {
  const names = Object.keys(a) as (keyof TaskDetail)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Changes what is known of a task instance that stays in its state. */
export function amend(draft: Draft, slot: number, change: Partial<TaskDetail>): void {
  draft.details[slot] = shared(draft, { since: draft.now, ...draft.details[slot], ...change });
  draft.changed = true;
}

export function setHead(draft: Draft, change: Partial<Omit<Run, "tasks">>): void {
  draft.head = { ...draft.head, ...change };
  draft.changed = true;
}

/** What a later attempt must still know of the ones before. */
export function kept(detail: TaskDetail | undefined): Pick<TaskDetail, "losses" | "triesBefore" | "firstFailureAt"> {
  return {
    ...(detail?.triesBefore === undefined ? {} : { triesBefore: detail.triesBefore }),
    ...(detail?.losses === undefined ? {} : { losses: detail.losses }),
    ...(detail?.firstFailureAt === undefined ? {} : { firstFailureAt: detail.firstFailureAt }),
  };
}

/** Causes that are the run's: once it goes on they hold no longer. */
const OF_THE_RUN: ReadonlySet<Cause["code"]> = new Set(["cancelled", "run_timeout", "deadlock", "transition_budget"]);

/** The run's end came before that of the instance. */
export function isCut(tasks: Pick<TaskTable, "states" | "details">, slot: number): boolean {
  const code = tasks.details[slot]?.cause?.code;
  return code !== undefined && OF_THE_RUN.has(code) && isTerminal(tasks, slot);
}

/** Whether the run is being ended: nothing new starts but teardowns of what was set up, and hooks. */
export const isEnding = (draft: Draft): boolean => draft.head.cancel !== null || draft.head.cause !== null;

export const causeText = (cause: Cause | undefined): string => cause?.text ?? "";

/** The draft as a record. `due` is when it next needs a look: early rather than late, and written only when it must be. */
export function closeDraft(draft: Draft, runDue: Instant | undefined): Run {
  let exact = runDue;
  for (const [slot, detail] of draft.details.entries()) {
    if (detail?.due === undefined || (exact !== undefined && detail.due >= exact)) continue;
    // The next try of what is paused waits for somebody, not for its time.
    if (stateOf(draft, slot) === "up_for_retry" && pauseOf(draft.head, taskAt(draft, slot)) !== undefined) continue;
    exact = detail.due;
  }
  const stored = draft.head.due;
  const keep = stored !== null && exact !== undefined && stored > draft.now && stored <= exact;
  const due = keep ? stored : (exact ?? null);
  return { ...draft.head, due, transitions: draft.transitions, tasks: compacted(draft) };
}

/** What is to be done, work first. What a later event of the same decision has overtaken is left out. */
export function commandsOf(draft: Draft): RunCommand[] {
  const inspects = [...draft.inspects].filter((slot) => TASK_STATE[stateOf(draft, slot)].inFlight);
  return [
    ...meant(draft, draft.dispatches, "queued"),
    ...meant(draft, draft.closes, "restarting"),
    ...draft.commands,
    ...(inspects.length === 0 ? [] : [{ type: "inspect", keys: inspects.map((slot) => keyOf(draft, slot)) } as const]),
  ];
}

function* meant(
  draft: Draft,
  bySlot: ReadonlyMap<number, DispatchCommand | CloseCommand>,
  state: TaskState,
): Generator<RunCommand> {
  for (const [slot, command] of bySlot) {
    if (stateOf(draft, slot) === state && draft.attempts[slot] === command.key.attempt) yield command;
  }
}

export const taskIdAt = (draft: Draft, slot: number): TaskId => taskAt(draft, slot).spec.taskId;
