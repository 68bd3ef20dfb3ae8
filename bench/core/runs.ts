/** Runs of the sizes that are measured, driven through the engine's decision alone: no store, no queue, no clock. */
import { hash } from "node:crypto";
import type { Outcome } from "../../shared/core/attempt.ts";
import type { RunCommand, RunEvent } from "../../shared/core/events.ts";
import { runId, versionHash, type AttemptKey } from "../../shared/core/ids.ts";
import { canonicalJson } from "../../shared/core/json.ts";
import type { Manifest } from "../../shared/core/manifest.ts";
import type { Run, RunEffect } from "../../shared/core/run.ts";
import { advance, type RunDecision } from "../../shared/core/run/advance.ts";
import { newChunk } from "../../shared/core/run/chunk.ts";
import { newRun } from "../../shared/core/run/new-run.ts";
import { instant } from "../../shared/core/time.ts";
import { compileModule } from "../../shared/dsl/compile.ts";
import { dag, map, task, type Dag, type Task } from "../../shared/dsl/index.ts";

export const NOW = instant(Date.UTC(2026, 2, 2, 4));

function manifestOf(definition: Dag): Manifest {
  const { manifests, problems } = compileModule({ file: "bench", exports: { definition }, codeHash: "0".repeat(64) });
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error(`the pipeline does not compile: ${JSON.stringify(problems)}`);
  return manifest;
}

/** Ten tasks beside each other, ten times: each takes what two of the ten before it give. */
export function layers(): Manifest {
  const tasks: Task<string, number>[] = [];
  for (let index = 0; index < 100; index++) {
    const row = index - (index % 10);
    const [a, b] = [tasks[row - 10 + (index % 10)], tasks[row - 10 + ((index + 1) % 10)]];
    const inputs = a === undefined || b === undefined ? {} : { a, b };
    tasks.push(task(`t${index}`, { inputs, retry: { retries: 2 }, run: () => index }));
  }
  return manifestOf(dag("layers", { tasks }));
}

/** A list, a task that is mapped over it, and one that takes the results. */
export function mapped(options: { readonly concurrency?: number } = {}): Manifest {
  const items = task("items", { run: () => Array.from({ length: 10_000 }, (_, index) => index) });
  const work = map("work", { over: items, retry: { retries: 2 }, ...options, run: ({ item }) => item });
  const sum = task("sum", { inputs: { work }, run: ({ inputs }) => inputs.work.length });
  return manifestOf(dag("mapped", { tasks: [sum] }));
}

export function queuedRun(manifest: Manifest): Run {
  return newRun({
    runId: runId(`${manifest.dagId}.manual.1`),
    version: versionHash(hash("sha256", canonicalJson(manifest))),
    manifest,
    runType: "manual",
    origin: { kind: "manual", by: "bench", idempotencyKey: null },
    dataInterval: null,
    params: {},
    files: [],
    now: NOW,
  });
}

const DONE: Outcome = { kind: "success", output: { kind: "inline", value: 1 } };

export const completed = (key: AttemptKey, { epoch }: Run, outcome: Outcome = DONE): RunEvent => ({
  type: "completed",
  key,
  epoch,
  outcome,
});

export const sentBy = (commands: readonly RunCommand[]): readonly AttemptKey[] =>
  commands.flatMap((command) => (command.type === "dispatch" ? [command.key] : []));

type Told<Kind extends RunEffect["kind"]> = Extract<RunEffect, { readonly kind: Kind }>;
export const toldBy = <Kind extends RunEffect["kind"]>(
  commands: readonly RunCommand[],
  kind: Kind,
): readonly Told<Kind>[] =>
  commands.flatMap((command) =>
    command.type === "tell" && command.effect.kind === kind ? [command.effect as Told<Kind>] : [],
  );

/** The run of a map of so many whose list is there; `decision` is the one that made its chunks. */
export function wideRun(manifest: Manifest, length: number): { readonly before: Run; readonly list: RunEvent } {
  const admitted = advance(queuedRun(manifest), manifest, [{ type: "admitted", epoch: 0 }], NOW);
  const [key] = sentBy(admitted.commands);
  if (key === undefined) throw new Error("the list was not asked for");
  const outcome: Outcome = { kind: "success", output: { kind: "none" }, mapped: { length } };
  return { before: admitted.run, list: completed(key, admitted.run, outcome) };
}

/** A chunk with its first order: everything that it may start is sent by the decision. */
export function startedChunk(parent: Run, manifest: Manifest, order: Told<"chunk_order">): RunDecision {
  const chunk = newChunk(parent, manifest, order, NOW);
  if (chunk === undefined) throw new Error("there is no such chunk");
  return advance(chunk, manifest, [{ type: "chunk_ordered", order: order.order }], NOW);
}

/** What a chunk tells its parent, as the parent hears it. */
export const reportOf = (effect: Told<"chunk_report">, { origin }: Run): RunEvent => {
  if (origin.kind !== "chunk") throw new Error("only chunks report");
  const { kind: _kind, number, epoch: _epoch, since: _since, sends: _sends, due: _due, ...counts } = effect;
  return { type: "chunk_report", expansion: origin.number, index: origin.index, version: number, ...counts };
};
