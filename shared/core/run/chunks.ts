/**
 * The chunks of a wide map, as the record of its task sees them. It decides how many instances each may have at work, when no
 * more start, and what operators do to them, and orders that; they tell how their instances stand. Orders and reports are
 * snapshots with numbers: the newest counts, so that doubles and disorder do no harm.
 */
import type { RunEvent } from "../events.ts";
import type { ChunkCounts, ChunkHand, ChunkOrder, ChunkState, Expansion } from "../run.ts";
import { fireHook } from "./dispatch.ts";
import { taskAt, taskIdAt, type Draft } from "./draft.ts";
import { recordEffect } from "./effects.ts";
import { chunkWidthOf, isSettled } from "./instances.ts";
import { pauseOf } from "./pauses.ts";

const NOTHING_YET: ChunkCounts = {
  success: 0,
  skipped: 0,
  failed: 0,
  open: 0,
  attempt: 0,
  retried: false,
  cut: false,
  barred: false,
  failures: [],
};

/** The chunks of a new expansion; each comes into being with its first order. */
export function newChunks(draft: Draft, slot: number, length: number): readonly ChunkState[] {
  const width = chunkWidthOf(draft, slot);
  return Array.from({ length: Math.ceil(length / width) }, (_, index) => ({
    ...NOTHING_YET,
    open: Math.min(width, length - index * width),
    ordered: 0,
    allowance: null,
    version: 0,
    heard: 0,
    ended: false,
  }));
}

export type Chunked = Expansion & { readonly chunks: readonly ChunkState[] };
export const isChunked = (expansion: Expansion): expansion is Chunked => expansion.chunks !== undefined;

/** What is wanted of all chunks of a map; what is left out stays as it was. */
interface Wanted extends Pick<Expansion, "end"> {
  readonly stop?: boolean;
  readonly held?: boolean;
  readonly bar?: Expansion["bar"] | undefined;
}

/** Orders what is wanted from now on, to each chunk for which that is something new. */
export function orderChunks(draft: Draft, before: Chunked, wanted: Wanted = {}): void {
  const { stop, end, held, bar, ...rest } = { ...before, ...wanted };
  const all: Pick<Expansion, "stop" | "end" | "held" | "bar"> = {
    ...(stop === true ? { stop } : {}),
    ...(end === undefined ? {} : { end }),
    ...(held === true ? { held } : {}),
    ...(bar === undefined ? {} : { bar }),
  };
  const told = (["stop", "end", "held", "bar"] as const).some((name) => before[name] !== all[name]);
  const allowances = allowancesOf(draft, before);
  const chunks = before.chunks.map((chunk, index): ChunkState => {
    const allowance = allowances[index] ?? null;
    const isNew = chunk.ordered === 0 || chunk.hands?.some(({ number }) => number > chunk.ordered) === true;
    // What has ended can hear nothing new but a hand, and one that is to use less than it may just goes on.
    const matters = !isSettled(chunk) && (told || isMore(allowance, chunk.allowance));
    if (!isNew && !matters) return allowance === chunk.allowance ? chunk : { ...chunk, allowance };
    const number = chunk.ordered + 1;
    order(draft, before, index, orderOf(number, allowance, all, chunk.hands ?? []));
    return { ...chunk, allowance, ordered: number };
  });
  replace(draft, before, { ...rest, ...all, chunks });
}

const isMore = (allowance: number | null, before: number | null): boolean =>
  before !== null && (allowance === null || allowance > before);

const orderOf = (
  number: number,
  allowance: number | null,
  { stop, end, held, bar }: Wanted,
  hands: readonly ChunkHand[],
): ChunkOrder => ({
  number,
  allowance,
  stop: stop === true,
  held: held === true,
  ...(bar === undefined ? {} : { bar }),
  ...(end === undefined ? {} : { end }),
  hands,
});

function order(draft: Draft, { slot, number: expansion }: Expansion, index: number, content: ChunkOrder): void {
  recordEffect(draft, { kind: "chunk_order", taskId: taskIdAt(draft, slot), expansion, index, order: content });
}

export function replace(draft: Draft, before: Expansion, after: Expansion): void {
  if (before === after) return;
  draft.expansions = draft.expansions.map((other) => (other.number === before.number ? after : other));
  draft.changed = true;
}

/**
 * How many instances each chunk may have at work. One with fewer open instances than it was allowed can never use the rest: it
 * goes to the first that have more.
 */
function allowancesOf(draft: Draft, { slot, chunks }: Chunked): readonly (number | null)[] {
  const concurrency = taskAt(draft, slot).spec.map?.concurrency ?? null;
  if (concurrency === null) return chunks.map(() => null);
  const used = chunks.map(({ allowance, open }) => Math.min(allowance ?? 0, open));
  let free = concurrency - used.reduce((sum, count) => sum + count, 0);
  return chunks.map(({ open }, index) => {
    const more = Math.max(0, Math.min(free, open - (used[index] ?? 0)));
    free -= more;
    return (used[index] ?? 0) + more;
  });
}

/** A chunk tells how its instances stand. The newest word counts. */
export function hearChunk(draft: Draft, report: Extract<RunEvent, { type: "chunk_report" }>): void {
  const { type: _type, expansion: number, index, version, ...counts } = report;
  const expansion = draft.expansions.find((other) => other.number === number && other.dropped !== true);
  const known = expansion?.chunks?.[index];
  if (expansion?.chunks === undefined || known === undefined || version <= known.version) return;
  const { hands = [], ...rest } = known;
  const left = hands.filter((hand) => hand.number > counts.heard);
  const heard: ChunkState = { ...rest, ...counts, version, ...(left.length === 0 ? {} : { hands: left }) };
  const retried = counts.retried && expansion.retryTold !== true;
  replace(draft, expansion, {
    ...expansion,
    chunks: expansion.chunks.map((chunk, at) => (at === index ? heard : chunk)),
    ...(retried ? { retryTold: true } : {}),
  });
  draft.touched.add(expansion.slot);
  for (const below of taskAt(draft, expansion.slot).downstream) draft.touched.add(below);
  if (retried) fireHook(draft, expansion.slot, "onRetry");
}

/** Whether the chunks of a mapped task are to start nothing for now. */
export const isHeld = (draft: Draft, slot: number): boolean =>
  draft.head.state !== "running" || pauseOf(draft.head, taskAt(draft, slot)) !== undefined;
