/** Backfills: what one would do, starting one, and what operators may do to it. */
import { backfillDates } from "../core/backfill/dates.ts";
import { isBackfillOver, newBackfill } from "../core/backfill/decide.ts";
import {
  BACKFILL_DATES_MAX,
  BACKFILL_PARALLEL,
  type Backfill,
  type BackfillEvent,
  type BackfillOrder,
  type BackfillPlan,
  type Reprocess,
  type Span,
} from "../core/backfill/record.ts";
import type { DagRecord } from "../core/dag/record.ts";
import { FreshetError } from "../core/errors.ts";
import { backfillId, idFault, type BackfillId, type DagId, type PoolId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { ScheduleSpec } from "../core/manifest.ts";
import type { AuditEntry } from "../core/operation.ts";
import { DST_DEFAULT, endOfMoment, readMoment, skippedText } from "../core/schedule/moment.ts";
import { didYouMean } from "../core/problem.ts";
import { backfillIdOf, scheduledRunId } from "../core/run-id.ts";
import { selectTasks } from "../core/run/subset.ts";
import { lastFiring, nextFiring, type Firing } from "../core/schedule/schedule.ts";
import { instant, iso, plus, type Instant } from "../core/time.ts";
import { checkParams } from "../contract/params.ts";
import type { BackfillRow } from "../contract/views.ts";
import type { DagVersion } from "../ports/dag-store.ts";
import { advanceBackfill } from "./advance.ts";
import { currentVersion } from "./current-version.ts";
import { heldSpans, outsideText } from "./data-window.ts";
import { skipReason } from "./deliver/backfill.ts";
import type { Engine } from "./engine.ts";
import { patiently } from "./patiently.ts";
import { noSuchPool } from "./pools.ts";

export interface BackfillRequest {
  readonly dagId: DagId;
  /** A date or time on the schedule's clock, or an instant. Dates are inclusive, instants closed-open. */
  readonly from?: string;
  readonly to?: string;
  /** `a`, `+a`, `a+`. */
  readonly tasks?: readonly string[];
  readonly reprocess?: Reprocess;
  readonly onlyMissed?: boolean;
  readonly order?: BackfillOrder;
  readonly parallel?: number;
  /** Each task takes a slot of it, besides those of its own. */
  readonly pool?: string;
  readonly latest?: boolean;
  readonly ignoreDependsOnPast?: boolean;
  readonly params?: JsonObject;
}

/** What it needs to tell what a backfill would do. */
export type Planning = Pick<Engine, "dags" | "runs" | "pools" | "backfills" | "versions" | "clock">;

export interface PlannedBackfill {
  readonly plan: BackfillPlan;
  readonly schedule: ScheduleSpec;
  /** Dates that there are, with or without a run. */
  readonly count: number;
  /** What became of what was asked for, as sentences. */
  readonly notes: readonly string[];
}

const refuse = (message: string): FreshetError => new FreshetError("BACKFILL_REFUSED", message);

/** Throws DAG_NOT_FOUND, TASK_NOT_FOUND, INVALID_PARAMS, USAGE and BACKFILL_REFUSED, which says why. */
export async function planBackfill(engine: Planning, request: BackfillRequest): Promise<PlannedBackfill> {
  const { dagId } = request;
  const version = await currentVersion(engine, dagId);
  const { schedule } = version.manifest;
  if (schedule === null)
    throw refuse(
      `dag '${dagId}' has no schedule, and so no dates to make up for; \`freshet trigger ${dagId}\` starts a run`,
    );
  const now = engine.clock.now();
  const notes: string[] = [];
  const asked = spanOf(request, schedule, now, notes);
  const dag = (await engine.dags.load(dagId))?.value;
  const wanted = request.onlyMissed === true ? await missedSpans(engine, dag, asked) : [asked];
  const spans = heldSpans(version.manifest, schedule, wanted, now);
  const plan: BackfillPlan = {
    dagId,
    version: version.version,
    spans,
    endedBy: now,
    order: request.order ?? "oldest",
    seed: now % 2 ** 31,
    parallel: request.parallel ?? BACKFILL_PARALLEL,
    reprocess: request.reprocess ?? "none",
    ...(request.pool === undefined ? {} : { pool: await poolNamed(engine, request.pool) }),
    latest: request.latest ?? false,
    ignoreDependsOnPast: request.ignoreDependsOnPast ?? false,
    tasks: tasksOf(version, request.tasks),
    params: await paramsOf(version, request.params),
  };
  const count = backfillDates(schedule, plan).length;
  const outside = backfillDates(schedule, { ...plan, spans: wanted }).length - count;
  const { dataWindowMs } = version.manifest;
  if (outside > 0 && dataWindowMs !== undefined) {
    const left = `${outside > BACKFILL_DATES_MAX ? `more than ${BACKFILL_DATES_MAX}` : outside} of the dates`;
    if (count === 0) throw refuse(`all of the dates are ${outsideText(dataWindowMs)}`);
    notes.push(`${left} are left out: ${outsideText(dataWindowMs)}`);
  }
  if (count === 0) throw refuse(nothingIn(dagId, asked, request.onlyMissed === true, now));
  if (count > BACKFILL_DATES_MAX)
    throw refuse(
      `there are more than ${BACKFILL_DATES_MAX} dates from ${iso(asked.start)} to ${iso(asked.end)}; ask for a shorter time`,
    );
  refuseBackwards(version, plan);
  await refuseOverlap(engine, plan);
  if (request.to !== undefined && asked.end > now)
    notes.push(`intervals that are not over by ${iso(now)} are left out: there is nothing to make up for`);
  return { plan, schedule, count, notes };
}

function nothingIn(dagId: DagId, { start, end }: Span, onlyMissed: boolean, now: Instant): string {
  if (onlyMissed && start === 0) return `no date of dag '${dagId}' was passed over`;
  if (start >= now) return `${iso(start)} lies in the future; a backfill is about intervals that are over`;
  const what = onlyMissed ? "no date was passed over" : "no interval that is over begins";
  return `${what} from ${iso(start)} to ${iso(end)}; \`freshet schedule ${dagId} --from ${iso(start).slice(0, 10)}\` shows the dates`;
}

function spanOf(
  { dagId, from, to, onlyMissed }: BackfillRequest,
  schedule: ScheduleSpec,
  now: Instant,
  notes: string[],
): Span {
  if ((from === undefined || to === undefined) && onlyMissed !== true)
    throw new FreshetError(
      "USAGE",
      `--from and --to are missing: \`freshet backfill ${dagId} --from 2026-03-01 --to 2026-03-31\``,
    );
  const start = from === undefined ? instant(0) : momentOf("from", from, schedule, notes).start;
  const end = to === undefined ? plus(now, 1) : momentOf("to", to, schedule, notes).end;
  if (start < end) return { start, end };
  throw new FreshetError("USAGE", `from is ${String(from)}, which is not before to, ${String(to)}`);
}

function momentOf(name: string, text: string, { timezone }: ScheduleSpec, notes: string[]): Span {
  const moment = readMoment(text, timezone, DST_DEFAULT);
  if ("fault" in moment) throw new FreshetError("USAGE", `${name} is '${text}', ${moment.fault}`);
  const [start = instant(0)] = moment.at;
  if (moment.skipped) notes.push(`${name}: ${skippedText(text, timezone, start)}`);
  return { start, end: endOfMoment(text, moment, timezone) ?? start };
}

/** Where the gaps of the DAG lie, in logical dates, within what was asked for. */
async function missedSpans(engine: Planning, dag: DagRecord | undefined, asked: Span): Promise<readonly Span[]> {
  const spans: Span[] = [];
  for (const gap of dag?.gaps ?? []) {
    const { schedule } = (await engine.versions(gap.version)).manifest;
    const first = schedule && nextFiring(schedule, plus(gap.from, -1));
    const last = schedule && lastFiring(schedule, gap.to);
    if (!first || !last) continue;
    const start = Math.max(asked.start, gap.start ?? first.logicalDate);
    const end = Math.min(asked.end, last.logicalDate + 1);
    if (start < end) spans.push({ start: instant(start), end: instant(end) });
  }
  return spans;
}

function tasksOf({ manifest }: DagVersion, selection: readonly string[] | undefined): readonly string[] | null {
  if (selection === undefined) return null;
  const { tasks, unknown } = selectTasks(manifest, selection);
  const [name] = unknown;
  if (name === undefined) return tasks;
  const known = manifest.tasks.map(({ taskId }) => taskId);
  const text = `dag '${manifest.dagId}' has no task '${name}'${didYouMean(name, known)}; it has ${known.join(", ")}`;
  throw new FreshetError("TASK_NOT_FOUND", text);
}

/** Throws POOL_NOT_FOUND, with the nearest name. */
async function poolNamed(engine: Planning, name: string): Promise<PoolId> {
  const found = (await engine.pools.list()).find(({ poolId }) => poolId === name);
  if (found === undefined) throw await noSuchPool(engine, name);
  return found.poolId;
}

async function paramsOf({ manifest }: DagVersion, params: JsonObject | undefined): Promise<JsonObject> {
  if (params === undefined) return {};
  await checkParams(manifest, params);
  return params;
}

function refuseBackwards({ manifest }: DagVersion, { order, ignoreDependsOnPast }: BackfillPlan): void {
  const task = manifest.tasks.find(({ dependsOnPast }) => dependsOnPast !== undefined);
  if (task === undefined || order === "oldest" || ignoreDependsOnPast) return;
  const text = `task '${task.taskId}' waits for the run before, which comes after it in the order '${order}'`;
  throw refuse(`${text}: take the oldest first, or give --ignore-depends-on-past`);
}

/** Backfills of a DAG that are looked through for one that is at work on the same dates. */
const COMPARED_MAX = 100;

async function refuseOverlap(engine: Planning, { dagId, spans }: BackfillPlan): Promise<void> {
  const others = (await engine.backfills.list({ dagId, limit: COMPARED_MAX })).filter(
    (other) => !isBackfillOver(other),
  );
  const meets = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;
  const other = others.find(({ plan }) => plan.spans.some((theirs) => spans.some((ours) => meets(theirs, ours))));
  if (other === undefined) return;
  const what = `backfill '${other.backfillId}' is ${other.state}, and covers some of these dates`;
  throw refuse(`${what}: wait for it, or \`freshet backfills ${other.backfillId} --cancel\` first`);
}

/** Dates looked up at once. */
const LOOKED_UP = 100;

/** What becomes of each date, in the backfill's order, as the runs are now. */
export async function backfillRows(
  { runs }: Pick<Engine, "runs">,
  { plan, schedule }: PlannedBackfill,
): Promise<readonly BackfillRow[]> {
  const dates = backfillDates(schedule, plan);
  const rows: BackfillRow[] = [];
  for (let first = 0; first < dates.length; first += LOOKED_UP) {
    const part = dates.slice(first, first + LOOKED_UP);
    rows.push(...(await Promise.all(part.map(async (firing) => rowOf(runs, plan, firing)))));
  }
  return rows;
}

async function rowOf(runs: Engine["runs"], plan: BackfillPlan, { logicalDate }: Firing): Promise<BackfillRow> {
  const run = (await runs.load(scheduledRunId(plan.dagId, logicalDate)))?.value;
  const date = iso(logicalDate);
  if (run === undefined) return { logicalDate: date, action: "create", reason: null };
  const reason = skipReason({ plan }, run);
  if (reason !== undefined) return { logicalDate: date, action: "skip", reason };
  return { logicalDate: date, action: "clear", reason: `it has a run: ${run.state}` };
}

/** Puts the backfill, for whoever schedules to take up. */
export async function putBackfill(
  engine: Pick<Engine, "backfills" | "clock" | "ids">,
  { plan, count }: PlannedBackfill,
  by: string,
): Promise<Backfill> {
  const now = engine.clock.now();
  const id = backfillIdOf(plan.dagId, now, engine.ids.suffix());
  const backfill = newBackfill({ backfillId: id, plan, count, by, now });
  const put = await engine.backfills.create(backfill, engine.ids.commitId());
  return put === "created" ? backfill : put.value;
}

/** Puts the backfill, and takes up its first dates. */
export async function startBackfill(engine: Engine, planned: PlannedBackfill, by: string): Promise<Backfill> {
  const backfill = await putBackfill(engine, planned, by);
  await patiently(engine, () => advanceBackfill(engine, backfill.backfillId, [{ type: "wake", all: true }]));
  return backfill;
}

/** Pauses, resumes or cancels, with an audit entry in the same transaction. Throws BACKFILL_NOT_FOUND, and BACKFILL_REFUSED for one that is over. */
export async function changeBackfill(
  engine: Engine,
  id: string,
  event: Extract<BackfillEvent, { readonly by: string }>,
): Promise<Backfill> {
  const { value } = await findBackfill(engine, id);
  if (isBackfillOver(value)) throw refuse(`backfill '${id}' is ${value.state}: there is nothing left to ${event.type}`);
  const audit = async (before: Backfill, after: Backfill): Promise<AuditEntry> => ({
    subject: { kind: "backfill", id: value.backfillId },
    at: engine.clock.now(),
    by: event.by,
    reason: event.reason,
    action: event.type,
    before: { state: before.state },
    after: { state: after.state },
  });
  const after = await patiently(engine, () => advanceBackfill(engine, value.backfillId, [event], { audit }));
  return after ?? value;
}

/** Throws BACKFILL_NOT_FOUND, with the nearest of the latest. */
export async function findBackfill(
  { backfills }: Pick<Engine, "backfills">,
  id: string,
): Promise<NonNullable<Awaited<ReturnType<Engine["backfills"]["load"]>>>> {
  const found = idFault("run", id) === undefined ? await backfills.load(backfillId(id)) : undefined;
  if (found !== undefined) return found;
  const known: readonly BackfillId[] = (await backfills.list({ limit: COMPARED_MAX })).map((other) => other.backfillId);
  const text = `there is no backfill '${id}'${didYouMean(id, known)}; \`freshet backfills\` lists them`;
  throw new FreshetError("BACKFILL_NOT_FOUND", text);
}
