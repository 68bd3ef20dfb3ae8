/** Promises about mapped tasks: which instances there are, what each is given, how the task ends. */
import type { OutputRef } from "../../../shared/core/attempt.ts";
import type { JsonValue } from "../../../shared/core/json.ts";
import type { MapSpec } from "../../../shared/core/manifest.ts";
import { manifestOf } from "../../../shared/core/plan.ts";
import { chunkRunId } from "../../../shared/core/run-id.ts";
import type { Run } from "../../../shared/core/run.ts";
import { TASK_STATE, type TaskState } from "../../../shared/core/states.ts";
import type { Checker, Seen } from "./checker.ts";
import { isPaused } from "./by-hand.ts";
import { graphOf } from "./graph.ts";
import { instanceStates, rowsOf, slotOfKey, stateAt, UNMAPPED } from "./instances.ts";
import { moveText } from "./move.ts";
import { mayBe } from "./rules.ts";
import { chosenOf, statesOf } from "./tasks.ts";

const tolerated = ({ tolerance }: MapSpec, length: number): number => {
  if (tolerance === null) return 0;
  return "count" in tolerance ? tolerance.count : Math.floor(length * tolerance.share);
};

const isEnding = (run: { readonly cancel: unknown; readonly cause: unknown }): boolean =>
  run.cancel !== null || run.cause !== null;

export const mapsEndAsTheirInstances: Checker = {
  promise: "S10",
  says: "a mapped task ends once all of its instances have, and as they did",
  run({ after, manifest }, _moves, _seen, expect) {
    for (const spec of graphOf(manifest).tasks) {
      const states = spec.map === null ? undefined : instanceStates(after, manifest, spec.taskId);
      if (spec.map === null || states === undefined) continue;
      const is = stateAt(after, slotOfKey(after, manifest, { taskId: spec.taskId, mapIndex: UNMAPPED }));
      const open = states.some((each) => !TASK_STATE[each].terminal);
      expect(open === (is === "deferred"), () => `${after.runId}: ${spec.taskId} is ${is} over ${states.join(" ")}`);
      if (open || isEnding(after)) continue;
      const wanted = endOf(spec.map, states);
      expect(is === wanted, () => `${after.runId}: ${spec.taskId} ended ${is} over ${states.join(" ")}`);
    }
  },
};

function endOf(map: MapSpec, states: readonly TaskState[]): TaskState {
  const failed = states.filter((state) => state === "failed").length;
  if (failed > tolerated(map, states.length)) return "failed";
  // Cleared, they could not run any more.
  if (states.includes("upstream_failed")) return "upstream_failed";
  return states.every((state) => state === "skipped") ? "skipped" : "success";
}

export const instancesStopForFailures: Checker = {
  promise: "S6",
  says: "an instance is passed over only once more have failed than its map tolerates",
  run({ after, manifest }, moves, { database, ledger }, expect) {
    // What had failed when its chunk was told to stop may have been cleared since.
    if (after.origin.kind === "chunk" && ledger.overturned.has(after.origin.parent)) return;
    for (const move of moves) {
      if (move.mapIndex === UNMAPPED || move.detail?.cause?.code !== "tolerance") continue;
      const map = graphOf(manifest).task(move.taskId)?.map;
      const states = siblingsOf(after, database).flatMap((run) => instanceStates(run, manifest, move.taskId) ?? []);
      const failed = states.filter((state) => state === "failed").length;
      const most = map === null || map === undefined ? 0 : tolerated(map, states.length);
      expect(failed > most, () => `${moveText(after.runId, move)}: ${failed} have failed, ${most} may`);
    }
  },
};

export const concurrencyIsKept: Checker = {
  promise: "S9",
  says: "no more instances of a map are at work than its concurrency",
  run({ after, manifest }, moves, { database }, expect) {
    const started = new Set(moves.filter((move) => move.attempt > move.attemptBefore).map(({ taskId }) => taskId));
    for (const taskId of started) {
      const concurrency = graphOf(manifest).task(taskId)?.map?.concurrency ?? null;
      if (concurrency === null || rowsOf(after, manifest, taskId) === undefined) continue;
      const atWork = siblingsOf(after, database)
        .flatMap((run) => instanceStates(run, manifest, taskId) ?? [])
        .filter((state) => TASK_STATE[state].inFlight).length;
      expect(atWork <= concurrency, () => `${after.runId}: ${atWork} instances of ${taskId} are at work`);
    }
  },
};

/** The run itself; of a chunk, all chunks of its map. */
function siblingsOf(run: Run, { runs }: Seen["database"]): readonly Run[] {
  const { origin } = run;
  if (origin.kind !== "chunk") return [run];
  const all = [...runs.rows.values()].map(({ value }) => value);
  return all.filter(
    ({ origin: other }) => other.kind === "chunk" && other.parent === origin.parent && other.number === origin.number,
  );
}

export const chunksAddUp: Checker = {
  promise: "S4",
  says: "what a map believes of its chunks is what they told last, each instance counted once",
  run({ after, manifest }, _moves, { database }, expect) {
    for (const expansion of after.tasks.expansions) {
      const width = manifest.tasks[expansion.slot]?.map?.chunkWidth ?? 0;
      for (const [index, chunk] of (expansion.chunks ?? []).entries()) {
        const { success, skipped, failed, open } = chunk;
        const length = Math.min(width, expansion.length - index * width);
        const sum = success + skipped + failed + open;
        expect(sum === length, () => `${after.runId}: chunk ${index} of ${length} instances is told to have ${sum}`);
        const own = database.runs.rows.get(chunkRunId(after.runId, expansion.number, index))?.value;
        if (!chunk.ended || chunk.heard !== chunk.ordered || own === undefined) continue;
        const states = instanceStates(own, manifestOf(own, manifest), manifest.tasks[expansion.slot]?.taskId ?? "");
        const failures = states?.filter((state) => state === "failed").length;
        expect(failures === failed, () => `${own.runId} has ${failures} failures; its parent believes ${failed}`);
      }
    }
  },
};

export const chunksWaitForOrders: Checker = {
  promise: "S10",
  says: "a chunk that has nothing at work waits for its parent's order",
  run({ after }, _moves, _seen, expect) {
    if (after.origin.kind !== "chunk") return;
    expect(after.cause?.code !== "deadlock", () => `${after.runId} gave up: ${after.cause?.text}`);
  },
};

export const roomIsUsed: Checker = {
  promise: "L6",
  says: "an instance for which its map has room starts in the same commit",
  run({ after, manifest }, _moves, _seen, expect) {
    // Chunks have the room that they are given.
    if (after.state !== "running" || isEnding(after) || after.origin.kind === "chunk") return;
    for (const spec of graphOf(manifest).tasks) {
      const { taskId, map } = spec;
      const states = map === null ? undefined : instanceStates(after, manifest, taskId);
      if (map === null || states === undefined || isPaused(after, taskId)) continue;
      // By the clock of who decides it may be too early.
      if (spec.allowedHours || manifest.allowedHours) continue;
      // It is to be made anew once its attempts are over.
      if (after.tasks.details[slotOfKey(after, manifest, { taskId, mapIndex: UNMAPPED })]?.target !== undefined)
        continue;
      // Cleared, they wait for what is above them, if that runs again.
      if (!mayBe("run", spec, graphOf(manifest), statesOf(after, manifest), chosenOf(after, manifest))) continue;
      const atWork = states.filter((state) => TASK_STATE[state].inFlight || state === "scheduled").length;
      const room = map.concurrency === null || atWork < map.concurrency;
      expect(!room || !states.includes("none"), () => `${after.runId}: ${taskId} has room: ${states.join(" ")}`);
    }
  },
};

export const listsGiveTheInstances: Checker = {
  promise: "S6",
  says: "a map has an instance for each item that is not null, or none",
  run({ after, manifest }, moves, seen, expect) {
    for (const move of moves) {
      const map = graphOf(manifest).task(move.taskId)?.map;
      if (map === null || map === undefined || move.mapIndex !== UNMAPPED || move.from !== "none") continue;
      if (after.origin.kind === "chunk") continue;
      const over = slotOfKey(after, manifest, { taskId: map.over, mapIndex: UNMAPPED });
      const attempt = after.tasks.attempts[over] ?? 0;
      // One that ended otherwise gave nothing, whatever its last attempt came to.
      const gave = stateAt(after, over) === "success";
      const items = !gave ? [] : listOf(seen, { runId: after.runId, taskId: map.over, mapIndex: UNMAPPED, attempt });
      const code = move.detail?.cause?.code;
      if (move.to === "deferred") {
        const length = rowsOf(after, manifest, move.taskId)?.length;
        expect(items?.length === length, () => `${moveText(after.runId, move)} with ${length} of ${items?.length}`);
      } else if (code === "empty_map") {
        expect((items?.length ?? 0) === 0, () => `${moveText(after.runId, move)}: it has ${items?.length} items`);
      } else if (code === "map_input") {
        const wrong = items === undefined || items.length > map.limit || map.keyed;
        expect(wrong, () => `${moveText(after.runId, move)}: ${items?.length} items could be mapped over`);
      }
    }
  },
};

type Key = Parameters<Seen["database"]["attempts"]["get"]>[0];

function valueOf({ database }: Seen, ref: OutputRef): JsonValue | undefined {
  if (ref.kind === "none") return undefined;
  if (ref.kind === "inline") return ref.value;
  const body = database.blobs.get(ref.key);
  return body === undefined ? undefined : (JSON.parse(new TextDecoder().decode(body)) as JsonValue);
}

function outputOf(seen: Seen, key: Key): JsonValue | undefined {
  const item = seen.database.attempts.get(key);
  if (item?.status !== "finished" || item.outcome.kind !== "success") return undefined;
  return valueOf(seen, item.outcome.output);
}

/** The items that an attempt gave, without nulls; undefined: no list. */
function listOf(seen: Seen, key: Key): readonly JsonValue[] | undefined {
  const output = outputOf(seen, key);
  return Array.isArray(output) ? (output as readonly JsonValue[]).filter((item) => item !== null) : undefined;
}

export const instancesGetTheirItems: Checker = {
  promise: "S4",
  says: "the code of an instance gets its own item of the list",
  code({ dispatch, item }, seen, expect) {
    if (dispatch.key.mapIndex === UNMAPPED || dispatch.item === undefined) return;
    const { over, attempt } = dispatch.item;
    const list = listOf(seen, { runId: dispatch.run.runId, taskId: over, mapIndex: UNMAPPED, attempt });
    const wanted = JSON.stringify(list?.[dispatch.key.mapIndex]);
    const got = JSON.stringify(item?.value);
    expect(wanted === got, () => `${dispatch.key.taskId}[${dispatch.key.mapIndex}] got ${got} instead of ${wanted}`);
  },
};

export const resultsComeInOrder: Checker = {
  promise: "S4",
  says: "what comes after a map gets the results of the instances that succeeded, in their order",
  code({ dispatch, outputs = {} }, seen, expect) {
    const manifest = seen.database.manifest(dispatch.run.version);
    const rule = graphOf(manifest).task(dispatch.key.taskId)?.rule ?? "always";
    // What starts with the first of them sees what had succeeded when it was sent.
    if (EARLY.includes(rule)) return;
    for (const { taskId, instances } of dispatch.upstream) {
      if (instances === undefined) continue;
      const wanted: JsonValue[] = [];
      const keys = instances.flatMap(({ runId, first, length }) =>
        Array.from({ length }, (_, index) => ({ runId, taskId, mapIndex: first + index })),
      );
      const stand = keys.map((key) => standOf(seen, key));
      // Somebody's hand was there after the attempt had been sent.
      if (stand.some((state) => state === undefined || !TASK_STATE[state].terminal)) continue;
      for (const [index, key] of keys.entries()) {
        // One that was passed over as its code came to an end gave nothing, whatever its attempt says.
        const result = stand[index] === "success" ? resultOf(seen, key) : undefined;
        if (result !== undefined && result !== null) wanted.push(result);
      }
      const [got, expected] = [JSON.stringify(outputs[taskId]), JSON.stringify(wanted)];
      expect(got === expected, () => `${dispatch.key.taskId} got ${got} of ${taskId}, not ${expected}`);
    }
  },
};

const EARLY: readonly string[] = ["one_success", "one_failed", "one_done", "always"];

/** How an instance stands; undefined: it is not there any more, or somebody marked it. */
function standOf({ database }: Seen, key: Omit<Key, "attempt">): TaskState | undefined {
  const run = database.runs.rows.get(key.runId)?.value;
  if (run === undefined) return undefined;
  const slot = slotOfKey(run, manifestOf(run, database.manifest(run.version)), key);
  return slot < 0 || run.tasks.details[slot]?.cause?.code === "marked" ? undefined : stateAt(run, slot);
}

/** What the last attempt of an instance gave, if it succeeded. */
function resultOf(seen: Seen, instance: Omit<Key, "attempt">): JsonValue | undefined {
  const attempts = seen.database.attempts.ofInstance(instance).map(({ key }) => key.attempt);
  return attempts.length === 0 ? undefined : outputOf(seen, { ...instance, attempt: Math.max(...attempts) });
}
