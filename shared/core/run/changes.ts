/** What an operator's hand changes, told task by task. */
import type { RunAction } from "../operation.ts";
import type { ChunkHand, Run, TaskTable } from "../run.ts";
import type { RunId } from "../ids.ts";
import { chunkRunId } from "../run-id.ts";
import { TASK_STATE, type TaskState } from "../states.ts";
import { rowsOfHand } from "./clear-instances.ts";
import { expansionAt, expansionOf, mapIndexAt, stateOf, taskAt, taskIdAt, type Draft } from "./draft.ts";
import type { Because } from "./select.ts";

/** The records that hold the instances of a run's wide maps, by their ids. */
export type Chunks = ReadonlyMap<RunId, Run>;

/** One task that an operation changes. */
export interface TaskChange {
  readonly taskId: string;
  /** null: not mapped. */
  readonly mapIndex: number | null;
  readonly from: TaskState;
  readonly to: TaskState;
  /** The current attempt. */
  readonly attempt: number;
  readonly because: Because;
  /** It may be at work: its attempt is closed first. */
  readonly closes: boolean;
}

/** What the hand changed in the draft, in the order of the DAG; `because`: the slots that it chose, and why. */
export function changesOf(
  run: Run,
  draft: Draft,
  because: ReadonlyMap<number, Because>,
  action: RunAction,
  known: Chunks,
): TaskChange[] {
  const changes: TaskChange[] = [];
  // A mapped task waits until its instances are marked, and ends so then.
  const marked = new Set([...because].filter(([slot, why]) => isMarkedMap(draft, slot, why)).map(([slot]) => slot));
  for (let slot = 0; slot < run.tasks.states.length; slot++) {
    const expansion = expansionAt(run.tasks, slot);
    // What happens to a task happens to its instances.
    if (taskAt(draft, slot).hook !== null || (expansion !== undefined && because.has(expansion.slot))) continue;
    const from = stateOf(run.tasks, slot);
    const state = stateOf(draft, slot);
    const target = draft.details[slot]?.target;
    const closes = state === "restarting" && target !== run.tasks.details[slot]?.target;
    if (from === state && !closes && !because.has(slot)) continue;
    const ends = !closes || target === undefined || target.to === "retry" ? state : target.to;
    changes.push({
      taskId: taskIdAt(draft, slot),
      mapIndex: expansion === undefined ? null : mapIndexAt(draft, slot),
      from,
      to: marked.has(slot) && action.type === "mark" ? action.to : ends,
      attempt: run.tasks.attempts[slot] ?? 0,
      because: because.get(slot) ?? (expansionOf(draft, slot) === undefined ? "selected" : "instances"),
      closes,
    });
  }
  return [...changes, ...changesInChunks(run, draft, because, known)];
}

const isMarkedMap = (draft: Draft, slot: number, because: Because): boolean =>
  expansionOf(draft, slot) !== undefined &&
  (because === "selected" || because === "upstream" || because === "downstream");

/** Instances in chunks: what the hands that go out come to there. */
function changesInChunks(
  run: Run,
  draft: Draft,
  because: ReadonlyMap<number, Because>,
  known: Chunks,
): readonly TaskChange[] {
  const changes: TaskChange[] = [];
  for (const { slot, number, chunks = [] } of draft.expansions) {
    const before = run.tasks.expansions.find((other) => other.number === number);
    // What happens to a task happens to its instances.
    if (because.has(slot)) continue;
    for (const [index, { hands = [] }] of chunks.entries()) {
      const chunk = known.get(chunkRunId(run.runId, number, index));
      const given = hands.slice(before?.chunks?.[index]?.hands?.length ?? 0);
      if (chunk === undefined) continue;
      for (const hand of given) changes.push(...changesBy(hand, chunk.tasks, taskIdAt(draft, slot)));
    }
  }
  return changes;
}

function changesBy({ to, indexes }: ChunkHand, tasks: TaskTable, taskId: string): TaskChange[] {
  const [expansion] = tasks.expansions;
  const slots = expansion === undefined ? [] : rowsOfHand(tasks, expansion, indexes);
  return slots.flatMap((slot): TaskChange[] => {
    const from = stateOf(tasks, slot);
    const ends: TaskState = to === "now" ? "queued" : to;
    // One that waits for its turn is as it is after a clear; only what waits for its next try can be tried now.
    if (from === ends || (to === "now" && from !== "up_for_retry")) return [];
    const change = { taskId, mapIndex: mapIndexAt(tasks, slot), from, to: ends, attempt: tasks.attempts[slot] ?? 0 };
    const closes = to !== "now" && TASK_STATE[from].inFlight;
    return [{ ...change, because: indexes === "cut" ? "unfinished" : "selected", closes }];
  });
}
