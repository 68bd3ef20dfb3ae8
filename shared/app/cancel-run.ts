/** Cancels a run: what has not started is skipped; what is at work is told, and closed. */
import type { RunId } from "../core/ids.ts";
import type { Run } from "../core/run.ts";
import type { Engine } from "./engine.ts";
import { operateRun } from "./operate.ts";

/** The run after it. Throws RUN_NOT_FOUND, RUN_ENDED if there is nothing to cancel any more, RUN_ENDING if it is cancelled already. */
export async function cancelRun(engine: Engine, runId: RunId, by: string, reason: string): Promise<Run> {
  return (await operateRun(engine, { runId, action: { type: "cancel" }, by, reason })).run;
}
