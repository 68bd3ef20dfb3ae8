/** Carries out what a decision on a DAG asked for, after its commit. */
import { isBackfillOver } from "../../core/backfill/decide.ts";
import type { ActiveRun, DagCommand, DagRecord } from "../../core/dag/record.ts";
import { advance } from "../../core/run/advance.ts";
import { newRun } from "../../core/run/new-run.ts";
import { isRunEnded } from "../../core/states.ts";
import { assertNever } from "../../core/errors.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { TIMER_HORIZON_MS } from "../../ports/timers.ts";
import { toBackfill, toDag, toRun, type Addressed } from "../addressed.ts";
import { deliverRun } from "./run.ts";
import type { Engine } from "../engine.ts";
import { fireWindow } from "./fire-window.ts";

/** Queued runs read at once beyond the free places, to know whether there are more. */
const CANDIDATES_SPARE = 1;

export async function deliverDag(
  engine: Engine,
  dag: DagRecord,
  version: DagVersion,
  commands: readonly DagCommand[],
): Promise<readonly Addressed[]> {
  const answers: Addressed[] = [];
  for (const command of commands) {
    switch (command.type) {
      case "start_run":
        answers.push(...(await startRun(engine, dag, command.active)));
        engine.crashPoint("dag:started-run");
        break;
      case "tell_moved":
        answers.push(toRun(command.runId, { type: "past_moved" }));
        break;
      case "wake_backfills":
        answers.push(...(await wakeBackfills(engine, dag)));
        break;
      case "publish":
        await engine.bus.publish([command.fact]);
        break;
      case "cancel_run":
        answers.push(toRun(command.runId, { type: "cancel", by: "its schedule", reason: "the next run is due" }));
        break;
      case "find_candidates":
        answers.push(await findCandidates(engine, dag, command.places));
        break;
      case "read_inbox":
        answers.push(await readInbox(engine, dag, command));
        break;
      case "fire_window":
        answers.push(...(await fireWindow(engine, dag, version, command)));
        break;
      case "timer": {
        const now = engine.clock.now();
        if (command.at - now > TIMER_HORIZON_MS) break;
        await engine.timers.arm({ kind: "dag", id: dag.dagId }, command.at, now);
        break;
      }
      default:
        assertNever(command);
    }
  }
  return answers;
}

/** Backfills of a DAG that are looked through for such as wait; one beyond them looks by itself. */
const BACKFILLS_WOKEN_MAX = 100;

async function wakeBackfills({ backfills }: Engine, { dagId }: DagRecord): Promise<readonly Addressed[]> {
  const open = (await backfills.list({ dagId, limit: BACKFILLS_WOKEN_MAX })).filter((each) => !isBackfillOver(each));
  return open.map(({ backfillId }) => toBackfill(backfillId, { type: "wake" }));
}

/** Starts an admitted run. Done again after a crash it changes nothing, and tells the DAG how the run stands. */
async function startRun(engine: Engine, dag: DagRecord, active: ActiveRun): Promise<readonly Addressed[]> {
  const put = active.scheduled === undefined ? undefined : await putScheduled(engine, active, active.scheduled);
  if (put !== undefined) return put;
  const stored = await engine.runs.load(active.runId);
  const { runId, epoch, scheduled } = active;
  const gone = toDag(dag.dagId, { type: "run_finished", runId, epoch });
  if (stored !== undefined && scheduled !== undefined && stored.value.dataInterval?.end !== scheduled.dataInterval.end)
    return [toDag(dag.dagId, { type: "date_taken", runId, epoch })];
  // A run of a later epoch has ended since, and asks for a place of its own.
  if (stored === undefined || isRunEnded(stored.value.state) || stored.value.epoch > active.epoch) return [gone];
  // A backfill was faster: the date has its run, on a place of the backfill's.
  if (stored.value.heldBy?.epoch === stored.value.epoch) return [gone];
  if (stored.value.state === "queued")
    return [toRun(active.runId, { type: "admitted", epoch: active.epoch }, { ifMissing: gone })];
  return [toDag(dag.dagId, { type: "run_confirmed", runId: active.runId })];
}

/** A scheduled run comes into being as it starts: one put for both. undefined: it was there already. */
async function putScheduled(
  engine: Engine,
  { runId, epoch }: ActiveRun,
  scheduled: NonNullable<ActiveRun["scheduled"]>,
): Promise<readonly Addressed[] | undefined> {
  const version = await engine.versions(scheduled.version);
  const now = engine.clock.now();
  const { manifest } = version;
  const { dataInterval, partial, previous, due } = scheduled;
  const params = manifest.params?.defaults ?? {};
  const queued = newRun({
    runId,
    version: scheduled.version,
    manifest,
    runType: "scheduled",
    origin: { kind: "schedule" },
    dataInterval,
    ...(partial === undefined ? {} : { partial }),
    ...(previous === undefined ? {} : { previous }),
    ...(due === undefined ? {} : { dueAt: due }),
    params,
    files: [],
    now,
  });
  const { run, commands } = advance(queued, manifest, [{ type: "admitted", epoch }], now);
  if ((await engine.runs.create(run, engine.ids.commitId())) !== "created") return undefined;
  engine.crashPoint("start:put-run");
  return deliverRun(engine, run, version, commands);
}

/** The index only names runs; each one's own record says whether it still waits. */
async function findCandidates(engine: Engine, dag: DagRecord, places: number): Promise<Addressed> {
  const limit = places + CANDIDATES_SPARE;
  const ids = await engine.runs.queued(dag.dagId, limit);
  const stored = await Promise.all(ids.map((id) => engine.runs.load(id)));
  const now = engine.clock.now();
  const runs = stored.flatMap((run) =>
    // One that was asked for in advance says so itself when its time has come.
    run?.value.state === "queued" && run.value.queuedAt <= now
      ? [{ runId: run.value.runId, epoch: run.value.epoch }]
      : [],
  );
  return toDag(dag.dagId, { type: "candidates", runs, complete: ids.length < limit });
}

async function readInbox(
  engine: Engine,
  dag: DagRecord,
  { triggerId, window, look }: Extract<DagCommand, { type: "read_inbox" }>,
): Promise<Addressed> {
  const { count, newestAt } = await engine.inbox.summary({ dagId: dag.dagId, triggerId });
  const queuedRuns = count === 0 ? 0 : (await engine.runs.queued(dag.dagId, QUEUED_COUNTED_MAX)).length;
  return toDag(dag.dagId, { type: "inbox_seen", triggerId, window, look, count, newestAt, queuedRuns });
}

/** Counting further would change nothing: the bound on queued runs is below it. */
const QUEUED_COUNTED_MAX = 200;
