/** Why an operation makes no sense for a run as it is: everything that is wrong with it, for a person. */
import { assertNever } from "../errors.ts";
import type { MarkedState, RunAction, Signature, TaskRef, TaskSelection } from "../operation.ts";
import { isRunEnded } from "../states.ts";
import { iso } from "../time.ts";
import { expansionOf, isEnding, stateOf, taskAt, type Draft } from "./draft.ts";
import { closedUntil } from "./hours.ts";
import { pauseOf } from "./pauses.ts";
import { namedSlots, namesOf, select, type OperationProblem } from "./select.ts";

export function faultsOf(draft: Draft, action: RunAction & Signature): readonly OperationProblem[] {
  switch (action.type) {
    case "clear":
      return (
        endingFaults(draft) ??
        selectionFaults(draft, action.selection, (slots) => nothingToClear(draft, action.selection, slots))
      );
    case "mark":
      return (
        endingFaults(draft) ??
        cancelledFaults(draft) ??
        selectionFaults(draft, action.selection, (slots) => nothingToMark(draft, slots, action.to))
      );
    case "retry_now":
      return (
        endedFaults(draft) ??
        endingFaults(draft) ??
        selectionFaults(draft, action.selection, (slots) => nothingToRetry(draft, slots))
      );
    case "pause":
      return pauseFaults(draft, action.tasks);
    case "resume":
      return resumeFaults(draft, action.tasks);
    case "cancel":
      return endedFaults(draft) ?? cancelFaults(draft);
    default:
      return assertNever(action);
  }
}

/** Nothing came of it, although chunks of a map might have held something. */
export function faultsOfNothing(draft: Draft, action: RunAction): readonly OperationProblem[] {
  switch (action.type) {
    case "clear":
      return nothing(nothingToClear(draft, action.selection, []) ?? "");
    case "mark":
      return nothing(`nothing is to be marked: what was selected is ${action.to} already`);
    case "retry_now":
      return nothing(`no task waits for its next try; ${CLEAR_INSTEAD}`);
    default:
      return [];
  }
}

const CLEAR_INSTEAD = "`freshet clear` runs tasks again that have ended";

type Faults = readonly OperationProblem[] | undefined;

const nothing = (message: string): readonly OperationProblem[] => [{ code: "NOTHING_TO_DO", message }];

function endedFaults({ head: { runId, state } }: Draft): Faults {
  if (!isRunEnded(state)) return undefined;
  return [
    {
      code: "RUN_ENDED",
      message: `run '${runId}' has ended already: ${state}; \`freshet clear\` runs tasks of it again`,
    },
  ];
}

function endingFaults(draft: Draft): Faults {
  const { runId, state, cancel, cause } = draft.head;
  if (isRunEnded(state) || !isEnding(draft)) return undefined;
  const why = cancel === null ? (cause?.text ?? "it is over") : `cancelled by ${cancel.by} at ${iso(cancel.at)}`;
  const message = `run '${runId}' is being ended (${why}): wait until what is at work has stopped, then \`freshet clear\` it`;
  return [{ code: "RUN_ENDING", message }];
}

function cancelFaults({ head: { runId, cancel } }: Draft): readonly OperationProblem[] {
  if (cancel === null) return [];
  const when = `by ${cancel.by} at ${iso(cancel.at)}${cancel.reason === "" ? "" : ` (${cancel.reason})`}`;
  return [
    {
      code: "RUN_ENDING",
      message: `run '${runId}' is being cancelled already, ${when}: what is still at work is being stopped`,
    },
  ];
}

function cancelledFaults({ head: { runId, state } }: Draft): Faults {
  if (state !== "cancelled") return undefined;
  return [
    {
      code: "RUN_ENDED",
      message: `run '${runId}' was cancelled: what was not done then would run too; \`freshet clear\` says what, and does that`,
    },
  ];
}

function selectionFaults(
  draft: Draft,
  selection: TaskSelection,
  nothingToDo: (slots: readonly number[]) => string | undefined,
): readonly OperationProblem[] {
  const { slots, inChunks, problems } = select(draft, selection);
  if (problems.length > 0) return problems;
  // Chunks themselves know how their instances stand.
  if (inChunks.size > 0) return [];
  const text = nothingToDo([...slots.keys()]);
  return text === undefined ? [] : nothing(text);
}

function nothingToClear(draft: Draft, selection: TaskSelection, slots: readonly number[]): string | undefined {
  if (slots.some((slot) => isClearable(draft, slot))) return undefined;
  const { runId } = draft.head;
  if (slots.length > 0)
    return `nothing of run '${runId}' is to be cleared: ${namesOf(draft, slots)}; what has not started runs in its turn`;
  return `nothing ${selection.tasks.length === 0 ? `of run '${runId}'` : "of what was selected"} has failed`;
}

function nothingToMark(draft: Draft, slots: readonly number[], to: MarkedState): string | undefined {
  if (slots.some((slot) => isMarkable(draft, slot, to))) return undefined;
  return slots.length === 0
    ? "nothing of what was selected has failed"
    : `nothing is to be marked: ${namesOf(draft, slots)}`;
}

function nothingToRetry(draft: Draft, slots: readonly number[]): string | undefined {
  const waiting = withInstances(draft, slots).filter((slot) => stateOf(draft, slot) === "up_for_retry");
  const held = waiting.map((slot) => pauseOf(draft.head, taskAt(draft, slot))).find((pause) => pause !== undefined);
  if (held !== undefined)
    return `${held.taskId === null ? "the run" : `task '${held.taskId}'`} is paused by ${held.by}: \`freshet resume\` it first`;
  const opens = waiting.map((slot) => closedUntil(draft.head, taskAt(draft, slot), draft.plan.manifest, draft.now));
  const [until] = opens;
  if (until !== undefined && opens.every((each) => each !== undefined))
    return `${namesOf(draft, waiting)}; it is tried again at ${iso(until)}, when its allowedHours begin`;
  const inChunks = slots.some((slot) => expansionOf(draft, slot)?.chunks !== undefined);
  if (waiting.length > 0 || inChunks) return undefined;
  const named = slots.length === 0 || slots.length === draft.plan.taskCount ? "" : `: ${namesOf(draft, slots)}`;
  return `no task waits for its next try${named}; ${CLEAR_INSTEAD}`;
}

/** Of a mapped task, also its instances; one that is held in chunks may have any. */
function withInstances(draft: Draft, slots: readonly number[]): readonly number[] {
  return slots.flatMap((slot) => {
    const { base = 0, rows = 0 } = expansionOf(draft, slot) ?? {};
    return [slot, ...Array.from({ length: rows }, (_, row) => base + row)];
  });
}

function pauseFaults(draft: Draft, refs: readonly TaskRef[]): readonly OperationProblem[] {
  const { runId, pauses } = draft.head;
  if (refs.length === 0) {
    const ended = endedFaults(draft) ?? endingFaults(draft);
    if (ended !== undefined) return ended;
  }
  const { slots, problems } = namedSlots(draft, refs);
  if (problems.length > 0) return problems;
  const wanted: readonly (string | null)[] =
    refs.length === 0 ? [null] : slots.map((slot) => taskAt(draft, slot).spec.taskId);
  const known = pauses.filter(({ taskId }) => wanted.includes(taskId));
  const [first] = known;
  if (first === undefined || known.length < new Set(wanted).size) return [];
  const what = first.taskId === null ? `run '${runId}'` : `task '${first.taskId}'`;
  return nothing(`${what} is paused already, by ${first.by} since ${iso(first.at)}`);
}

function resumeFaults(draft: Draft, refs: readonly TaskRef[]): readonly OperationProblem[] {
  const { runId, pauses } = draft.head;
  const { slots, problems } = namedSlots(draft, refs);
  if (problems.length > 0) return problems;
  if (refs.length === 0) return pauses.length > 0 ? [] : nothing(`run '${runId}' is not paused`);
  const wanted = slots.map((slot) => taskAt(draft, slot).spec.taskId);
  if (pauses.some(({ taskId }) => taskId !== null && wanted.includes(taskId))) return [];
  const whole = pauses.some(({ taskId }) => taskId === null) ? `; the run is: \`freshet resume ${runId}\`` : "";
  return nothing(`${namesOf(draft, slots)} is not paused${whole}`);
}

/** What has not started needs no clearing. */
/** In a run that has ended nothing waits for its turn: what has not started is of another version. */
export const isClearable = (draft: Draft, slot: number): boolean => {
  const state = stateOf(draft, slot);
  return state === "none" ? isRunEnded(draft.head.state) : state !== "removed";
};

export const isMarkable = (draft: Draft, slot: number, to: MarkedState): boolean =>
  !["removed", to].includes(stateOf(draft, slot)) && draft.details[slot]?.target?.to !== to;
