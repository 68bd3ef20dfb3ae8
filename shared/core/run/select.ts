/** What an operator's selection comes to in a run as it is, and what must go with it. */
import type { ErrorCode } from "../errors.ts";
import type { TaskRef, TaskSelection } from "../operation.ts";
import { downstreamOf, plannedAt, type Plan } from "../plan.ts";
import { didYouMean } from "../problem.ts";
import type { ChunkHandIndexes } from "../run.ts";
import { decideTask, isBarred } from "./verdict.ts";
import { chunksMeant, rowsMeant } from "./clear-instances.ts";
import { isRunEnded } from "../states.ts";
import { expansionAt, expansionOf, isCut, stateOf, taskAt, taskIdAt, type Draft } from "./draft.ts";

export interface OperationProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Why a task is among those that change. */
export type Because =
  | "selected"
  | "upstream"
  | "downstream"
  /** It did not run because of one of the others: that is decided again. */
  | "follows"
  /** What it set up has been taken down. */
  | "setup"
  /** Its setup is made again. */
  | "teardown"
  /** The run's end kept it from running, and the run goes on. */
  | "unfinished"
  /** Another version, which the run goes on with, has brought it, decides it otherwise, or maps tasks over what it gave. */
  | "version"
  /** It waits for its instances, some of which change. */
  | "instances";

export type Chosen = Map<number, Because>;

/** Instances that lie in chunks, by the slot of their task. */
export type InChunks = Map<number, ChunkHandIndexes>;

export interface Selected {
  readonly slots: Chosen;
  readonly inChunks: InChunks;
  readonly problems: OperationProblem[];
}

/** The slots of a selection, whatever their states. The one place that knows names, instances and neighbours. */
export function select(draft: Draft, selection: TaskSelection): Selected {
  const { plan } = draft;
  const { slots: named, inChunks, problems } = namedSlots(draft, selection.tasks);
  const slots: Chosen = new Map();
  const all = selection.tasks.length === 0;
  for (const slot of all ? Array.from({ length: plan.taskCount }, (_, at) => at) : named) slots.set(slot, "selected");
  const around = [...named.map((slot) => expansionAt(draft, slot)?.slot ?? slot), ...inChunks.keys()];
  if (selection.upstream) add(slots, upstreamOf(plan, around), "upstream");
  if (selection.downstream) add(slots, downstreamOf(plan, around), "downstream");
  if (selection.onlyFailed) keepFailed(draft, slots, inChunks);
  return { slots, inChunks, problems };
}

/** Of a mapped task, the instances that failed: the others keep what they have done. */
function keepFailed(draft: Draft, slots: Chosen, inChunks: InChunks): void {
  // Rows of its maps are added meanwhile, and are none to look at.
  for (const [slot, because] of Array.from(slots)) {
    const expansion = expansionOf(draft, slot);
    if (expansion === undefined) {
      if (!isFailed(draft, slot)) slots.delete(slot);
      continue;
    }
    slots.delete(slot);
    for (const row of rowsMeant(draft, expansion, "failed")) slots.set(row, because);
    if (chunksMeant(expansion, "failed")) inChunks.set(slot, "failed");
  }
}

function add(slots: Chosen, more: ReadonlySet<number>, because: Because): void {
  for (const slot of more) if (!slots.has(slot)) slots.set(slot, because);
}

/** The slots that these name. A name that the run's version has not is a problem. */
export function namedSlots(
  draft: Draft,
  refs: readonly TaskRef[],
): { slots: number[]; inChunks: InChunks; problems: OperationProblem[] } {
  const slots: number[] = [];
  const inChunks: InChunks = new Map();
  const problems: OperationProblem[] = [];
  for (const { taskId, mapIndex } of refs) {
    const slot = draft.plan.slotOf.get(taskId);
    if (slot === undefined || slot >= draft.plan.taskCount) problems.push(noSuchTask(draft, taskId));
    else if (mapIndex === null) slots.push(slot);
    else problems.push(...nameInstance(draft, { slot, mapIndex }, slots, inChunks));
  }
  return { slots, inChunks, problems };
}

/** Adds the instance to `slots`, or to `inChunks`; the problem, if there is none such. */
function nameInstance(
  draft: Draft,
  { slot, mapIndex }: { readonly slot: number; readonly mapIndex: number },
  slots: number[],
  inChunks: InChunks,
): OperationProblem[] {
  const taskId = taskIdAt(draft, slot);
  if (taskAt(draft, slot).spec.map === null) return [notMapped(taskId, mapIndex)];
  const expansion = expansionOf(draft, slot);
  if (expansion === undefined || mapIndex >= expansion.length) return [noInstance(taskId, mapIndex, expansion?.length)];
  if (expansion.chunks === undefined) slots.push(expansion.base + mapIndex - expansion.first);
  else {
    const known = inChunks.get(slot) ?? [];
    inChunks.set(slot, typeof known === "string" ? known : [...known, mapIndex]);
  }
  return [];
}

const noInstance = (taskId: string, mapIndex: number, length: number | undefined): OperationProblem => ({
  code: "TASK_NOT_FOUND",
  message:
    length === undefined
      ? `task '${taskId}' has no instances in this run: it has not come to its list`
      : `task '${taskId}' has no instance ${mapIndex}; it has ${length}, from 0 to ${length - 1}`,
});

function noSuchTask({ head, plan }: Draft, taskId: string): OperationProblem {
  const known = plan.manifest.tasks.map((spec) => spec.taskId);
  const which = `run '${head.runId}' runs version ${head.version.slice(0, 12)} of dag '${head.dagId}'`;
  const gone = head.formerAttempts?.[taskId] === undefined ? "has no task" : "no longer has the task";
  const text = `${which}, which ${gone} '${taskId}'${didYouMean(taskId, known)}; it has ${known.join(", ")}`;
  return { code: "TASK_NOT_FOUND", message: text };
}

const notMapped = (taskId: string, mapIndex: number): OperationProblem => ({
  code: "TASK_NOT_FOUND",
  message: `task '${taskId}' is not mapped: it has no instance ${mapIndex}; leave out [${mapIndex}]`,
});

function upstreamOf(plan: Plan, slots: readonly number[]): ReadonlySet<number> {
  const found = new Set<number>();
  const open = [...slots];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    const { required, optional } = plannedAt(plan, slot);
    for (const above of [...required, ...optional]) {
      if (found.has(above)) continue;
      found.add(above);
      open.push(above);
    }
  }
  return found;
}

function isFailed(draft: Draft, slot: number): boolean {
  const state = stateOf(draft, slot);
  return state === "failed" || state === "upstream_failed" || isCut(draft, slot);
}

/** Instances are made anew with what gives the list: what they were made from will be another one. */
export function takeWholeMaps(draft: Draft, slots: Chosen, inChunks: InChunks): void {
  const groups: Chosen = new Map([...inChunks.keys()].map((slot) => [slot, "selected"]));
  for (const [slot, because] of slots) {
    const group = expansionAt(draft, slot)?.slot;
    if (group !== undefined) groups.set(group, because);
  }
  for (const [group, because] of groups) {
    const { over } = taskAt(draft, group);
    if (over === null || !slots.has(over)) continue;
    if (!slots.has(group)) slots.set(group, because);
  }
}

/** What the end of the run kept from running. */
export function addUnfinished(draft: Draft, slots: Chosen, inChunks: InChunks, spared: ReadonlySet<number>): void {
  for (let slot = 0; slot < draft.plan.taskCount; slot++) {
    const expansion = slots.has(slot) || spared.has(slot) ? undefined : expansionOf(draft, slot);
    if (expansion !== undefined) {
      for (const row of rowsMeant(draft, expansion, "cut")) if (!slots.has(row)) slots.set(row, "unfinished");
      if (chunksMeant(expansion, "cut") && !inChunks.has(slot)) inChunks.set(slot, "cut");
      continue;
    }
    if (!spared.has(slot) && !slots.has(slot) && isCut(draft, slot)) slots.set(slot, "unfinished");
  }
}

/** What marking a task as done gives another chance: all below it that failed, or could not run. */
export function addFailedBelow(draft: Draft, slots: Chosen, marked: ReadonlySet<number>): void {
  for (const below of downstreamOf(draft.plan, marked)) {
    const state = stateOf(draft, below);
    if (!marked.has(below) && (state === "failed" || state === "upstream_failed")) slots.set(below, "follows");
  }
}

/**
 * What another version has made new or out of date: tasks that the run, which had ended, did not have; verdicts that its rules
 * would not give; outputs that tasks are mapped over now, of which nobody had asked whether they are lists. In a run that keeps
 * its version there is none.
 */
export function addOutdated(draft: Draft, slots: Chosen): void {
  const nameOf = (slot: number): string => taskIdAt(draft, slot);
  const ended = isRunEnded(draft.head.state);
  const join = (slot: number): void => add(slots, new Set([slot]), "version");
  for (const task of draft.plan.tasks.slice(0, draft.plan.taskCount)) {
    const { slot, over } = task;
    const isNew = stateOf(draft, slot) === "none";
    const isRuled = isByRule(draft, slot) && expansionOf(draft, slot) === undefined;
    if ((isNew && ended) || (isRuled && decideTask(task, draft, nameOf).verdict !== stateOf(draft, slot))) join(slot);
    if (over !== null && (isNew || slots.has(slot)) && !wasAskedForList(draft, over)) join(over);
  }
}

/** Whether its attempt had to say what tasks are mapped over; what did not succeed by itself has nothing to say. */
function wasAskedForList(draft: Draft, slot: number): boolean {
  const { length, unmappable, cause } = draft.details[slot] ?? {};
  if (stateOf(draft, slot) !== "success" || cause?.code === "marked") return true;
  return length !== undefined || unmappable !== undefined;
}

/**
 * What must be run or decided again along with these: verdicts of a rule below them; a setup that has been taken down since,
 * around what runs again; and its teardown. `spared` are those that are given a state by hand.
 */
export function addConsequences(draft: Draft, slots: Chosen, spared: ReadonlySet<number> = new Set()): void {
  const { plan } = draft;
  const open = [...slots.keys(), ...spared];
  const join = (slot: number, because: Because): void => {
    const state = stateOf(draft, slot);
    if (slots.has(slot) || spared.has(slot) || state === "none" || state === "removed") return;
    slots.set(slot, because);
    open.push(slot);
  };
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    const { downstream } = taskAt(draft, slot);
    for (const below of downstream) if (isByRule(draft, below)) join(below, "follows");
    if (!slots.has(slot)) continue;
    for (const setup of setupsAround(draft, slot)) {
      const takenDown = teardownsOf(plan, setup).some((teardown) => stateOf(draft, teardown) !== "none");
      if (takenDown) join(setup, "setup");
    }
    for (const teardown of teardownsOf(plan, slot)) join(teardown, "teardown");
  }
}

function isByRule(draft: Draft, slot: number): boolean {
  const state = stateOf(draft, slot);
  const code = draft.details[slot]?.cause?.code;
  const barred = expansionOf(draft, slot);
  if (barred !== undefined && isBarred(draft, barred)) return true;
  return state === "upstream_failed" || (state === "skipped" && (code === "rule" || code === "branch"));
}

/** Setups that a task works within. */
function setupsAround({ plan, ...draft }: Draft, slot: number): readonly number[] {
  const task = plan.tasks[expansionAt(draft, slot)?.slot ?? slot];
  if (task === undefined || task.spec.role === "teardown") return [];
  return [...task.required, ...task.optional, ...task.scopeSetups].filter(
    (above) => plannedAt(plan, above).spec.role === "setup",
  );
}

const teardownsOf = (plan: Plan, setup: number): readonly number[] =>
  (plan.tasks[setup]?.downstream ?? []).filter((below) => plannedAt(plan, below).setups.includes(setup));

/** Names in a message at the most. */
const NAMED_MAX = 5;
export function namesOf(draft: Draft, slots: readonly number[]): string {
  const named = slots.slice(0, NAMED_MAX).map((slot) => `'${taskIdAt(draft, slot)}' (${stateOf(draft, slot)})`);
  const more = slots.length > named.length ? ` and ${slots.length - named.length} more` : "";
  return `${named.join(", ")}${more}`;
}
