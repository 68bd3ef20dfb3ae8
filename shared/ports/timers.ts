import type { BackfillId, DagId, PoolId, RunId } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";

/** How far ahead a timer may be armed; longer waits live in the due index. */
export const TIMER_HORIZON_MS = 180_000;

export type TimerTarget =
  | { readonly kind: "run"; readonly id: RunId }
  | { readonly kind: "dag"; readonly id: DagId }
  | { readonly kind: "pool"; readonly id: PoolId }
  | { readonly kind: "backfill"; readonly id: BackfillId };

/**
 * Wakes a record at about `at`: never before, at most about a second after, perhaps twice, perhaps not at all (the sweep
 * then does). Carries only the id: the handler recomputes everything from the record as it is then.
 */
export interface Timers {
  arm(target: TimerTarget, at: Instant, now: Instant): Promise<void>;
}
