/** What is decided in the life of a run, of a chunk and of the parent of a wide map, one event at a time. */
import type { Outcome } from "../../shared/core/attempt.ts";
import type { RunEvent } from "../../shared/core/events.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Run } from "../../shared/core/run.ts";
import { decodeRun, encodeRun } from "../../shared/core/run/codec/run-codec.ts";
import { advance, type RunDecision } from "../../shared/core/run/advance.ts";
import { plus } from "../../shared/core/time.ts";
import { lineOf, rounded, type BenchLine } from "../line.ts";
import { completed, layers, mapped, NOW, queuedRun, reportOf, sentBy, startedChunk, toldBy, wideRun } from "./runs.ts";

const WIDTH = 10_000;

/** How long each decision took, and the record in the middle of it all. */
interface Samples {
  readonly ms: number[];
  middle: Run | undefined;
}

export interface Life {
  readonly workload: string;
  readonly n: number;
  readonly live: (samples: Samples) => void;
}

function timed(samples: Samples, run: Run, manifest: Manifest, event: RunEvent, now = NOW): RunDecision {
  const started = performance.now();
  const decision = advance(run, manifest, [event], now);
  samples.ms.push(performance.now() - started);
  return decision;
}

export const LIVES = {
  run: () => ofRun(),
  chunk: () => ofChunk(),
  failingChunk: () => ofFailingChunk(),
  parent: () => ofParent("decision_parent_10000", {}),
  /** Bounded, it gives its chunks what the others no longer use. */
  boundedParent: () => ofParent("decision_parent_10000_bounded", { concurrency: 200 }),
} as const satisfies Record<string, () => Life>;

/** Every decision of a run of 100 tasks, from its admission to its end. */
function ofRun(): Life {
  const manifest = layers();
  const live = (samples: Samples): void => {
    let decision = timed(samples, queuedRun(manifest), manifest, { type: "admitted", epoch: 0 });
    const open = [...sentBy(decision.commands)];
    for (let key = open.shift(); key !== undefined; key = open.shift()) {
      decision = timed(samples, decision.run, manifest, completed(key, decision.run));
      open.push(...sentBy(decision.commands));
      if (key.taskId === "t50") samples.middle = decision.run;
    }
    if (decision.run.state !== "success") throw new Error(`the run is ${decision.run.state}`);
  };
  return { workload: "decision_run_of_100", n: 100, live };
}

/** A chunk of 512 that may start everything, and how it does. */
function aChunk(): { readonly manifest: Manifest; readonly start: () => RunDecision } {
  const manifest = mapped();
  const { before, list } = wideRun(manifest, WIDTH);
  const parent = advance(before, manifest, [list], NOW);
  const [order] = toldBy(parent.commands, "chunk_order");
  if (order === undefined) throw new Error("there are no chunks");
  return { manifest, start: () => startedChunk(parent.run, manifest, order) };
}

/** Every completion of a chunk of 512, one by one. */
function ofChunk(): Life {
  const { manifest, start } = aChunk();
  const live = (samples: Samples): void => {
    let { run, commands } = start();
    for (const [index, key] of sentBy(commands).entries()) {
      ({ run, commands } = timed(samples, run, manifest, completed(key, run)));
      if (index === 256) samples.middle = run;
    }
    if (run.state !== "success") throw new Error(`the chunk is ${run.state}`);
  };
  return { workload: "decision_chunk_of_512", n: 512, live };
}

const DOWN: Outcome = {
  kind: "failed",
  error: { name: "WarehouseDown", message: "the warehouse did not answer", class: "transient" },
};
const HOUR_MS = 3_600_000;

/** Every instance of a chunk fails, each at a moment of its own, and is tried again when its time has come. */
function ofFailingChunk(): Life {
  const { manifest, start } = aChunk();
  const live = (samples: Samples): void => {
    let { run, commands } = start();
    let now = NOW;
    for (const key of sentBy(commands)) {
      now = plus(now, 37);
      ({ run, commands } = timed(samples, run, manifest, completed(key, run, DOWN), now));
    }
    samples.middle = run;
    ({ run, commands } = timed(samples, run, manifest, { type: "wake" }, plus(now, HOUR_MS)));
    if (sentBy(commands).length !== 512) throw new Error("not all are tried again");
  };
  return { workload: "decision_chunk_of_512_failing", n: 512, live };
}

/** The parent of 10,000 instances: its list comes, its chunks tell how they stand, and all that they are told is heard. */
function ofParent(workload: string, options: { readonly concurrency?: number }): Life {
  const manifest = mapped(options);
  const { before, list } = wideRun(manifest, WIDTH);
  const events = eventsOfParent(manifest, before, list);
  const live = (samples: Samples): void => {
    let run = before;
    for (const [index, event] of events.entries()) {
      run = timed(samples, run, manifest, event).run;
      if (index === events.length >> 1) samples.middle = run;
    }
    if (run.tasks.expansions[0]?.chunks?.length !== 20) throw new Error("the chunks are gone");
  };
  return { workload, n: WIDTH, live };
}

/** What a parent hears in its life, in an order in which it could: found by running it once with all of its chunks. */
function eventsOfParent(manifest: Manifest, before: Run, list: RunEvent): readonly RunEvent[] {
  const events: RunEvent[] = [];
  const chunks = new Map<number, RunDecision>();
  const open: { readonly index: number; readonly key: ReturnType<typeof sentBy>[number] }[] = [];
  const inbox: RunEvent[] = [list];
  let parent = before;
  const follow = (index: number, decision: RunDecision): void => {
    chunks.set(index, decision);
    open.push(...sentBy(decision.commands).map((key) => ({ index, key })));
    inbox.push(...toldBy(decision.commands, "chunk_report").map((effect) => reportOf(effect, decision.run)));
  };
  const hear = (event: RunEvent): void => {
    events.push(event);
    const decision = advance(parent, manifest, [event], NOW);
    parent = decision.run;
    for (const order of toldBy(decision.commands, "chunk_order")) {
      const known = chunks.get(order.index)?.run;
      const heard: RunEvent = { type: "chunk_ordered", order: order.order };
      follow(
        order.index,
        known === undefined ? startedChunk(parent, manifest, order) : advance(known, manifest, [heard], NOW),
      );
      inbox.push({ type: "effect_acknowledged", number: order.number });
    }
  };
  while (inbox.length > 0 || open.length > 0) {
    for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) hear(event);
    const next = open.shift();
    const chunk = next === undefined ? undefined : chunks.get(next.index);
    if (next === undefined || chunk === undefined) continue;
    follow(next.index, advance(chunk.run, manifest, [completed(next.key, chunk.run)], NOW));
  }
  return events;
}

export function measured(
  { workload, n, live }: Life,
  { warmUp, counted }: { readonly warmUp: number; readonly counted: number },
): BenchLine {
  const samples: Samples = { ms: [], middle: undefined };
  for (let time = 0; time < warmUp; time++) live(samples);
  samples.ms.length = 0;
  for (let time = 0; time < counted; time++) live(samples);
  const { ms, middle } = samples;
  if (middle === undefined) throw new Error("nothing was decided");
  const totalMs = ms.reduce((sum, each) => sum + each, 0);
  const notes = {
    meanMs: rounded(totalMs / ms.length),
    maxMs: rounded(ms.reduce((most, each) => Math.max(most, each), 0)),
    ...codecOf(middle, 5 * counted),
  };
  return lineOf({ workload, n, durability: "none", samplesMs: ms, totalMs, tasks: ms.length, notes });
}

function codecOf(
  run: Run,
  times: number,
): { readonly bytes: number; readonly encodeMs: number; readonly decodeMs: number } {
  let stored = encodeRun(run);
  const each = (work: () => void): number => {
    for (let time = 0; time < times; time++) work();
    const started = performance.now();
    for (let time = 0; time < times; time++) work();
    return rounded((performance.now() - started) / times);
  };
  const encodeMs = each(() => void (stored = encodeRun(run)));
  const decodeMs = each(() => void decodeRun(stored));
  return { bytes: Buffer.byteLength(stored.head) + stored.tasks.length, encodeMs, decodeMs };
}
