/** Every date that fell due has exactly one run, or was passed over for a reason. */
import type { Manifest } from "../../../shared/core/manifest.ts";
import { nextFiring, type Firing } from "../../../shared/core/schedule/schedule.ts";
import { instant, iso, type Instant } from "../../../shared/core/time.ts";
import type { DagEvidence, Evidence } from "../evidence.ts";
import type { Life } from "../freshet.ts";

/** Schedulers that were up so long between one firing and the next had the time to start its run. */
const UP_MS_MIN = 15_000;
/** A date that fell due so shortly before the schedule was taken away may have gone with it. */
const END_MS = 10_000;

export const scheduleChecks = ({ dags, storm }: Evidence): readonly string[] =>
  dags.flatMap((dag) => {
    const { schedule } = dag.manifest;
    if (schedule === null) return [];
    return [...dates(dag, schedule, storm.lives, storm.scheduledUntil)].map((fault) => `${dag.dag.dagId}: ${fault}`);
  });

function* dates(
  { dag, manifest, runs }: DagEvidence,
  schedule: NonNullable<Manifest["schedule"]>,
  lives: readonly Life[],
  until: number,
): Generator<string> {
  const found = new Map<Instant | null, number>();
  for (const { run } of runs) found.set(run.logicalDate, (found.get(run.logicalDate) ?? 0) + 1);
  for (const [date, times] of found) {
    if (times > 1) yield `${date === null ? "no date" : iso(date)} has ${times} runs`;
  }
  for (const { due, next, logicalDate } of firings(schedule, dag.registeredAt, until)) {
    const has = found.delete(logicalDate);
    // With one run at a time, a date is passed over while an earlier one still runs.
    if (has || manifest.maxActiveRuns === 1 || due > until - END_MS) continue;
    const upMs = upBetween(lives, due, Math.min(next, until));
    if (upMs >= UP_MS_MIN) {
      yield `${iso(logicalDate)} fell due at ${iso(due)} and has no run, though a scheduler was up for ${upMs} ms before the next`;
    }
  }
  for (const date of found.keys())
    yield `there is a run for ${date === null ? "no date" : iso(date)}, which never fell due`;
}

function* firings(
  schedule: NonNullable<Manifest["schedule"]>,
  from: Instant,
  until: number,
): Generator<Firing & { readonly next: Instant }> {
  for (let firing = nextFiring(schedule, from); firing !== null && firing.due <= until;) {
    const after = nextFiring(schedule, firing.due);
    yield { ...firing, next: after?.due ?? instant(until) };
    firing = after;
  }
}

const upBetween = (lives: readonly Life[], start: number, end: number): number =>
  lives.reduce((sum, life) => {
    const [from, to] = [life.readyAt(), life.endedAt() ?? end];
    return from === undefined ? sum : sum + Math.max(0, Math.min(to, end) - Math.max(from, start));
  }, 0);
