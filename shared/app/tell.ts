/** Tells another record of a run's effect. */
import { assertNever } from "../core/errors.ts";
import type { Run, RunEffect } from "../core/run.ts";
import { toDag, toRun, type Addressed } from "./addressed.ts";

/** The run keeps the effect, and is due, until the receiver has applied it or turns out not to exist. */
export function tell(run: Run, effect: RunEffect): Addressed {
  const acknowledged = toRun(run.runId, { type: "effect_acknowledged", number: effect.number });
  const sender = { runId: run.runId, sends: effect.sends };
  const replies = { onApplied: acknowledged, ifMissing: acknowledged, sender };
  switch (effect.kind) {
    case "run_finished":
      return toDag(run.dagId, { type: "run_finished", runId: run.runId, epoch: effect.epoch }, replies);
    default:
      return assertNever(effect.kind);
  }
}
