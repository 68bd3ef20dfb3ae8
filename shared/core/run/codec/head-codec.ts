/** The stored form of a run's head: what says nothing new is left out, and what a wide map has many of is packed as lists. */
import { dagOfRun, type RunId } from "../../ids.ts";
import type { ChunkOrder, ChunkState, Expansion, Run, RunDeadline, RunOrigin } from "../../run.ts";
import { chunkRunId } from "../../run-id.ts";
import { instant, plus } from "../../time.ts";

type Plain = Readonly<Record<string, unknown>>;
type Head = Omit<Run, "tasks">;

/** As most runs have it. */
const USUAL: Plain = {
  logicalDate: null,
  dataInterval: null,
  params: {},
  files: [],
  epoch: 0,
  startedAt: null,
  endedAt: null,
  degraded: false,
  cause: null,
  cancel: null,
  pauses: [],
  pausedMs: 0,
  firstFailureAt: null,
  transitions: 0,
  expanded: 0,
  effects: [],
  effectsRecorded: 0,
  due: null,
};
const USUAL_TEXTS = new Map(Object.entries(USUAL).map(([name, value]) => [name, JSON.stringify(value)]));

/** Short names of what every run has. */
const SHORT: Readonly<Record<string, string>> = {
  queuedAt: "q",
  startedAt: "s",
  transitions: "t",
  effectsRecorded: "e",
  version: "v",
  state: "st",
  runType: "rt",
};
const LONG: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SHORT).map(([long, short]) => [short, long]),
);

/** In an order of its own, so that equal heads have equal texts. */
export function packHead({ origin, dagId, deadlines, ...head }: Head): Plain {
  const packed: Record<string, unknown> = {};
  for (const name of Object.keys(head).toSorted()) {
    const value = head[name as keyof typeof head];
    const usual = USUAL_TEXTS.get(name);
    const isUsual = usual !== undefined && (value === USUAL[name] || JSON.stringify(value) === usual);
    // A start is told by how long after the queueing it came.
    if (value !== undefined && !isUsual) packed[SHORT[name] ?? name] = name === "startedAt" ? since(head) : value;
  }
  if (deadlines !== undefined) packed["dl"] = deadlines.map((each) => packDeadline(each, head));
  if (head.chunk !== undefined) packed["chunk"] = packOrders(head.chunk);
  if (dagId !== dagOfRun(head.runId)) packed["dagId"] = dagId;
  packed["origin"] = origin.kind === "chunk" ? packChunkOrigin(head.runId, origin) : origin;
  return packed;
}

const since = ({ startedAt, queuedAt }: Pick<Run, "startedAt" | "queuedAt">): number => (startedAt ?? 0) - queuedAt;

export function unpackHead({ origin, chunk, dl, ...stored }: Plain): Head {
  const packed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(stored)) packed[LONG[name] ?? name] = value;
  const { startedAt } = packed;
  if (typeof startedAt === "number") packed["startedAt"] = startedAt + Number(packed["queuedAt"]);
  const runId = packed["runId"] as RunId;
  const usual = JSON.parse(JSON.stringify(USUAL)) as Plain;
  const whose = typeof origin === "string" ? unpackChunkOrigin(runId, origin) : origin;
  const orders = chunk === undefined ? {} : { chunk: unpackOrders(chunk as PackedOrders) };
  const queuedAt = Number(packed["queuedAt"]);
  const deadlines = (dl as readonly PackedDeadline[] | undefined)?.map((each) => unpackDeadline(each, queuedAt));
  const dated = deadlines === undefined ? {} : { deadlines };
  return { dagId: dagOfRun(runId), ...usual, ...packed, ...dated, ...orders, origin: whose } as unknown as Head;
}

/** `afterMs`: from the queueing to the deadline; `seenMs`: from there to when it was seen to be missed. */
type PackedDeadline = readonly [name: string, afterMs: number, seenMs?: number];

const packDeadline = ({ name, at, missedAt }: RunDeadline, { queuedAt }: Pick<Run, "queuedAt">): PackedDeadline =>
  missedAt === undefined ? [name, at - queuedAt] : [name, at - queuedAt, missedAt - at];

function unpackDeadline([name, afterMs, seenMs]: PackedDeadline, queuedAt: number): RunDeadline {
  const at = instant(queuedAt + afterMs);
  return seenMs === undefined ? { name, at } : { name, at, missedAt: plus(at, seenMs) };
}

type PackedOrders = readonly [
  number: number,
  allowance: number | null,
  stop: 0 | 1,
  held: 0 | 1,
  hand: number,
  rest: Pick<ChunkOrder, "end" | "bar"> & { readonly told?: string },
];

/** What a chunk has heard last: hands are done as they are heard, and not kept. */
function packOrders({ order, hand, told }: NonNullable<Run["chunk"]>): PackedOrders {
  const { number, allowance, stop, held, hands: _hands, ...more } = order;
  const rest = { ...more, ...(told === undefined ? {} : { told }) };
  return [number, allowance, stop ? 1 : 0, held ? 1 : 0, hand, rest];
}

function unpackOrders([number, allowance, stop, held, hand, rest]: PackedOrders): NonNullable<Run["chunk"]> {
  const { told, ...more } = rest;
  const order = { number, allowance, stop: stop === 1, held: held === 1, ...more, hands: [] };
  return told === undefined ? { order, hand } : { order, hand, told };
}

type ChunkOrigin = Extract<RunOrigin, { kind: "chunk" }>;

/** The rest is in its id. */
const packChunkOrigin = (runId: RunId, origin: ChunkOrigin): string | ChunkOrigin =>
  runId === chunkRunId(origin.parent, origin.number, origin.index) ? origin.taskId : origin;

function unpackChunkOrigin(runId: RunId, taskId: string): RunOrigin {
  const [, parent = "", number, index] = /^(.*)\.map-(\d+)-(\d+)$/.exec(runId) ?? [];
  return { kind: "chunk", parent, taskId, number: Number(number), index: Number(index) } as ChunkOrigin;
}

type PackedExpansion = readonly [...numbers: number[], rest: Plain];

export const packExpansions = (expansions: readonly Expansion[]): readonly PackedExpansion[] =>
  expansions.map(({ slot, number, length, first, base, attemptBase, rows, list, chunks, ...rest }) => [
    slot,
    number,
    length,
    first,
    base,
    attemptBase,
    rows,
    list,
    { ...rest, ...(chunks === undefined ? {} : { chunks: chunks.map(packChunk) }) },
  ]);

export const unpackExpansions = (packed: readonly PackedExpansion[]): readonly Expansion[] =>
  packed.map((parts) => {
    const [slot, number, length, first, base, attemptBase, rows, list] = parts as readonly number[];
    const { chunks, ...rest } = parts.at(-1) as Plain;
    const states = (chunks as readonly PackedChunk[] | undefined)?.map(unpackChunk);
    const numbers = { slot, number, length, first, base, attemptBase, rows, list };
    return { ...numbers, ...(states === undefined ? {} : { chunks: states }), ...rest } as Expansion;
  });

/** Its numbers, then its failures, then its hands, if there are any. */
type PackedChunk = readonly (number | null | readonly string[] | NonNullable<ChunkState["hands"]>)[];

const [RETRIED, CUT, ENDED, BARRED] = [1, 2, 4, 8] as const;

function packChunk(chunk: ChunkState): PackedChunk {
  const { success, skipped, failed, open, attempt, ordered, allowance, version, heard, failures, hands } = chunk;
  const ends = (chunk.cut ? CUT : 0) + (chunk.ended ? ENDED : 0) + (chunk.barred ? BARRED : 0);
  const flags = (chunk.retried ? RETRIED : 0) + ends;
  const numbers = [success, skipped, failed, open, attempt, ordered, allowance, version, heard, flags];
  return hands === undefined ? [...numbers, failures] : [...numbers, failures, hands];
}

function unpackChunk(packed: PackedChunk): ChunkState {
  const [success, skipped, failed, open, attempt, ordered, allowance, version, heard, flags] =
    packed as readonly number[];
  const [failures, hands] = packed.slice(NUMBERS_OF_CHUNK) as [readonly string[], ChunkState["hands"]?];
  const numbers = { success, skipped, failed, open, attempt, ordered, allowance, version, heard };
  const has = (flag: number): boolean => ((flags ?? 0) & flag) !== 0;
  const flagged = { retried: has(RETRIED), cut: has(CUT), ended: has(ENDED), barred: has(BARRED) };
  const known = { ...numbers, failures, ...flagged } as ChunkState;
  return hands === undefined ? known : { ...known, hands };
}

const NUMBERS_OF_CHUNK = 10;
