/**
 * A chunk: a run of one mapped task, with some of its instances as rows. It does what it is ordered, and tells its parent how
 * its instances stand, when that could change anything there.
 */
import { chunkManifest, planOf } from "../plan.ts";
import type { Manifest } from "../manifest.ts";
import type { ChunkCounts, ChunkHand, ChunkOrder, Expansion, Run, RunEffect, TaskDetail, TaskTable } from "../run.ts";
import { chunkRunId } from "../run-id.ts";
import { isRunEnded, TASK_STATE, TASK_STATES } from "../states.ts";
import type { Instant } from "../time.ts";
import { causeText, expansionOf, isCut, mapIndexAt, move, setHead, stateOf, type Draft } from "./draft.ts";
import { isBackfilled } from "./backfilled.ts";
import { recordEffect } from "./effects.ts";
import { endOpenTasks } from "./ending.ts";
import { clearInstance, markInstance, rowsOfHand } from "./clear-instances.ts";
import { neededBy } from "./deadlines.ts";
import { countInstances } from "./instances.ts";
import { isOutOfHours } from "./hours.ts";
import { newRun } from "./new-run.ts";
import { startNext } from "./slots.ts";

/** The only task of a chunk. */
const GROUP = 0;

/** A chunk as it is first put; undefined: its parent has gone on to other instances since. */
export function newChunk(
  parent: Run,
  manifest: Manifest,
  { taskId, expansion: number, index }: Extract<RunEffect, { kind: "chunk_order" }>,
  now: Instant,
): Run | undefined {
  const whole = parent.tasks.expansions.find((expansion) => expansion.number === number);
  const task = chunkManifest(manifest, taskId);
  const width = task.tasks[GROUP]?.map?.chunkWidth;
  if (whole?.chunks === undefined || width === undefined) return undefined;
  const first = index * width;
  const needed = task.pools.length === 0 ? null : neededBy(parent, manifest);
  const run = newRun({
    runId: chunkRunId(parent.runId, number, index),
    version: parent.version,
    manifest: task,
    runType: "event",
    origin: { kind: "chunk", parent: parent.runId, taskId, number, index },
    dataInterval: null,
    ...(isBackfilled(parent) && parent.heldBy !== undefined ? { heldBy: parent.heldBy } : {}),
    params: {},
    files: [],
    now,
  });
  const { attemptBase, list } = whole;
  const length = Math.min(width, whole.length - first);
  const base = planOf(task).tasks.length;
  const tasks = tableOf({ slot: GROUP, number, length, first, base, rows: length, attemptBase, list }, now);
  return { ...run, state: "running", startedAt: now, ...(needed === null ? {} : { neededBy: needed }), tasks };
}

function tableOf(expansion: Expansion, since: Instant): TaskTable {
  const slots = expansion.base + expansion.rows;
  const states = new Uint8Array(slots);
  states[GROUP] = TASK_STATES.indexOf("deferred");
  const attempts = new Uint16Array(slots).fill(expansion.attemptBase, expansion.base);
  const details = Array.from<TaskDetail | undefined>({ length: slots });
  details[GROUP] = { since };
  return { states, attempts, details, expansions: [expansion] };
}

/** Does what is ordered; an order that is older than the last one says nothing any more. */
export function hearOrder(draft: Draft, order: ChunkOrder): void {
  const { head } = draft;
  if (head.origin.kind !== "chunk" || order.number <= (head.chunk?.order.number ?? 0)) return;
  const done = head.chunk?.hand ?? 0;
  const hand = Math.max(done, ...order.hands.map(({ number }) => number));
  const { hands: _hands, ...rest } = order;
  setHead(draft, { chunk: { ...head.chunk, order: { ...rest, hands: [] }, hand } });
  for (const each of order.hands) if (each.number > done) applyHand(draft, each);
  if (order.end !== undefined && !isRunEnded(draft.head.state) && draft.head.cause === null) {
    setHead(draft, { cause: order.end.cause });
    endOpenTasks(draft, order.end.reason, order.end.cause);
  }
  draft.touched.add(GROUP);
}

/** What an operator did to some of the instances. */
function applyHand(draft: Draft, { to, indexes, cause }: ChunkHand): void {
  const expansion = expansionOf(draft, GROUP);
  if (expansion === undefined) return;
  for (const slot of rowsOfHand(draft, expansion, indexes)) {
    reopen(draft);
    if (to === "now") {
      if (stateOf(draft, slot) === "up_for_retry" && !isOutOfHours(draft, slot)) startNext(draft, slot);
    } else if (to === "none") clearInstance(draft, slot, cause);
    else markInstance(draft, slot, to, cause);
  }
}

function reopen(draft: Draft): void {
  if (isRunEnded(draft.head.state)) {
    const { epoch } = draft.head;
    setHead(draft, { state: "running", endedAt: null, degraded: false, cause: null, epoch: epoch + 1 });
  }
  if (TASK_STATE[stateOf(draft, GROUP)].terminal) move(draft, GROUP, "deferred", { since: draft.now });
  draft.transitions = 0;
}

/** Failures that are told to the parent. */
const FAILURES_TOLD_MAX = 3;

/** Tells the parent, if there is something that it has not been told and that could change what it decides. */
export function reportChunk(draft: Draft): void {
  const { head } = draft;
  const expansion = expansionOf(draft, GROUP);
  if (head.origin.kind !== "chunk" || head.chunk === undefined || expansion === undefined) return;
  const counts = countsOf(draft, expansion);
  const heard = head.chunk.order.number;
  const ended = isRunEnded(head.state);
  const told = gist(draft, counts, heard, ended);
  if (told === (head.chunk.told ?? NOTHING_TO_TELL)) return;
  setHead(draft, { chunk: { ...head.chunk, told } });
  recordEffect(draft, { kind: "chunk_report", heard, ended, ...counts });
}

function countsOf(draft: Draft, expansion: Expansion): ChunkCounts {
  const { success, skipped, failed, atWork, waiting } = countInstances(draft, expansion);
  const failures: string[] = [];
  let attempt = 0;
  let retried = false;
  let cut = false;
  let barred = false;
  for (let slot = expansion.base; slot < expansion.base + expansion.rows; slot++) {
    const state = stateOf(draft, slot);
    const cause = draft.details[slot]?.cause;
    attempt = Math.max(attempt, draft.attempts[slot] ?? 0);
    retried ||= state === "up_for_retry";
    cut ||= isCut(draft, slot);
    barred ||= state === "upstream_failed";
    if (state === "failed" && failures.length < FAILURES_TOLD_MAX) {
      failures.push(`[${mapIndexAt(draft, slot)}] ${causeText(cause)}`);
    }
  }
  return { success, skipped, failed, open: atWork + waiting, attempt, retried, cut, barred, failures };
}

/** A chunk that does not use what it is allowed gives it back in parts of this. */
const RETURNED_SHARE = 1 / 8;

/** The gist of a chunk of which nothing has ended yet. */
const NOTHING_TO_TELL = [0, 0, 0, 0, 0, 0, ""].join();

/** What the parent could decide otherwise for; how far the rest has come is nobody's hurry. */
function gist(draft: Draft, counts: ChunkCounts, heard: number, ended: boolean): string {
  const { success, skipped, failed, open, retried, barred } = counts;
  const map = draft.plan.tasks[GROUP]?.spec.map;
  const allowance = draft.head.chunk?.order.allowance ?? null;
  const part = Math.max(1, Math.ceil((map?.concurrency ?? 0) * RETURNED_SHARE));
  const unused = allowance === null || open >= allowance ? "" : Math.ceil(open / part);
  const failures = (map?.tolerance ?? null) === null && !ended ? Number(failed > 0) : failed;
  const ends = ended ? [success, skipped, draft.head.epoch, heard] : [Number(success > 0), Number(skipped > 0)];
  return [...ends, failures, Number(retried), Number(barred), draft.head.chunk?.hand ?? 0, unused].join();
}
