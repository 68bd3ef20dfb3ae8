import type { Arrival } from "../core/dag/record.ts";
import type { RunId, TriggerId, DagId } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";

/** The inbox of one trigger. */
export interface InboxName {
  readonly dagId: DagId;
  readonly triggerId: TriggerId;
}

/**
 * Arrivals, each kept once for each trigger by (bucket, key, version), until a run has taken it. Kept longer than every
 * queue keeps a message, so that a late double is known.
 */
export interface Inbox {
  /** Idempotent; `known` if the arrival is there already, taken or not. */
  put(arrival: Arrival): Promise<"new" | "known">;
  /** Arrivals that no run has taken, oldest first. Sees every `put` and `take` that has returned. */
  waiting(inbox: InboxName, limit: number): Promise<readonly Arrival[]>;
  /** How many wait, and when the newest came. Sees what `waiting` sees. */
  summary(inbox: InboxName): Promise<{ readonly count: number; readonly newestAt: Instant | null }>;
  /** Marks the arrivals as taken by the run. Idempotent; an arrival that another run took stays with that one. */
  take(arrivals: readonly Arrival[], runId: RunId): Promise<void>;
}
