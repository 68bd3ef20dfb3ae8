import { describe, expect, test } from "vitest";
import {
  aManifest,
  aMapSpec,
  aRetrySpec,
  aRun,
  aSuccess,
  aTaskSpec,
  HOUR_MS,
  NOON,
} from "../../../test/builders/index.ts";
import type { Outcome } from "../attempt.ts";
import type { RunEvent } from "../events.ts";
import { runId, UNMAPPED, type AttemptKey } from "../ids.ts";
import { MAP_CHUNK_WIDTH } from "../manifest.ts";
import type { Run } from "../run.ts";
import { decodeRun, encodeRun } from "./codec/run-codec.ts";
import { plus, type Instant } from "../time.ts";
import { advance } from "./advance.ts";
import { newChunk } from "./chunk.ts";
import { newRun } from "./new-run.ts";

const WIDTH = 10_000;
const KIB = 1024;
/** What DynamoDB adds: keys, version, commit id, state, when it is due. */
const BESIDE_BYTES = 250;
/** As an author gets it: half a minute, doubled each time, an hour at the most. */
const retry = aRetrySpec({ retries: 20, jitter: "full" });
const load = aTaskSpec("load", {
  upstream: [{ taskId: "list" as AttemptKey["taskId"], input: null, optional: false }],
  retry,
  map: aMapSpec("list", { limit: WIDTH, chunkWidth: MAP_CHUNK_WIDTH }),
});
const manifest = aManifest({ tasks: [aTaskSpec("list"), load, aTaskSpec("sum", { after: ["load"] })] });

const bytesOf = (run: Run): number => {
  const { head, tasks } = encodeRun(run);
  return Buffer.byteLength(head) + tasks.length;
};
const total = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + bytesOf(run), 0);

/** A map of 10,000 that has just started: its run, and its chunks with everything sent. */
function aWideMap(): { readonly parent: Run; readonly chunks: readonly Run[] } {
  const { version, origin } = aRun();
  const given = { version, origin, runType: "manual", dataInterval: null, params: {}, files: [] } as const;
  const id = runId("orders.scheduled.20260302T040000Z");
  const queued = newRun({ ...given, runId: id, manifest, now: NOON });
  const key = { runId: id, taskId: "list" as AttemptKey["taskId"], mapIndex: UNMAPPED, attempt: 1 };
  const outcome: Outcome = { kind: "success", output: { kind: "none" }, mapped: { length: WIDTH } };
  const admitted = advance(queued, manifest, [{ type: "admitted", epoch: 0 }], NOON).run;
  const expanded = advance(admitted, manifest, [{ type: "completed", key, epoch: 0, outcome }], NOON);
  const orders = expanded.commands.flatMap((command) =>
    command.type === "tell" && command.effect.kind === "chunk_order" ? [command.effect] : [],
  );
  const chunks = orders.flatMap((order) => {
    const chunk = newChunk(expanded.run, manifest, order, NOON);
    return chunk === undefined
      ? []
      : [advance(chunk, manifest, [{ type: "chunk_ordered", order: order.order }], NOON).run];
  });
  const told = orders.map(({ number }): RunEvent => ({ type: "effect_acknowledged", number }));
  return { parent: advance(expanded.run, manifest, told, NOON).run, chunks };
}

function completed(chunk: Run, row: number, outcome: Outcome): RunEvent {
  const [rows] = chunk.tasks.expansions;
  const attempt = chunk.tasks.attempts[(rows?.base ?? 0) + row] ?? 0;
  const mapIndex = (rows?.first ?? 0) + row;
  return { type: "completed", key: { runId: chunk.runId, taskId: load.taskId, mapIndex, attempt }, epoch: 0, outcome };
}

const DOWN: Outcome = {
  kind: "failed",
  error: { name: "WarehouseDown", message: "the warehouse did not answer", class: "transient" },
};

/** Every instance has failed nine times, each at a moment of its own. */
function failingNineTimes(chunk: Run): Run {
  let run = chunk;
  let now: Instant = NOON;
  for (let attempt = 1; attempt <= 9; attempt++) {
    for (let row = 0; row < MAP_CHUNK_WIDTH && row < (run.tasks.expansions[0]?.rows ?? 0); row++) {
      now = plus(now, 37);
      run = advance(run, manifest, [completed(run, row, DOWN)], now).run;
    }
    now = plus(now, 2 * HOUR_MS);
    if (attempt < 9) run = advance(run, manifest, [{ type: "wake" }], now).run;
  }
  return run;
}

describe("a map of 10,000", () => {
  test("takes no more than 8 KiB, its chunks included, while all goes well", () => {
    const { parent, chunks } = aWideMap();

    expect(chunks.length).toBe(20);
    expect(bytesOf(parent) + total(chunks)).toBeLessThanOrEqual(8 * KIB);
  });

  test("commits a chunk in one write unit, in whatever order its instances end", () => {
    const [first] = aWideMap().chunks as [Run];
    const rows = Array.from({ length: MAP_CHUNK_WIDTH }, (_, row) => (row * 205) % MAP_CHUNK_WIDTH);
    let run = first;
    const sizes = rows.map((row, index) => {
      const { effects } = run;
      const heard = effects.map(({ number }): RunEvent => ({ type: "effect_acknowledged", number }));
      run = advance(run, manifest, [completed(run, row, aSuccess()), ...heard], plus(NOON, index * 50)).run;
      return bytesOf(run) + BESIDE_BYTES;
    });

    // The first one tells that an instance has succeeded, the last one that all have.
    expect(Math.max(...sizes.slice(1, -1))).toBeLessThanOrEqual(KIB);
  });

  test("takes no more than 48 KiB when every instance waits for its tenth attempt, each for a time of its own", () => {
    const { parent, chunks } = aWideMap();
    // They are all alike, but for the last one, which is smaller.
    const waiting = failingNineTimes(chunks[0] as Run);

    expect(new Set(waiting.tasks.details.flatMap((detail) => detail?.due ?? [])).size).toBe(MAP_CHUNK_WIDTH);
    expect(bytesOf(parent) + chunks.length * bytesOf(waiting)).toBeLessThanOrEqual(48 * KIB);
  });

  test("is the same after it has been stored", () => {
    const { parent, chunks } = aWideMap();

    for (const run of [parent, ...chunks.slice(0, 2), ...chunks.slice(0, 1).map(failingNineTimes)]) {
      expect(decodeRun(encodeRun(run))).toEqual(run);
    }
  });
});
