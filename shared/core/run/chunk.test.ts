import { describe, expect, test } from "vitest";
import { NOON, aMapSpec, aRetrySpec, aScene, aTaskSpec } from "../../../test/builders/index.ts";
import type { Outcome } from "../attempt.ts";
import type { RunCommand, RunEvent } from "../events.ts";
import { poolId, taskId } from "../ids.ts";
import type { Manifest, MapSpec, TaskSpec } from "../manifest.ts";
import { chunkManifest } from "../plan.ts";
import type { Cause, ChunkHand, ChunkOrder, Run, RunEffect } from "../run.ts";
import { plus } from "../time.ts";
import { advance } from "./advance.ts";
import { newChunk } from "./chunk.ts";

type Order = Extract<RunEffect, { kind: "chunk_order" }>;
type Report = Extract<RunEffect, { kind: "chunk_report" }>;

interface Chunk {
  run: Run;
  readonly manifest: Manifest;
  commands: readonly RunCommand[];
}

const LENGTH = 7;
const ORDER: ChunkOrder = { number: 1, allowance: null, stop: false, held: false, hands: [] };
const CAUSE: Cause = { code: "cleared", text: "cleared by ann" };

/** A map over seven items, four in each chunk. */
function aParent(map: Partial<MapSpec> = {}, overrides: Partial<TaskSpec> = {}) {
  const load = aTaskSpec("load", { after: ["list"], map: aMapSpec("list", { chunkWidth: 4, ...map }), ...overrides });
  return aScene([aTaskSpec("list"), load]).giveList("list", LENGTH);
}
const orderOf = (index: number, expansion = 1): Order => ({
  kind: "chunk_order",
  taskId: taskId("load"),
  expansion,
  index,
  order: ORDER,
  number: 1,
  epoch: 0,
  since: NOON,
  sends: 1,
  due: NOON,
});
/** A chunk of it that has heard its first order. */
function aChunk(index = 0, given: Partial<ChunkOrder> = {}, ...parts: Parameters<typeof aParent>): Chunk {
  const parent = aParent(...parts);
  const run = newChunk(parent.run, parent.manifest, orderOf(index), NOON);
  if (run === undefined) throw new Error("there is no such chunk");
  return tell({ run, manifest: chunkManifest(parent.manifest, taskId("load")), commands: [] }, ordered(given));
}
function tell(chunk: Chunk, ...events: readonly RunEvent[]): Chunk {
  Object.assign(chunk, advance(chunk.run, chunk.manifest, events, NOON));
  return chunk;
}
const ordered = (given: Partial<ChunkOrder> = {}): RunEvent => ({
  type: "chunk_ordered",
  order: { ...ORDER, ...given },
});
const hand = (to: ChunkHand["to"], indexes: ChunkHand["indexes"], number = 2): ChunkHand => ({
  to,
  indexes,
  number,
  cause: CAUSE,
});
const sent = ({ commands }: Chunk): readonly string[] =>
  commands.flatMap((command) =>
    command.type === "dispatch" ? [`${command.key.mapIndex}#${command.key.attempt}`] : [],
  );
const reports = ({ commands }: Chunk): readonly Report[] =>
  commands.flatMap((command) =>
    command.type === "tell" && command.effect.kind === "chunk_report" ? [command.effect] : [],
  );
const ends = ({ run, manifest }: Chunk, mapIndex: number, outcome: Outcome): RunEvent => {
  const [rows] = run.tasks.expansions;
  const attempt = run.tasks.attempts[(rows?.base ?? 0) + mapIndex - (rows?.first ?? 0)] ?? 0;
  const key = { runId: run.runId, taskId: (manifest.tasks[0] as TaskSpec).taskId, mapIndex, attempt };
  return { type: "completed", key, epoch: run.epoch, outcome };
};
const success: Outcome = { kind: "success", output: { kind: "none" } };
const skip: Outcome = { kind: "skipped", reason: "nothing to do" };
const failure: Outcome = { kind: "failed", error: { name: "Error", message: "no", class: "permanent" } };
const passing: Outcome = { kind: "failed", error: { name: "Error", message: "not now", class: "transient" } };
const all = (chunk: Chunk, outcome: Outcome, indexes: readonly number[] = [0, 1, 2, 3]): Chunk =>
  tell(chunk, ...indexes.map((index) => ends(chunk, index, outcome)));

describe("a chunk", () => {
  test("belongs to its parent, and holds its part of the instances", () => {
    const parent = aParent();
    const chunk = newChunk(parent.run, parent.manifest, orderOf(1), NOON);

    expect(chunk).toMatchObject({
      runId: `${parent.run.runId}.map-1-1`,
      version: parent.run.version,
      origin: { kind: "chunk", parent: parent.run.runId, taskId: "load", number: 1, index: 1 },
      runType: "event",
      state: "running",
      startedAt: NOON,
      tasks: { expansions: [{ slot: 0, length: 3, first: 4, base: 1, rows: 3, attemptBase: 0, list: 1 }] },
    });
  });

  test("is needed when its parent is, as pools see it", () => {
    const pools = [{ pool: poolId("db"), slots: 1 }];
    const load = aTaskSpec("load", { after: ["list"], map: aMapSpec("list", { chunkWidth: 4 }), pools });
    const deadlines = [{ name: "soon", from: "due", withinMs: 7 }] as const;
    const specs = [{ pool: poolId("db"), slots: 1 }];
    const parent = aScene([aTaskSpec("list"), load], { deadlines, pools: specs }).giveList("list", LENGTH);

    expect(newChunk(parent.run, parent.manifest, orderOf(0), NOON)?.neededBy).toBe(plus(NOON, 7));
  });

  test("of an earlier expansion does not come into being any more", () => {
    const parent = aParent();

    expect(newChunk(parent.run, parent.manifest, orderOf(0, 2), NOON)).toBeUndefined();
  });

  test("of a map whose instances its run holds itself does not come into being", () => {
    const parent = aParent({ chunkWidth: 10 });

    expect(newChunk(parent.run, parent.manifest, orderOf(0), NOON)).toBeUndefined();
  });

  test("starts all of its instances, each under its number in the whole map", () => {
    expect(sent(aChunk(1))).toEqual(["4#1", "5#1", "6#1"]);
  });

  test("starts as many as it is allowed, and the next ones as those end", () => {
    const chunk = aChunk(0, { allowance: 2 });
    expect(sent(chunk)).toEqual(["0#1", "1#1"]);

    expect(sent(all(chunk, success, [1]))).toEqual(["2#1"]);
  });

  test("starts more once it is allowed more", () => {
    expect(sent(tell(aChunk(0, { allowance: 1 }), ordered({ number: 2, allowance: 3 })))).toEqual(["1#1", "2#1"]);
  });

  test("starts nothing while it is held, and goes on then", () => {
    const chunk = aChunk(0, { held: true });
    expect(sent(chunk)).toEqual([]);

    expect(sent(tell(chunk, ordered({ number: 2 })))).toEqual(["0#1", "1#1", "2#1", "3#1"]);
  });

  test("does not hear an order that a newer one has overtaken", () => {
    const chunk = tell(aChunk(0, { allowance: 1 }), ordered({ number: 3, allowance: 2 }));
    const before = chunk.run;

    tell(chunk, ordered({ number: 2, allowance: 4 }), ordered({ number: 3, allowance: 4 }));

    expect(chunk.run).toEqual(before);
  });

  test("that is told to stop starts no more, and what waited is skipped", () => {
    const chunk = all(
      tell(aChunk(0, { allowance: 1 }), ordered({ number: 2, allowance: 1, stop: true })),
      failure,
      [0],
    );

    expect(sent(chunk)).toEqual([]);
    expect(reports(chunk)).toMatchObject([{ ended: true, failed: 1, skipped: 3, heard: 2 }]);
  });

  test("that is ended closes what is at work, and says why", () => {
    const cause: Cause = { code: "cancelled", text: "cancelled by ann" };
    const chunk = tell(aChunk(0, { allowance: 1 }), ordered({ number: 2, end: { reason: "cancelled", cause } }));

    expect(chunk.commands.filter(({ type }) => type === "close")).toHaveLength(1);
    expect(chunk.run.cause).toEqual(cause);
    expect(chunk.run.tasks.details[4]?.cause).toEqual(cause);
  });
});

describe("what a chunk tells", () => {
  test("is, once it has ended, also which order it has heard since, and what it came to", () => {
    const chunk = all(aChunk(), success);

    expect(reports(tell(chunk, ordered({ number: 2 })))).toMatchObject([{ ended: true, heard: 2, success: 4 }]);
  });

  test("is nothing of an order to use what it is using", () => {
    const chunk = aChunk(0, { allowance: 4 }, { concurrency: 4 });

    expect(reports(tell(chunk, ordered({ number: 2, allowance: 4 })))).toEqual([]);
  });

  test("is not each end of an instance while it has more to do than it may", () => {
    const chunk = all(aChunk(0, { allowance: 1 }, { concurrency: 16 }), success, [0]);

    expect([reports(chunk).length, reports(all(chunk, success, [1]))]).toEqual([1, []]);
  });

  test("is how it was ended first, whatever it is told later", () => {
    const end = (text: string) => ({ reason: "cancelled", cause: { code: "cancelled", text } }) as const;
    const chunk = tell(aChunk(), ordered({ number: 2, end: end("by ann") }));

    expect(tell(chunk, ordered({ number: 3, end: end("by bob") })).run.cause?.text).toBe("by ann");
  });

  test("is nothing as long as nothing has ended", () => {
    expect(reports(aChunk())).toEqual([]);
  });

  test("is that something has succeeded, and no more until something else could matter", () => {
    const chunk = all(aChunk(), success, [0]);
    expect(reports(chunk)).toMatchObject([{ heard: 1, ended: false, success: 1, open: 3, attempt: 1 }]);

    expect(reports(all(chunk, success, [1]))).toEqual([]);
  });

  test("is that something was skipped, even after something has succeeded", () => {
    expect(reports(all(all(aChunk(), success, [0]), skip, [1]))).toMatchObject([{ success: 1, skipped: 1, open: 2 }]);
  });

  test("is the first failure, with why; without a tolerance further ones change nothing", () => {
    const chunk = all(aChunk(), failure, [2]);
    expect(reports(chunk)).toMatchObject([{ failed: 1, failures: ["[2] Error: no"] }]);

    expect(reports(all(chunk, failure, [3]))).toEqual([]);
  });

  test("is each failure, where so many are tolerated", () => {
    const chunk = all(aChunk(0, {}, { tolerance: { count: 3 } }), failure, [0]);

    expect(reports(all(chunk, failure, [1]))).toMatchObject([{ failed: 2 }]);
  });

  test("is that an instance will be tried again", () => {
    const chunk = aChunk(0, {}, {}, { retry: aRetrySpec({ retries: 1 }) });

    expect(reports(all(chunk, passing, [1]))).toMatchObject([{ retried: true, open: 4, failed: 0 }]);
  });

  test("is its end, with all that came of it; three failures are named", () => {
    const chunk = all(aChunk(), failure);

    expect(reports(chunk)).toMatchObject([
      {
        ended: true,
        heard: 1,
        failed: 4,
        open: 0,
        cut: false,
        barred: false,
        failures: ["[0] Error: no", "[1] Error: no", "[2] Error: no"],
      },
    ]);
  });

  test("is that the run's end cut it short", () => {
    const cause: Cause = { code: "cancelled", text: "cancelled by ann" };

    const chunk = tell(aChunk(0, { held: true }), ordered({ number: 2, end: { reason: "cancelled", cause } }));

    expect(reports(chunk)).toMatchObject([{ ended: true, cut: true, skipped: 4 }]);
  });

  test("is that it uses less than it may, each time that an eighth of the limit has come free", () => {
    const chunk = aChunk(0, { allowance: 4 }, { concurrency: 16 });

    const told = [0, 1, 2].map((index) => reports(all(chunk, success, [index])).map(({ open }) => open));

    // The first success is told anyway; of what is left, two at a time.
    expect(told).toEqual([[3], [2], []]);
  });
});

describe("what an operator does to instances of a chunk", () => {
  test("is done of each order that it hears, also if it has done some before", () => {
    const chunk = tell(all(aChunk(), failure), ordered({ number: 2, hands: [hand("none", [1])] }));

    tell(chunk, ordered({ number: 3, hands: [hand("none", [1]), hand("none", [2], 3)] }));

    expect([chunk.run.chunk?.hand, sent(chunk)]).toEqual([3, ["2#2"]]);
    expect(chunk.run.chunk?.order.hands).toEqual([]);
  });

  test("closes as cleared what is at work, and waits for it again since then", () => {
    const chunk = tell(aChunk(), ordered({ number: 2, hands: [hand("none", [1])] }));

    expect(chunk.commands.slice(0, 1)).toMatchObject([{ type: "close", key: { mapIndex: 1 }, reason: "cleared" }]);
    expect(
      tell(all(aChunk(), failure), ordered({ number: 2, hands: [hand("none", [1])] })).run.tasks.details[0],
    ).toEqual({
      since: NOON,
    });
  });

  test("is done once, however often it is told", () => {
    const chunk = tell(all(aChunk(), failure), ordered({ number: 2, hands: [hand("none", [1])] }));
    expect(sent(chunk)).toEqual(["1#2"]);

    all(chunk, success, [1]);

    expect(sent(tell(chunk, ordered({ number: 3, hands: [hand("none", [1])] })))).toEqual([]);
  });

  test("reopens a chunk that had ended, as another epoch", () => {
    const chunk = all(aChunk(), failure);
    const { epoch } = chunk.run;

    tell(chunk, ordered({ number: 2, hands: [hand("none", "failed")] }));

    expect(chunk.run).toMatchObject({
      state: "running",
      epoch: epoch + 1,
      endedAt: null,
      degraded: false,
      cause: null,
    });
    expect(sent(chunk)).toEqual(["0#2", "1#2", "2#2", "3#2"]);
  });

  test("leaves the epoch of a chunk that goes on", () => {
    const chunk = all(aChunk(), failure, [0]);
    const { epoch } = chunk.run;

    expect(tell(chunk, ordered({ number: 2, hands: [hand("none", [0])] })).run.epoch).toBe(epoch);
  });

  test("marks instances, and ends the chunk if they were all that was open", () => {
    const chunk = all(all(aChunk(), success, [0, 1, 2]), failure, [3]);

    tell(chunk, ordered({ number: 2, hands: [hand("success", [3])] }));

    expect(reports(chunk)).toMatchObject([{ ended: true, success: 4, failed: 0, heard: 2 }]);
  });

  test("tries again at once what waits for another try, and nothing else", () => {
    const chunk = all(aChunk(0, {}, {}, { retry: aRetrySpec({ retries: 1 }) }), passing, [1]);

    tell(chunk, ordered({ number: 2, hands: [hand("now", "all")] }));

    expect(sent(chunk)).toEqual(["1#2"]);
  });

  test("counts the transitions anew", () => {
    const chunk = all(aChunk(), failure);
    const before = chunk.run.transitions;

    tell(chunk, ordered({ number: 2, hands: [hand("none", [1])] }));

    expect(chunk.run.transitions).toBeLessThan(before);
  });
});

test("an order says nothing to a run that is no chunk", () => {
  const parent = aParent();
  const { run } = parent;

  expect(parent.tell(ordered({ number: 9, stop: true })).run).toBe(run);
});
