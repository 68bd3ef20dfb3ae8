/** Turns a window of arrivals into the one run that gets them. */
import type { Arrival, DagCommand, DagRecord } from "../../core/dag/record.ts";
import type { ArrivedObject } from "../../core/attempt.ts";
import { arrivalRunId } from "../../core/run-id.ts";
import type { Run } from "../../core/run.ts";
import { newRun } from "../../core/run/new-run.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { toDag, type Addressed } from "../addressed.ts";
import type { Engine } from "../engine.ts";
import { listFiles, loadFiles } from "../files.ts";

/**
 * Puts run (trigger, window) with the oldest arrivals if it is absent; the list that is stored wins. Then marks those
 * arrivals as taken. Done again after a crash it ends the same: every arrival belongs to exactly one run of the trigger.
 */
export async function fireWindow(
  engine: Engine,
  dag: DagRecord,
  version: DagVersion,
  { triggerId, window, maxFiles }: Extract<DagCommand, { type: "fire_window" }>,
): Promise<readonly Addressed[]> {
  const inbox = { dagId: dag.dagId, triggerId };
  const arrivals = await engine.inbox.waiting(inbox, maxFiles);
  if (arrivals.length === 0) return [toDag(dag.dagId, { type: "window_fired", triggerId, window })];
  const runId = arrivalRunId(dag.dagId, triggerId, window);
  const run = newRun({
    runId,
    version: dag.version,
    manifest: version.manifest,
    runType: "event",
    origin: { kind: "arrival", triggerId, window },
    dataInterval: null,
    params: version.manifest.params?.defaults ?? {},
    files: await listFiles(
      engine,
      runId,
      arrivals.map((arrival) => arrival.object),
    ),
    now: engine.clock.now(),
  });
  const put = await engine.runs.create(run, engine.ids.commitId());
  engine.crashPoint("window:put-run");
  const stored = put === "created" ? run : put.value;
  await engine.inbox.take(await arrivalsOf(engine, inbox, stored), runId);
  engine.crashPoint("window:took-arrivals");
  const queued = toDag(dag.dagId, { type: "run_queued", runId, epoch: stored.epoch });
  return [
    toDag(dag.dagId, { type: "window_fired", triggerId, window }),
    ...(stored.state === "queued" ? [queued] : []),
  ];
}

async function arrivalsOf(
  engine: Engine,
  inbox: Pick<Arrival, "dagId" | "triggerId">,
  run: Run,
): Promise<readonly Arrival[]> {
  const files: readonly ArrivedObject[] = await loadFiles(engine.blobs, run.files);
  return files.map((object) => ({ ...inbox, object, at: run.queuedAt }));
}
