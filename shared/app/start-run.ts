/** Starts a run by hand: it is put first, with its payload, and then admitted by its DAG. */
import type { ArrivedObject } from "../core/attempt.ts";
import type { DagId, RunId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { DataInterval, Run } from "../core/run.ts";
import { idempotentRunId, manualRunId } from "../core/run-id.ts";
import { newRun } from "../core/run/new-run.ts";
import { lastFiring } from "../core/schedule/schedule.ts";
import { instant, type Instant } from "../core/time.ts";
import { TIMER_HORIZON_MS } from "../ports/timers.ts";
import { checkParams } from "../contract/params.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import { advanceDag } from "./advance.ts";
import { currentVersion } from "./current-version.ts";
import type { Engine } from "./engine.ts";
import { listFiles } from "./files.ts";
import { patiently } from "./patiently.ts";

export interface StartRequest {
  readonly dagId: DagId;
  /** Who asks; shown with the run. */
  readonly by: string;
  readonly params?: JsonObject;
  /** What the run covers; without it the last complete interval of the schedule, if there is one. */
  readonly dataInterval?: DataInterval;
  readonly files?: readonly ArrivedObject[];
  /** The same key gives the same run, once. */
  readonly idempotencyKey?: string;
  /** It waits for a place from then on; default: at once. */
  readonly startAt?: Instant;
}

export interface PutRun {
  readonly run: Run;
  /** False: a run of the same idempotency key was there already. */
  readonly created: boolean;
}

/** What putting a run needs: no queue, and nothing that schedules. */
export type Putting = Pick<Engine, "runs" | "dags" | "versions" | "blobs" | "clock" | "ids" | "crashPoint">;

/** The run, and whether this request made it. Throws DAG_NOT_FOUND, INVALID_PARAMS. */
export async function startRun(
  engine: Engine,
  request: StartRequest,
): Promise<{ readonly runId: RunId; readonly created: boolean }> {
  const { run, created } = await putRun(engine, request);
  const now = engine.clock.now();
  if (run.state === "queued" && run.queuedAt > now) {
    if (run.queuedAt - now <= TIMER_HORIZON_MS)
      await engine.timers.arm({ kind: "run", id: run.runId }, run.queuedAt, now);
    return { runId: run.runId, created };
  }
  await patiently(engine, () =>
    advanceDag(engine, request.dagId, [{ type: "run_queued", runId: run.runId, epoch: run.epoch }]),
  );
  return { runId: run.runId, created };
}

/**
 * Puts the run, for whoever schedules to admit: a run that nobody told its DAG about is found by the sweep. Throws
 * DAG_NOT_FOUND, INVALID_PARAMS.
 */
export async function putRun(engine: Putting, request: StartRequest): Promise<PutRun> {
  const { version, manifest } = await currentVersion(engine, request.dagId);
  const params = await checkParams(manifest, request.params ?? {});
  const now = engine.clock.now();
  const { idempotencyKey } = request;
  const runId =
    idempotencyKey === undefined
      ? manualRunId(request.dagId, now, engine.ids.suffix())
      : idempotentRunId(request.dagId, engine.ids.digest(idempotencyKey));
  const startAt = instant(Math.max(now, request.startAt ?? now));
  const put: Run = newRun({
    runId,
    version,
    manifest,
    runType: "manual",
    origin: { kind: "manual", by: request.by, idempotencyKey: idempotencyKey ?? null },
    dataInterval: request.dataInterval ?? lastComplete(manifest, now),
    params,
    files: await listFiles(engine, runId, request.files ?? []),
    now: startAt,
  });
  const run = startAt > now ? { ...put, due: startAt } : put;
  const answer = await engine.runs.create(run, engine.ids.commitId());
  engine.crashPoint("start:put-run");
  return answer === "created" ? { run, created: true } : { run: answer.value, created: false };
}

const lastComplete = (manifest: DagVersion["manifest"], now: Instant): DataInterval | null =>
  manifest.schedule === null ? null : (lastFiring(manifest.schedule, now)?.dataInterval ?? null);
