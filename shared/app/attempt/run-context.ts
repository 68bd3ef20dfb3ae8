import type { Dispatch } from "../../core/attempt.ts";
import type { Run } from "../../core/run.ts";
import { iso } from "../../core/time.ts";
import type { DagVersion } from "../../ports/dag-store.ts";

/** What executors are told of the run. */
export function contextOf(run: Run, { manifest, bundle }: DagVersion): Dispatch["run"] {
  const { runId, dagId, version, runType, epoch, params, files, logicalDate, dataInterval } = run;
  return {
    runId,
    dagId,
    version,
    bundle,
    runType,
    epoch,
    timezone: manifest.timezone,
    logicalDate: logicalDate === null ? null : iso(logicalDate),
    dataInterval: dataInterval === null ? null : { start: iso(dataInterval.start), end: iso(dataInterval.end) },
    params,
    files,
  };
}
