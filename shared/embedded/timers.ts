/** Timers in memory. They look at the clock at least every second, so that a machine that slept is not late for longer. */
import type { Instant } from "../core/time.ts";
import type { Clock } from "../ports/clock.ts";
import { TIMER_HORIZON_MS, type TimerTarget, type Timers } from "../ports/timers.ts";

const LOOK_MS_MAX = 1_000;

export interface MemoryTimers extends Timers {
  /** How many are armed. */
  size(): number;
  /** Disarms all. */
  close(): void;
}

interface Armed {
  readonly target: TimerTarget;
  readonly at: Instant;
}

export interface MemoryTimersOptions {
  readonly clock: Clock;
  /** Must not throw. */
  readonly wake: (targets: readonly TimerTarget[]) => void;
}

export function createMemoryTimers({ clock, wake }: MemoryTimersOptions): MemoryTimers {
  const armed: Armed[] = []; // Sorted; the next one last.
  let look: NodeJS.Timeout | undefined;

  const lookAgain = (): void => {
    clearTimeout(look);
    const next = armed.at(-1);
    if (next === undefined) return;
    // At least a millisecond: the system's clock and the timers' are not the same, and never before `at` is promised.
    look = setTimeout(onLook, Math.min(Math.max(next.at - clock.now(), 1), LOOK_MS_MAX));
  };
  const onLook = (): void => {
    const now = clock.now();
    let first = armed.length;
    while (first > 0 && (armed[first - 1]?.at ?? now) <= now) first--;
    const due = armed.splice(first).toReversed();
    lookAgain();
    if (due.length > 0) wake(due.map(({ target }) => target));
  };

  return {
    async arm(target, at, now) {
      if (at > now + TIMER_HORIZON_MS) return; // The due index has it.
      const place = placeOf(armed, at);
      for (let index = place; armed[index]?.at === at; index++) {
        if (armed[index]?.target.kind === target.kind && armed[index]?.target.id === target.id) return;
      }
      armed.splice(place, 0, { target, at });
      if (place === armed.length - 1) lookAgain();
    },
    size: () => armed.length,
    close() {
      armed.length = 0;
      clearTimeout(look);
    },
  };
}

/** Where a timer for `at` goes, in front of those for the same instant. */
function placeOf(armed: readonly Armed[], at: Instant): number {
  let [low, high] = [0, armed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((armed[middle]?.at ?? at) > at) low = middle + 1;
    else high = middle;
  }
  return low;
}
