/** A mapped task: it becomes its instances once its rule holds, waits for them as `deferred`, and ends as they did. */
import type { MapSpec } from "../manifest.ts";
import type { Cause, Expansion } from "../run.ts";
import { TASK_STATE } from "../states.ts";
import { endFailed } from "./attempts.ts";
import { fireHook } from "./dispatch.ts";
import {
  causeText,
  expansionOf,
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

/** The rule of a mapped task holds: an instance for each item of the list, or its end, if there is none to make. */
export function expand(draft: Draft, slot: number, map: MapSpec): void {
  const list = listOf(draft, slot, map);
  if (typeof list === "number") {
    addInstances(draft, slot, list);
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

/** New rows at the end of the table, above every attempt that the task ever used. */
function addInstances(draft: Draft, slot: number, length: number): void {
  const attemptBase = draft.attempts[slot] ?? 0;
  const number = draft.head.expanded + 1;
  const expansion: Expansion = { slot, number, length, first: 0, base: draft.states.length, attemptBase };
  const states = new Uint8Array(expansion.base + length);
  const attempts = new Uint16Array(expansion.base + length);
  states.set(draft.states);
  attempts.set(draft.attempts);
  attempts.fill(attemptBase, expansion.base);
  draft.states = states;
  draft.attempts = attempts;
  for (let row = 0; row < length; row++) draft.details.push(undefined);
  draft.expansions = [...draft.expansions, expansion];
  setHead(draft, { expanded: number });
}

/** A mapped task that waits for its instances: starts those for which there is room, and ends once all of them have. */
export function lookAtInstances(draft: Draft, slot: number): void {
  const expansion = expansionOf(draft, slot);
  const { map } = taskAt(draft, slot).spec;
  if (expansion === undefined || map === null) return;
  const counts = countInstances(draft, expansion);
  if (counts.atWork + counts.waiting === 0) return endWithInstances(draft, expansion, counts);
  if (isEnding(draft)) return;
  if (map.tolerance === null || isTolerated(counts.failed, expansion.length, map.tolerance)) {
    return startInstances(draft, expansion, counts);
  }
  stopInstances(draft, expansion);
  if (counts.atWork === 0) endWithInstances(draft, expansion, countInstances(draft, expansion));
}

/** Too many have failed: what is not at work does not start any more, and what failed is not tried again. */
function stopInstances(draft: Draft, { base, length }: Expansion): void {
  const cause: Cause = { code: "tolerance", text: "more instances failed than the map tolerates" };
  for (let slot = base; slot < base + length; slot++) {
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
  if (counts.success + counts.failed === 0) {
    const text = length === 1 ? "its only instance was skipped" : `all ${length} instances were skipped`;
    return move(draft, slot, "skipped", { since: draft.now, cause: { code: "instances", text } });
  }
  move(draft, slot, "success", undefined);
  fireHook(draft, slot, "onSuccess");
}

/** What ended the run before all instances had ended by themselves. */
function cutBy(draft: Draft, { base, length }: Expansion): Cause | undefined {
  for (let slot = base; slot < base + length; slot++) {
    const cause = draft.details[slot]?.cause;
    if (cause !== undefined && ENDED_BY.has(cause.code)) return cause;
  }
  return undefined;
}

const ENDED_BY: ReadonlySet<Cause["code"]> = new Set(["cancelled", "run_timeout", "deadlock", "transition_budget"]);

/** Failed instances named in the cause of their task. */
const INSTANCES_NAMED_MAX = 3;

function failureText(draft: Draft, { base, length }: Expansion, { failed }: InstanceCounts): string {
  const named: string[] = [];
  for (let slot = base; slot < base + length && named.length < INSTANCES_NAMED_MAX; slot++) {
    if (stateOf(draft, slot) !== "failed") continue;
    named.push(`[${mapIndexAt(draft, slot)}] ${causeText(draft.details[slot]?.cause)}`);
  }
  const more = failed > named.length ? `, and ${failed - named.length} more` : "";
  return `${failed} of ${length} instances failed: ${named.join("; ")}${more}`;
}
