/** Cancels a run: what has not started is skipped; what is at work is told, and closed. */
import { FreshetError } from "../core/errors.ts";
import type { RunId } from "../core/ids.ts";
import type { Run } from "../core/run.ts";
import { isRunEnded } from "../core/states.ts";
import { advanceRun } from "./advance.ts";
import type { Engine } from "./engine.ts";
import { patiently } from "./patiently.ts";

/** The run after it. Throws RUN_NOT_FOUND, and RUN_ENDED if there is nothing to cancel any more. */
export async function cancelRun(engine: Engine, id: RunId, by: string, reason: string): Promise<Run> {
  const before = await engine.runs.load(id);
  if (before !== undefined && isRunEnded(before.value.state)) throw ended(before.value);
  const run = await patiently(engine, () => advanceRun(engine, id, [{ type: "cancel", by, reason }]));
  if (run === undefined) throw new FreshetError("RUN_NOT_FOUND", `there is no run '${id}'`);
  // It ended while we were about to.
  if (run.cancel === null) throw ended(run);
  return run;
}

const ended = ({ runId, state }: Run): FreshetError =>
  new FreshetError("RUN_ENDED", `run '${runId}' has ended already: ${state}`);
