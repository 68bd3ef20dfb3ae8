/** Tells other records of a run's effects. */
import { toldEnd } from "../../core/backfill/end-of.ts";
import { assertNever } from "../../core/errors.ts";
import type { HeldBy, Run, RunEffect } from "../../core/run.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { toBackfill, toDag, toPool, toRun, type Addressed, type Replies } from "../addressed.ts";
import { cancelChild, startChild } from "./children.ts";
import { orderChunk } from "./chunks.ts";
import type { Engine } from "../engine.ts";

type Finished = Extract<RunEffect, { kind: "run_finished" }>;

/** A backfill's run gives back a place of the backfill's. */
function toldToBackfill({ runId }: Run, { backfillId, epoch }: HeldBy, effect: Finished, replies: Replies): Addressed {
  return toBackfill(backfillId, { type: "run_finished", runId, epoch, ...toldEnd(effect) }, replies);
}

/** The run keeps the effect, and is due, until the receiver has applied it or turns out not to exist. */
export async function tell(
  engine: Engine,
  run: Run,
  { manifest }: DagVersion,
  effect: RunEffect,
): Promise<readonly Addressed[]> {
  const acknowledged = toRun(run.runId, { type: "effect_acknowledged", number: effect.number });
  const sender = { runId: run.runId, sends: effect.sends };
  const replies = { onApplied: acknowledged, ifMissing: acknowledged, sender };
  switch (effect.kind) {
    case "run_finished":
      if (run.heldBy?.epoch === effect.epoch) return [toldToBackfill(run, run.heldBy, effect, replies)];
      return [
        toDag(run.dagId, { type: "run_finished", runId: run.runId, epoch: effect.epoch, state: effect.state }, replies),
      ];
    case "start_child":
      return [...(await startChild(engine, run, effect)), acknowledged];
    case "cancel_child":
      return [await cancelChild(engine, run, effect, replies)];
    case "chunk_order":
      return [await orderChunk(engine, run, effect, replies)];
    case "chunk_report": {
      if (run.origin.kind !== "chunk") return [acknowledged];
      const { parent, number: expansion, index } = run.origin;
      const {
        kind: _kind,
        epoch: _epoch,
        since: _since,
        sends: _sends,
        due: _due,
        number: version,
        ...counts
      } = effect;
      return [toRun(parent, { type: "chunk_report", expansion, index, version, ...counts }, replies)];
    }
    case "child_report": {
      if (run.origin.kind !== "child") return [acknowledged];
      const { parent } = run.origin;
      const { epoch, state, degraded, text } = effect;
      const { taskId, mapIndex } = parent;
      const child = { childId: run.runId, taskId, mapIndex };
      return [toRun(parent.runId, { type: "child_report", ...child, epoch, state, degraded, text }, replies)];
    }
    case "pool_want": {
      // The pool answers itself, once it has heard: one that knows too many runs has not.
      const want = { ...effect.want, number: effect.number };
      const declared = manifest.pools.find(({ pool }) => pool === effect.pool)?.slots ?? 0;
      const event = { type: "wanted", runId: run.runId, epoch: effect.epoch, want } as const;
      return [toPool(effect.pool, event, { declared, sender })];
    }
    case "pool_final":
      return [toPool(effect.pool, { type: "final", runId: run.runId, epoch: effect.epoch }, replies)];
    default:
      return assertNever(effect);
  }
}
