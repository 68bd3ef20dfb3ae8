/** A backfill for people: how far it is, what it left out, and when it will be done. */
import { backfillDates } from "../../core/backfill/dates.ts";
import { isBackfillOver } from "../../core/backfill/decide.ts";
import type { Backfill } from "../../core/backfill/record.ts";
import { instant, iso } from "../../core/time.ts";
import type { BackfillView } from "../../contract/views.ts";
import type { Engine } from "../engine.ts";

/** Skipped dates named one by one; the others are counted. */
const SKIPPED_SHOWN_MAX = 100;
/** Earlier runs that an estimate goes by while none of the backfill's own has ended. */
const RUNS_ESTIMATED_BY = 20;

export async function backfillView(
  engine: Pick<Engine, "runs" | "dags" | "versions" | "clock">,
  backfill: Backfill,
): Promise<BackfillView> {
  const { plan, ended, active, count, taken, stopped, skipped } = backfill;
  const paused = isBackfillOver(backfill) ? null : ((await engine.dags.load(plan.dagId))?.value.paused ?? null);
  return {
    backfillId: backfill.backfillId,
    dagId: plan.dagId,
    state: backfill.state,
    dagPaused: paused && { ...paused, at: iso(paused.at) },
    pool: plan.pool ?? null,
    by: backfill.by,
    createdAt: iso(backfill.createdAt),
    endedAt: backfill.endedAt === null ? null : iso(backfill.endedAt),
    stopped: stopped === null ? null : { ...stopped, at: iso(stopped.at) },
    count,
    ...ended,
    running: active.length,
    left: count - taken,
    skipped: await skippedDates(engine, backfill),
    skippedCount: skipped.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    estimatedEnd: await estimate(engine, backfill),
  };
}

async function skippedDates(
  { versions }: Pick<Engine, "versions">,
  { plan, skipped }: Backfill,
): Promise<BackfillView["skipped"]> {
  const { schedule } = (await versions(plan.version)).manifest;
  if (schedule === null || skipped.length === 0) return [];
  const dates = backfillDates(schedule, plan);
  const places = skipped.flatMap(({ from, to, reason }) =>
    dates.slice(from, to + 1).map(({ logicalDate }) => ({ logicalDate: iso(logicalDate), reason })),
  );
  return places.slice(0, SKIPPED_SHOWN_MAX);
}

/** As long as its own runs took on average, else those of the DAG that succeeded last. */
async function estimate({ runs, clock }: Pick<Engine, "runs" | "clock">, backfill: Backfill): Promise<string | null> {
  const { took, plan, count, taken, active } = backfill;
  if (isBackfillOver(backfill)) return null;
  let averageMs = took.runs === 0 ? undefined : took.ms / took.runs;
  if (averageMs === undefined) {
    const page = await runs.list({ dagId: plan.dagId, state: "success", limit: RUNS_ESTIMATED_BY });
    const lengths = page.runs.flatMap(({ startedAt, endedAt }) =>
      startedAt === null || endedAt === null ? [] : [endedAt - startedAt],
    );
    if (lengths.length === 0) return null;
    averageMs = lengths.reduce((sum, ms) => sum + ms, 0) / lengths.length;
  }
  const rounds = Math.ceil((count - taken + active.length) / plan.parallel);
  return iso(instant(Math.round(clock.now() + rounds * averageMs)));
}
