/** Carries out what a decision on a backfill asked for, after its commit. */
import type { ActiveDate, Backfill, BackfillCommand, BackfillEvent } from "../../core/backfill/record.ts";
import { endOf } from "../../core/backfill/end-of.ts";
import { assertNever } from "../../core/errors.ts";
import { backfillDates } from "../../core/backfill/dates.ts";
import type { RunId } from "../../core/ids.ts";
import { scheduledRunId } from "../../core/run-id.ts";
import type { RunEvent } from "../../core/events.ts";
import type { Run } from "../../core/run.ts";
import { advance } from "../../core/run/advance.ts";
import { newRun } from "../../core/run/new-run.ts";
import { withOnly } from "../../core/run/subset.ts";
import { isRunEnded } from "../../core/states.ts";
import type { DagVersion } from "../../ports/dag-store.ts";
import { TIMER_HORIZON_MS } from "../../ports/timers.ts";
import { toBackfill, toRun, type Addressed } from "../addressed.ts";
import { deliverRun } from "./run.ts";
import type { Engine } from "../engine.ts";
import { isBusy } from "./reprocess.ts";

export async function deliverBackfill(
  engine: Engine,
  backfill: Backfill,
  commands: readonly BackfillCommand[],
): Promise<readonly Addressed[]> {
  const answers: Addressed[] = [];
  for (const command of commands) {
    switch (command.type) {
      case "start_date":
        answers.push(...(await startDate(engine, backfill, command.date)));
        engine.crashPoint("backfill:started-date");
        break;
      case "cancel_run":
        answers.push(...(await endDate(engine, backfill, command)));
        break;
      case "timer": {
        const now = engine.clock.now();
        if (command.at - now > TIMER_HORIZON_MS) break;
        await engine.timers.arm({ kind: "backfill", id: backfill.backfillId }, command.at, now);
        break;
      }
      default:
        assertNever(command);
    }
  }
  return answers;
}

/** A run that was not made yet is made now, and ends: whoever was to start it, and comes late, then finds it. */
async function endDate(
  engine: Engine,
  backfill: Backfill,
  { runId, by, reason }: Extract<BackfillCommand, { type: "cancel_run" }>,
): Promise<readonly Addressed[]> {
  const cancel: RunEvent = { type: "cancel", by, reason };
  const date = backfill.active.find((each) => each.runId === runId);
  const told = toRun(runId, cancel, { ifMissing: goneFrom(backfill, runId) });
  if (date?.epoch !== null) return [told];
  const there = (await engine.runs.load(runId))?.value;
  if (there !== undefined) return isOurs(backfill, there) ? [told] : [refusing(backfill, there)];
  const version = await engine.versions(backfill.plan.version);
  const now = engine.clock.now();
  const { run, commands } = advance(firstForm(version, backfill, date, now), version.manifest, [cancel], now);
  if ((await engine.runs.create(run, engine.ids.commitId())) !== "created") return [told];
  engine.crashPoint("start:put-run");
  return deliverRun(engine, run, version, commands);
}

const isOurs = ({ backfillId }: Backfill, { heldBy, epoch }: Run): boolean =>
  heldBy?.backfillId === backfillId && heldBy.epoch === epoch;

/** Whoever was to open the run again, and comes late, is not heard. */
const refusing = (backfill: Backfill, { runId }: Run, reason = CANCELLED_BEFORE): Addressed =>
  toRun(
    runId,
    { type: "refuse_backfill", backfillId: backfill.backfillId },
    {
      ifMissing: goneFrom(backfill, runId, reason),
      afterwards: (run) =>
        Promise.resolve(
          isOurs(backfill, run)
            ? toBackfill(backfill.backfillId, { type: "date_started", runId, epoch: run.epoch })
            : goneFrom(backfill, runId, reason),
        ),
    },
  );

/** One that is gone has nothing to end. */
const goneFrom = ({ backfillId }: Backfill, runId: Run["runId"], reason = CANCELLED_BEFORE): Addressed =>
  toBackfill(backfillId, { type: "date_skipped", runId, reason });

const CANCELLED_BEFORE = "cancelled before it started";

/** Makes the run of a date, or clears the one that is there. Done again after a crash it changes nothing, and tells how it stands. */
async function startDate(engine: Engine, backfill: Backfill, date: ActiveDate): Promise<readonly Addressed[]> {
  const tell = (event: BackfillEvent): Addressed => toBackfill(backfill.backfillId, event);
  const there = (await engine.runs.load(date.runId))?.value;
  if (there === undefined) return putRun(engine, backfill, date);
  const { runId } = date;
  if (there.heldBy?.backfillId === backfill.backfillId) {
    const { epoch } = there.heldBy;
    const over = isRunEnded(there.state) || there.epoch > epoch;
    return [
      tell(over ? { type: "run_finished", runId, epoch, ...endOf(there) } : { type: "date_started", runId, epoch }),
    ];
  }
  const reason = skipReason(backfill, there);
  // Once it has ended, somebody who looked before it started could still open it again: for a date that is left out.
  const mayReopen = backfill.plan.reprocess !== "none";
  if (reason !== undefined && mayReopen && !isRunEnded(there.state)) return [refusing(backfill, there, reason)];
  if (reason !== undefined) return [tell({ type: "date_skipped", runId, reason })];
  const version = await versionOf(engine, backfill);
  if (version === undefined) return [tell({ type: "date_skipped", runId, reason: GONE })];
  return [
    toRun(runId, reprocessing(backfill, there, version), { afterwards: (run) => heard(engine, backfill, there, run) }),
  ];
}

const GONE = "its DAG is gone from the source";

function reprocessing({ backfillId, plan, by }: Backfill, { epoch }: Run, { version }: DagVersion): RunEvent {
  const { reprocess, tasks, params, pool, latest, ignoreDependsOnPast } = plan;
  return {
    type: "reprocess",
    backfillId,
    epoch,
    tasks: tasks ?? [],
    onlyFailed: reprocess === "failed",
    by,
    params,
    ...(latest ? { version } : {}),
    ...(pool === undefined ? {} : { pool }),
    ...(ignoreDependsOnPast ? { ignorePast: true } : {}),
  };
}

/** What came of it: somebody may have changed the run meanwhile, or nothing of it was to run again. */
async function heard(engine: Engine, backfill: Backfill, before: Run, run: Run): Promise<Addressed | undefined> {
  const { backfillId } = backfill;
  const { runId, heldBy } = run;
  if (heldBy?.backfillId === backfillId && heldBy.epoch > before.epoch)
    return toBackfill(backfillId, { type: "date_started", runId, epoch: heldBy.epoch });
  const reason = skipReason(backfill, run);
  if (reason !== undefined) return toBackfill(backfillId, { type: "date_skipped", runId, reason });
  // It has ended again since, or its hooks are at work, which other code cannot take over: it is looked at again.
  if (run.epoch !== before.epoch || (await isBusy(engine, run))) return undefined;
  return toBackfill(backfillId, { type: "date_skipped", runId, reason: "nothing of its run is to run again" });
}

/** Why the run that is there is left as it is; undefined: it is cleared. */
export function skipReason(
  { plan: { reprocess } }: Pick<Backfill, "plan">,
  { state }: Pick<Run, "state">,
): string | undefined {
  if (!isRunEnded(state)) return `it has a run that is ${state}`;
  if (reprocess === "none") return `it has a run: ${state}`;
  return reprocess === "failed" && state === "success" ? "it has a run that succeeded" : undefined;
}

async function putRun(engine: Engine, backfill: Backfill, date: ActiveDate): Promise<readonly Addressed[]> {
  const { backfillId } = backfill;
  const { runId } = date;
  const tell = (event: BackfillEvent): Addressed => toBackfill(backfillId, event);
  if (backfill.state === "cancelled")
    return [tell({ type: "date_skipped", runId, reason: "the backfill was cancelled" })];
  const version = await versionOf(engine, backfill);
  if (version === undefined) return [tell({ type: "date_skipped", runId, reason: GONE })];
  const now = engine.clock.now();
  const previous = await previousOf(engine, backfill, date);
  const put = firstForm(version, backfill, { ...date, ...(previous === undefined ? {} : { previous }) }, now);
  const { run, commands } = advance(put, version.manifest, [{ type: "admitted", epoch: 0 }], now);
  if ((await engine.runs.create(run, engine.ids.commitId())) !== "created") {
    // Somebody was faster: what is there is judged the next time.
    return startDate(engine, backfill, date);
  }
  engine.crashPoint("start:put-run");
  return [...(await deliverRun(engine, run, version, commands)), tell({ type: "date_started", runId, epoch: 0 })];
}

async function versionOf(engine: Engine, { plan }: Backfill): Promise<DagVersion | undefined> {
  const dag = (await engine.dags.load(plan.dagId))?.value;
  return dag === undefined || dag.removed ? undefined : engine.versions(plan.latest ? dag.version : plan.version);
}

/** The first date of a backfill waits for nothing. */
async function previousOf(engine: Engine, { plan }: Backfill, { place }: ActiveDate): Promise<RunId | undefined> {
  const { manifest } = await engine.versions(plan.version);
  const { schedule, tasks } = manifest;
  if (place === 0 || schedule === null || plan.ignoreDependsOnPast || plan.order !== "oldest") return undefined;
  if (!tasks.some(({ dependsOnPast }) => dependsOnPast !== undefined)) return undefined;
  const before = backfillDates(schedule, plan)[place - 1];
  return before === undefined ? undefined : scheduledRunId(plan.dagId, before.logicalDate);
}

type Dated = ActiveDate & { readonly previous?: RunId };

function firstForm({ version, manifest }: DagVersion, backfill: Backfill, date: Dated, now: Run["queuedAt"]): Run {
  const { backfillId, plan, by } = backfill;
  const run = newRun({
    runId: date.runId,
    version,
    manifest,
    runType: "backfill",
    origin: { kind: "backfill", backfillId, by },
    dataInterval: date.dataInterval,
    heldBy: { backfillId, epoch: 0, ...(plan.pool === undefined ? {} : { pool: plan.pool }) },
    ...(date.previous === undefined ? {} : { previous: date.previous }),
    params: { ...manifest.params?.defaults, ...plan.params },
    files: [],
    now,
  });
  return plan.tasks === null ? run : withOnly(run, manifest, plan.tasks);
}
