/** The places of a DAG: which runs hold one, and which that wait get the next. */
import type { ActiveRun, DagEvent, QueuedRun } from "./record.ts";
import type { Fact } from "../events.ts";
import { pausedText } from "../fact-text.ts";
import type { RunId } from "../ids.ts";
import { plus } from "../time.ts";
import { mayStart, places, type DagDraft } from "./draft.ts";

/** A run that was admitted but not seen to start is started again after this long; harmless if it has. */
export const CONFIRM_AFTER_MS = 60_000;

/** What was admitted goes on, also in a DAG that admits nothing more. */
export function startUnconfirmed(draft: DagDraft, all: boolean): void {
  for (const active of draft.dag.active) {
    if (!active.confirmed && (all || plus(active.since, CONFIRM_AFTER_MS) <= draft.now))
      draft.commands.push({ type: "start_run", active });
  }
}

/** A run has ended: its place is free, and too many that failed in a row pause the DAG. */
export function finish(draft: DagDraft, { runId, epoch, state }: Extract<DagEvent, { type: "run_finished" }>): void {
  const held = draft.dag.active.some((run) => run.runId === runId && run.epoch <= epoch);
  release(draft, runId, epoch);
  if (held && draft.manifest.tasks.some(({ dependsOnPast }) => dependsOnPast !== undefined)) {
    for (const run of draft.dag.active) draft.commands.push({ type: "tell_moved", runId: run.runId });
  }
  if (!held || (state !== "success" && state !== "failed")) return;
  const failures = state === "failed" ? (draft.dag.failures ?? 0) + 1 : 0;
  if (failures !== (draft.dag.failures ?? 0)) draft.dag = { ...draft.dag, failures };
  const { pauseAfterFailures } = draft.manifest;
  if (pauseAfterFailures === null || failures < pauseAfterFailures || draft.dag.paused !== null) return;
  const reason = failures === 1 ? `run ${runId} failed` : `${failures} runs in a row failed, the last of them ${runId}`;
  draft.dag = { ...draft.dag, paused: { by: PAUSED_BY, reason, at: draft.now } };
  draft.commands.push({ type: "publish", fact: pausedFact(draft, runId, reason) });
}

/** Who pauses a DAG that keeps failing. */
const PAUSED_BY = "freshet";

function pausedFact({ dag, manifest, now }: DagDraft, runId: RunId, reason: string): Fact {
  const { owner, team, runbook } = manifest;
  const about = { v: 1, type: "dag_paused", runId, dagId: dag.dagId, state: "failed", degraded: false } as const;
  return { ...about, at: now, owner, team, runbook, failed: [], reason, text: pausedText(dag.dagId, reason, manifest) };
}

function release(draft: DagDraft, runId: string, epoch: number): void {
  const active = draft.dag.active.filter((run) => run.runId !== runId || run.epoch > epoch);
  if (active.length === draft.dag.active.length) return;
  const released = draft.dag.active.find((run) => run.runId === runId);
  // Runs that somebody asked for take turns with those of the schedule, or a busy schedule would never let them in.
  if (released?.scheduled !== undefined && draft.dag.queue === "maybe") draft.queueFirst = true;
  draft.dag = { ...draft.dag, active };
}

export function confirm(draft: DagDraft, runId: string): void {
  if (!draft.dag.active.some((run) => run.runId === runId && !run.confirmed)) return;
  const active = draft.dag.active.map((run) => (run.runId === runId ? { ...run, confirmed: true } : run));
  draft.dag = { ...draft.dag, active };
}

/** A run that waits again has ended before, whether or not the word of that has come. */
function releaseOlder(draft: DagDraft, waiting: readonly QueuedRun[]): void {
  for (const { runId, epoch } of waiting) release(draft, runId, epoch - 1);
}

/** A run that nobody is ahead of needs no index to be found, and the index may not show it yet. */
export function enqueue(draft: DagDraft, run: QueuedRun): void {
  releaseOlder(draft, [run]);
  const active = draft.dag.active.find(({ runId, epoch }) => runId === run.runId && epoch === run.epoch);
  // It has its place, yet says that it waits: whoever was to start it has died.
  if (active !== undefined) return void draft.commands.push({ type: "start_run", active });
  if (draft.dag.queue === "empty") admitQueued(draft, [run], true);
}

/** Admits queued runs as far as there are places; `complete`: there are no others. */
export function admitQueued(draft: DagDraft, candidates: readonly QueuedRun[], complete: boolean): void {
  releaseOlder(draft, candidates);
  const { dag, now } = draft;
  const held = new Set(dag.active.map((run) => run.runId));
  const waiting = candidates.filter((run) => !held.has(run.runId));
  const free = mayStart(dag) ? places(draft) : 0;
  const admitted = waiting
    .slice(0, free)
    .map(({ runId, epoch }): ActiveRun => ({ runId, epoch, since: now, confirmed: false }));
  for (const active of admitted) draft.commands.push({ type: "start_run", active });
  const queue = complete && admitted.length === waiting.length ? "empty" : "maybe";
  if (admitted.length > 0 || queue !== dag.queue) draft.dag = { ...dag, active: [...dag.active, ...admitted], queue };
}
