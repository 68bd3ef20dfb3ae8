import type { AttemptItem, CloseReason, Outcome, StoredAttempt } from "../core/attempt.ts";
import type { AttemptKey, RunId, TaskId } from "../core/ids.ts";
import type { Instant } from "../core/time.ts";

/** Keys of one `read` at the most. */
export const ATTEMPT_READ_MAX = 100;

/**
 * One item for each attempt, each of its calls conditional on the item alone. An item is `running`, then `finished` (by its
 * owner) or `closed` (by the scheduler), never both; or it is `revoked` before anybody claimed it.
 */
export interface AttemptStore {
  /**
   * Puts the item as running if there is none. `claimed` also when this same owner had claimed it in a try whose reply was
   * lost (owners are unique for each claim); otherwise what is there.
   */
  claim(
    key: AttemptKey,
    claim: { readonly owner: string; readonly at: Instant; readonly leaseUntil: Instant },
  ): Promise<"claimed" | AttemptItem>;
  /**
   * Renews the lease of a running item of this owner; otherwise returns what is there, or `absent`. With `startedAt` the item
   * says from now on that it started then: its code still waits for its turn.
   */
  heartbeat(
    key: AttemptKey,
    owner: string,
    leaseUntil: Instant,
    startedAt?: Instant,
  ): Promise<"renewed" | "absent" | AttemptItem>;
  /** Ends a running item of this owner; doing it twice is `finished` both times. Otherwise what is there, or `absent`. */
  finish(key: AttemptKey, owner: string, outcome: Outcome, at: Instant): Promise<"finished" | "absent" | AttemptItem>;
  /**
   * Makes sure that nobody starts or finishes this attempt from now on, and returns what is then there. Absent: puts
   * `revoked`. Running: turns it into `closed`; with `lease`, only if the lease is still that one. Otherwise unchanged.
   */
  close(
    key: AttemptKey,
    close: { readonly reason: CloseReason; readonly at: Instant; readonly lease?: Instant },
  ): Promise<AttemptItem>;
  /** The items as they are now, in the order of `keys` (`ATTEMPT_READ_MAX` at the most); null where there is none. */
  read(keys: readonly AttemptKey[]): Promise<readonly (AttemptItem | null)[]>;
  /** All attempts of a run, or of one task in it, by task, mapIndex and attempt. For people: never to decide. */
  list(runId: RunId, taskId?: TaskId): Promise<readonly StoredAttempt[]>;
}
