/** The dates of a backfill, in its order. */
import { canonicalJson } from "../json.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { nextFiring, type Firing } from "../schedule/schedule.ts";
import { plus } from "../time.ts";
import { BACKFILL_DATES_MAX, type BackfillPlan } from "./record.ts";

type Wanted = Pick<BackfillPlan, "spans" | "endedBy" | "order" | "seed">;

/** Lists kept; each is made anew when it has been forgotten. */
const KEPT_MAX = 16;
const kept = new Map<string, readonly Firing[]>();

/** One more than `BACKFILL_DATES_MAX` at the most. */
export function backfillDates(schedule: ScheduleSpec, wanted: Wanted): readonly Firing[] {
  const { spans, endedBy, order, seed } = wanted;
  const key = canonicalJson({ schedule, spans, endedBy, order, seed: order === "random" ? seed : 0 });
  const known = kept.get(key);
  if (known !== undefined) return known;
  const dates = ordered(listed(schedule, wanted), wanted);
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(key, dates);
  return dates;
}

function listed(schedule: ScheduleSpec, { spans, endedBy }: Wanted): Firing[] {
  const found: Firing[] = [];
  for (const { start, end } of spans) {
    // A run never falls due before its interval has begun.
    let firing = nextFiring(schedule, plus(start, -1));
    for (; firing !== null && firing.logicalDate < end; firing = nextFiring(schedule, firing.due)) {
      if (firing.dataInterval.end > endedBy || found.length > BACKFILL_DATES_MAX) break;
      if (firing.logicalDate >= start) found.push(firing);
    }
  }
  return found;
}

function ordered(dates: Firing[], { order, seed }: Wanted): readonly Firing[] {
  if (order === "oldest") return dates;
  if (order === "newest") return dates.toReversed();
  const next = randomOf(seed);
  for (let last = dates.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [dates[last], dates[other]] = [dates[other] as Firing, dates[last] as Firing];
  }
  return dates;
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
