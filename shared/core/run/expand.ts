/** A mapped task: it becomes its instances once its rule holds, waits for them as `deferred`, and ends as they did. */
import type { MapSpec } from "../manifest.ts";
import type { Cause, ChunkBar, Expansion, Target } from "../run.ts";
import { TASK_STATE } from "../states.ts";
import { endFailed, startAfresh } from "./attempts.ts";
import { isChunked, isHeld, newChunks, orderChunks } from "./chunks.ts";
import { fireHook, upstreamOutputs } from "./dispatch.ts";
import {
  causeText,
  dropInstances,
  expansionOf,
  isCut,
  isEnding,
  mapIndexAt,
  move,
  setHead,
  stateOf,
  taskAt,
  taskIdAt,
  type Draft,
} from "./draft.ts";
import { countInstances, isTolerated, type InstanceCounts } from "./instances.ts";
import { startInstances } from "./start-instances.ts";
import { decideGroup, isBarred, type Decided } from "./verdict.ts";

/** The rule of a mapped task holds: an instance for each item of the list, or its end, if there is none to make. */
export function expand(draft: Draft, slot: number, map: MapSpec): void {
  const list = listOf(draft, slot, map);
  if (typeof list === "number") {
    addInstances(draft, slot, map, list);
    move(draft, slot, "deferred", { since: draft.now });
    return lookAtInstances(draft, slot);
  }
  if (list.code === "empty_map") return move(draft, slot, "skipped", { since: draft.now, cause: list });
  move(draft, slot, "failed", { since: draft.now, cause: list });
  // Nothing of it ran, yet nobody else would tell.
  fireHook(draft, slot, "onFailure");
}

/** How many items there are; else why there are no instances. */
function listOf(draft: Draft, slot: number, map: MapSpec): number | Cause {
  const { over } = taskAt(draft, slot);
  const state = over === null ? "removed" : stateOf(draft, over);
  const name = `'${map.over}'`;
  if (state !== "success") return { code: "empty_map", text: `there is no list to map over: ${name} is ${state}` };
  const { length, unmappable = [] } = draft.details[over ?? -1] ?? {};
  const own = `${taskIdAt(draft, slot)}: `;
  const fault = unmappable.find((text) => text.startsWith(own))?.slice(own.length);
  if (fault !== undefined) return { code: "map_input", text: `cannot be mapped over ${name}: ${fault}` };
  if (length === undefined) return { code: "map_input", text: `cannot be mapped over ${name}: it gave no list` };
  if (length === 0) return { code: "empty_map", text: `empty map: the list of ${name} has no items` };
  if (length <= map.limit) return length;
  const text = `the list of ${name} has ${length} items; the limit of the map is ${map.limit}: raise \`limit\`, or give fewer and larger items`;
  return { code: "map_input", text };
}

/** Above every attempt that the task ever used: rows of this table, or chunks with rows of theirs. */
function addInstances(draft: Draft, slot: number, map: MapSpec, length: number): void {
  const attemptBase = draft.attempts[slot] ?? 0;
  const number = draft.head.expanded + 1;
  const list = draft.attempts[taskAt(draft, slot).over ?? -1] ?? 0;
  const made = { slot, number, length, first: 0, base: draft.states.length, attemptBase, list };
  setHead(draft, { expanded: number });
  if (length <= map.chunkWidth) return addRows(draft, { ...made, rows: length });
  const inputs = upstreamOutputs(draft, slot);
  const chunks = newChunks(draft, slot, length);
  const expansion = { ...made, rows: 0, chunks, ...(inputs.length === 0 ? {} : { inputs }) };
  draft.expansions = [...draft.expansions, expansion];
}

function addRows(draft: Draft, expansion: Expansion): void {
  const { rows: length, attemptBase } = expansion;
  const states = new Uint8Array(expansion.base + length);
  const attempts = new Uint16Array(expansion.base + length);
  states.set(draft.states);
  attempts.set(draft.attempts);
  attempts.fill(attemptBase, expansion.base);
  draft.states = states;
  draft.attempts = attempts;
  for (let row = 0; row < length; row++) draft.details.push(undefined);
  draft.expansions = [...draft.expansions, expansion];
}

/** A mapped task that waits for its instances: starts those for which there is room, and ends once all of them have. */
export function lookAtInstances(draft: Draft, slot: number): void {
  const expansion = expansionOf(draft, slot);
  const { map } = taskAt(draft, slot).spec;
  if (expansion === undefined || map === null) return;
  const target = draft.details[slot]?.target;
  if (isChunked(expansion)) orderChunks(draft, expansion, wantedOf(draft, expansion, map));
  const counts = countInstances(draft, expansionOf(draft, slot) ?? expansion);
  // In a run that is being ended nothing starts afresh.
  if (target !== undefined && !(target.to === "none" && isEnding(draft))) {
    return counts.atWork === 0 ? overturned(draft, expansion, target) : undefined;
  }
  if (counts.atWork + counts.waiting === 0) return endWithInstances(draft, expansion, counts);
  if (isEnding(draft) || isChunked(expansion)) return;
  const decided = decideGroup(draft, slot);
  const bar = draft.head.chunk?.order.bar ?? barOf(decided);
  if (bar !== undefined) barInstances(draft, expansion, bar);
  const left = bar === undefined ? counts : countInstances(draft, expansion);
  if (left.atWork + left.waiting === 0) return endWithInstances(draft, expansion, left);
  const mayBegin = decided.verdict === "run";
  if (!isToStop(draft, expansion, map, left)) return startInstances(draft, expansion, left, mayBegin);
  stopInstances(draft, expansion);
  if (left.atWork === 0) endWithInstances(draft, expansion, countInstances(draft, expansion));
}

/** An upstream that was cleared meanwhile has ended such that what has not begun never will. */
function barInstances(draft: Draft, { base, rows }: Expansion, { to, cause }: ChunkBar): void {
  for (let slot = base; slot < base + rows; slot++) {
    if (stateOf(draft, slot) === "none") move(draft, slot, to, { since: draft.now, cause });
  }
}

const barOf = ({ verdict, cause }: Decided): ChunkBar | undefined =>
  verdict === "wait" || verdict === "run" ? undefined : { to: verdict, cause: cause ?? RULE };
const RULE: Cause = { code: "rule", text: "its rule can no longer hold" };

/** Of the chunks of a map: whether they stop, or hold; what ends them was said where it came to pass. */
function wantedOf(
  draft: Draft,
  expansion: Expansion,
  map: MapSpec,
): { readonly stop: boolean; readonly held: boolean; readonly bar: ChunkBar | undefined } {
  const decided = decideGroup(draft, expansion.slot);
  const stop = isToStop(draft, expansion, map, countInstances(draft, expansion));
  const held = decided.verdict === "wait" || isHeld(draft, expansion.slot);
  // Said once: that more of what is above ends meanwhile is nothing new.
  return { stop, held, bar: expansion.bar?.to === decided.verdict ? expansion.bar : barOf(decided) };
}

/** A chunk does not know how the others do: its parent says when to stop. */
const isToStop = (draft: Draft, { length }: Expansion, map: MapSpec, { failed }: InstanceCounts): boolean =>
  draft.head.origin.kind === "chunk"
    ? draft.head.chunk?.order.stop === true
    : map.tolerance !== null && !isTolerated(failed, length, map.tolerance);

/** All attempts are over: what was cleared is made anew, from the list as it is then; what was marked is so. */
function overturned(draft: Draft, expansion: Expansion, target: Target): void {
  const { slot, base, rows, chunks = [] } = expansion;
  if (target.to === "retry") return;
  if (target.to !== "none") return move(draft, slot, target.to, { since: draft.now, cause: target.cause });
  const used = [...draft.attempts.subarray(base, base + rows), ...chunks.map(({ attempt }) => attempt)];
  draft.attempts[slot] = Math.max(draft.attempts[slot] ?? 0, ...used);
  dropInstances(draft, expansion);
  startAfresh(draft, slot, target.cause);
}

/** Too many have failed: what is not at work does not start any more, and what failed is not tried again. */
function stopInstances(draft: Draft, { base, rows }: Expansion): void {
  const cause: Cause = { code: "tolerance", text: "more instances failed than the map tolerates" };
  for (let slot = base; slot < base + rows; slot++) {
    const state = stateOf(draft, slot);
    if (TASK_STATE[state].terminal || TASK_STATE[state].inFlight) continue;
    const failure = state === "up_for_retry" ? draft.details[slot]?.cause : undefined;
    if (failure === undefined) move(draft, slot, "skipped", { since: draft.now, cause });
    else move(draft, slot, "failed", { since: draft.now, cause: failure });
  }
}

function endWithInstances(draft: Draft, expansion: Expansion, counts: InstanceCounts): void {
  const { slot, length } = expansion;
  const { map } = taskAt(draft, slot).spec;
  const cut = isEnding(draft) ? cutBy(draft, expansion) : undefined;
  if (cut?.code === "cancelled") return move(draft, slot, "skipped", { since: draft.now, cause: cut });
  if (cut !== undefined) return endFailed(draft, slot, cut);
  if (!isTolerated(counts.failed, length, map?.tolerance ?? null)) {
    return endFailed(draft, slot, { code: "instances", text: failureText(draft, expansion, counts) });
  }
  if (isBarred(draft, expansion)) {
    return move(draft, slot, "upstream_failed", { since: draft.now, cause: whyBarred(draft, expansion) });
  }
  if (counts.success + counts.failed === 0) {
    const text = length === 1 ? "its only instance was skipped" : `all ${length} instances were skipped`;
    return move(draft, slot, "skipped", { since: draft.now, cause: { code: "instances", text } });
  }
  move(draft, slot, "success", undefined);
  fireHook(draft, slot, "onSuccess");
}

function whyBarred(draft: Draft, { slot, base, rows, bar }: Expansion): Cause {
  for (let row = base; row < base + rows; row++) {
    const cause = stateOf(draft, row) === "upstream_failed" ? draft.details[row]?.cause : undefined;
    if (cause !== undefined) return cause;
  }
  return bar?.cause ?? decideGroup(draft, slot).cause ?? RULE;
}

/** What ended the run before all instances had ended by themselves. */
function cutBy(draft: Draft, { base, rows, chunks = [], end }: Expansion): Cause | undefined {
  if (chunks.some(({ cut }) => cut)) return end?.cause;
  for (let slot = base; slot < base + rows; slot++) {
    if (isCut(draft, slot)) return draft.details[slot]?.cause;
  }
  return undefined;
}

/** Failed instances named in the cause of their task. */
const INSTANCES_NAMED_MAX = 3;

function failureText(draft: Draft, expansion: Expansion, { failed }: InstanceCounts): string {
  const { base, rows, length, chunks = [] } = expansion;
  const named = chunks.flatMap(({ failures }) => failures).slice(0, INSTANCES_NAMED_MAX);
  for (let slot = base; slot < base + rows && named.length < INSTANCES_NAMED_MAX; slot++) {
    if (stateOf(draft, slot) !== "failed") continue;
    named.push(`[${mapIndexAt(draft, slot)}] ${causeText(draft.details[slot]?.cause)}`);
  }
  const more = failed > named.length ? `, and ${failed - named.length} more` : "";
  return `${failed} of ${length} instances failed: ${named.join("; ")}${more}`;
}
