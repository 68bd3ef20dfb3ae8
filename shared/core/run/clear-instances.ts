/** The operator's hand on instances of a mapped task: of one, of some, or of all of them. */
import type { Cause, ChunkHand, ChunkHandIndexes, ChunkState, Expansion, TaskTable } from "../run.ts";
import { TASK_STATE } from "../states.ts";
import { restart, startAfresh } from "./attempts.ts";
import { isChunked, orderChunks, replace } from "./chunks.ts";
import { expansionAt, expansionOf, isCut, isTerminal, mapIndexAt, move, stateOf, type Draft } from "./draft.ts";
import { isSettled } from "./instances.ts";

type Rows = Pick<TaskTable, "states" | "details" | "expansions">;

/** It failed, or could not run, was passed over because too many others did, or was cut short. */
const isUndone = (tasks: Rows, slot: number): boolean =>
  stateOf(tasks, slot) === "failed" ||
  stateOf(tasks, slot) === "upstream_failed" ||
  tasks.details[slot]?.cause?.code === "tolerance" ||
  isCut(tasks, slot);

/** The rows of an inline map that are meant. */
export function rowsMeant(tasks: Rows, { base, rows }: Expansion, which: "failed" | "cut"): number[] {
  const slots = Array.from({ length: rows }, (_, row) => base + row);
  return slots.filter((slot) => (which === "cut" ? isCut(tasks, slot) : isUndone(tasks, slot)));
}

/** The rows of a chunk that a hand is about. */
export function rowsOfHand(tasks: Rows, expansion: Expansion, indexes: ChunkHandIndexes): readonly number[] {
  if (indexes === "failed" || indexes === "cut") return rowsMeant(tasks, expansion, indexes);
  const named = indexes === "all" ? undefined : new Set(indexes);
  const slots = Array.from({ length: expansion.rows }, (_, row) => expansion.base + row);
  return slots.filter((slot) => named?.has(mapIndexAt(tasks, slot)) !== false);
}

/** Whether chunks may hold some that are meant: they themselves know which. */
export const chunksMeant = ({ chunks = [], stop }: Expansion, which: "failed" | "cut"): boolean =>
  chunks.some(({ failed, cut }) => cut || (which === "failed" && (failed > 0 || stop === true)));

/** One instance runs again, with a full set of retries. */
export function clearInstance(draft: Draft, slot: number, cause: Cause): void {
  const state = stateOf(draft, slot);
  if (TASK_STATE[state].inFlight) restart(draft, slot, "cleared", { to: "none", cause });
  else if (state !== "none") startAfresh(draft, slot, cause);
  reopenTask(draft, expansionAt(draft, slot));
}

export function markInstance(draft: Draft, slot: number, to: "success" | "failed", cause: Cause): void {
  const state = stateOf(draft, slot);
  if (TASK_STATE[state].inFlight) restart(draft, slot, "marked", { to, cause });
  else if (state !== to) move(draft, slot, to, { since: draft.now, cause });
  reopenTask(draft, expansionAt(draft, slot));
}

/** The mapped task waits for its instances again, and ends as they do then. */
function reopenTask(draft: Draft, expansion: Expansion | undefined): void {
  if (expansion === undefined) return;
  if (isTerminal(draft, expansion.slot)) move(draft, expansion.slot, "deferred", { since: draft.now });
  draft.touched.add(expansion.slot);
}

/** The mapped task with all of its instances: once their attempts are over, it is made anew from the list as it is then. */
export function clearMap(draft: Draft, slot: number, cause: Cause): void {
  const expansion = expansionOf(draft, slot);
  if (expansion === undefined) return;
  for (let row = expansion.base; row < expansion.base + expansion.rows; row++) clearInstance(draft, row, cause);
  move(draft, slot, "deferred", { since: draft.now, target: { to: "none", cause } });
  if (isChunked(expansion)) orderChunks(draft, expansion, { end: { reason: "cleared", cause } });
  draft.touched.add(slot);
}

export function markMap(draft: Draft, slot: number, to: "success" | "failed", cause: Cause): void {
  const expansion = expansionOf(draft, slot);
  if (expansion === undefined) return;
  for (let row = expansion.base; row < expansion.base + expansion.rows; row++) markInstance(draft, row, to, cause);
  if (isChunked(expansion)) handOut(draft, slot, { to, indexes: "all", cause });
}

/** Tells the chunks of a map what is done to instances of theirs; they report when it is. */
export function handOut(draft: Draft, slot: number, hand: Omit<ChunkHand, "number">): void {
  const before = expansionOf(draft, slot);
  if (before === undefined || !isChunked(before)) return;
  // It is made anew as a whole once they have stopped: what were to begin meanwhile would keep them from that.
  if (draft.details[slot]?.target?.to === "none") return;
  const width = draft.plan.tasks[slot]?.spec.map?.chunkWidth ?? 1;
  const chunks = before.chunks.map((chunk, index) => {
    const indexes = indexesIn(hand.indexes, index * width, width);
    if (indexes.length === 0 || !mayHold(chunk, hand)) return chunk;
    const number = chunk.ordered + 1;
    return { ...chunk, hands: [...(chunk.hands ?? []), { ...hand, indexes, number }] };
  });
  if (chunks.every((chunk, index) => chunk === before.chunks[index])) return;
  // What ended all of them before holds no longer.
  const { end: _end, stop: _stop, bar: _bar, ...rest } = before;
  replace(draft, before, { ...rest, chunks });
  reopenTask(draft, before);
}

/** Whether there may be instances in the chunk that the hand is about: those that are done are known. */
function mayHold(chunk: ChunkState, { to, indexes }: Omit<ChunkHand, "number">): boolean {
  if (!isSettled(chunk) || typeof indexes !== "string") return true;
  if (indexes === "all") return to !== "now";
  return chunk.cut || (indexes === "failed" && (chunk.failed > 0 || chunk.skipped > 0));
}

const indexesIn = (indexes: ChunkHandIndexes, first: number, width: number): ChunkHandIndexes =>
  typeof indexes === "string" ? indexes : indexes.filter((index) => index >= first && index < first + width);
