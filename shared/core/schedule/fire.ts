/**
 * When a cron expression fires in a time zone. cron-parser says what the clock reads then; what that means where clocks change
 * is decided here, for every mode alike: a time of day that the clock skips moves forward by as much (02:30 becomes 03:30) or
 * is left out; one that the clock shows twice fires the first time, the second, or both; and where the hour is `*`, every
 * instant that reads so fires, so that such an expression knows neither.
 */
import { goesByMinutes, nextWall, previousWall } from "./cron.ts";
import type { DstPolicy } from "../manifest.ts";
import { instant, plus, type Instant } from "../time.ts";
import { firstInstant, offsetAt, showingOf, wallAt, type WallTime } from "./zone.ts";

/** One expression, in a time zone. */
export interface Clockwork {
  readonly expression: string;
  readonly timezone: string;
  readonly dst: DstPolicy;
}

const DAY_MS = 86_400_000;
/** A clock that was changed within this time may still show, or already have shown, what counts now. */
const CHANGE_REACH_MS = DAY_MS + 7_200_000;
/** Readings looked at for one firing: a whole day that the clock skips or shows twice, minute by minute, and more. */
const STEPS_MAX = 10_000;

/** The first firing after `after`. */
export const nextFire = (clockwork: Clockwork, after: Instant): Instant =>
  goesByMinutes(clockwork.expression) ? nextReading(clockwork, after) : nextTimeOfDay(clockwork, after);

/** The last firing at `until` or before. */
export function lastFire(clockwork: Clockwork, until: Instant): Instant {
  const { expression, timezone } = clockwork;
  let wall = plus(instant(wallAt(timezone, until)), 1) as number as WallTime;
  for (let step = 0; step < STEPS_MAX; step++) {
    wall = previousWall(expression, wall);
    const highest = Math.max(...offsetsAround(timezone, instant(wall)));
    let fire = nextFire(clockwork, instant(wall - highest - 1));
    if (fire > until) continue;
    for (let next = nextFire(clockwork, fire); next <= until; next = nextFire(clockwork, fire)) fire = next;
    return fire;
  }
  throw tooLong(clockwork);
}

/** Where the hour is given: readings in their order, each at the instants that the policy gives it. */
function nextTimeOfDay(clockwork: Clockwork, after: Instant): Instant {
  const { expression, timezone } = clockwork;
  let wall = (after + Math.min(...offsetsAround(timezone, after))) as WallTime;
  let first: Instant | undefined;
  for (let step = 0; step < STEPS_MAX; step++) {
    wall = nextWall(expression, wall);
    const { at, unchanged } = showingOf(timezone, wall);
    for (const fire of chosen(clockwork, at, unchanged)) {
      if (fire > after && (first === undefined || fire < first)) first = fire;
    }
    // A skipped reading may fire after ones that follow it; after one that is shown once, all fire later than it.
    if (first !== undefined && at.length === 1 && at.every((then) => then > after)) return first;
  }
  throw tooLong(clockwork);
}

function chosen({ dst }: Clockwork, at: readonly Instant[], unchanged: Instant): readonly Instant[] {
  if (at.length === 0) return dst.gap === "shift" ? [unchanged] : [];
  if (at.length === 1 || dst.fold === "both") return at;
  return dst.fold === "first" ? at.slice(0, 1) : at.slice(1);
}

/** Where the hour is `*`: stretch by stretch between changes of the clock. */
function nextReading(clockwork: Clockwork, after: Instant): Instant {
  const { expression, timezone } = clockwork;
  let from = after;
  let offset = offsetAt(timezone, from);
  for (let step = 0; step < STEPS_MAX; step++) {
    const fire = instant(nextWall(expression, (from + offset) as WallTime) - offset);
    const near = Math.min(fire, from + 2 * DAY_MS) as Instant;
    if (offsetAt(timezone, near) !== offset) {
      const old = offset;
      from = plus(
        firstInstant(from, near, (at) => offsetAt(timezone, at) !== old),
        -1,
      );
      offset = offsetAt(timezone, plus(from, 1));
    } else if (near === fire) return fire;
    else {
      // No clock shows a reading more than a day earlier than another does: nothing can match until shortly before.
      from = plus(fire, -2 * DAY_MS);
      offset = offsetAt(timezone, from);
    }
  }
  throw tooLong(clockwork);
}

const offsetsAround = (timezone: string, at: Instant): readonly number[] => [
  offsetAt(timezone, plus(at, -CHANGE_REACH_MS)),
  offsetAt(timezone, at),
  offsetAt(timezone, plus(at, CHANGE_REACH_MS)),
];

const tooLong = ({ expression, timezone }: Clockwork): RangeError =>
  new RangeError(`'${expression}' in ${timezone} does not fire within ${STEPS_MAX} readings`);
