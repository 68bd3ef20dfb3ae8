/** What the use-cases need of the world, and the little they all share. */
import type { Dispatch } from "../core/attempt.ts";
import { FreshetError } from "../core/errors.ts";
import type { AttemptKey, CommitId, VersionHash } from "../core/ids.ts";
import type { RunMessage } from "../contract/messages.ts";
import type { AttemptStore } from "../ports/attempt-store.ts";
import type { AuditLog } from "../ports/audit-log.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock, Ids, Tokens } from "../ports/clock.ts";
import type { DagStore, DagVersion } from "../ports/dag-store.ts";
import type { DueIndex } from "../ports/due-index.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { FaultLog } from "../ports/fault-log.ts";
import type { Inbox } from "../ports/inbox.ts";
import type { BackfillStore } from "../ports/backfill-store.ts";
import type { PoolStore } from "../ports/pool-store.ts";
import type { Queue } from "../ports/queue.ts";
import type { RunStore } from "../ports/run-store.ts";
import type { Timers } from "../ports/timers.ts";
import type { ExecutorClass } from "../core/executor-class.ts";
import type { CrashPoint } from "./crash-points.ts";

export interface Engine {
  readonly runs: RunStore;
  readonly dags: DagStore;
  readonly pools: PoolStore;
  readonly backfills: BackfillStore;
  readonly due: DueIndex;
  readonly audit: AuditLog;
  readonly attempts: AttemptStore;
  readonly inbox: Inbox;
  readonly blobs: BlobStore;
  /** The run-event queue. */
  readonly events: Queue<RunMessage>;
  /** The queue of an executor class; undefined if there is no executor of it. */
  readonly tasks: (executorClass: ExecutorClass) => Queue<Dispatch> | undefined;
  /**
   * Told which attempts a commit dispatches while that commit is on its way to the disk: an executor in this process may claim
   * them in the same transaction, on the condition that the commit takes place. They are sent after it like all others.
   */
  readonly claimAlong?: (keys: readonly AttemptKey[], commit: CommitId) => void;
  readonly timers: Timers;
  readonly bus: EventBus;
  readonly faults: FaultLog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly tokens: Tokens;
  /** Versions never change: what was loaded once is kept. */
  readonly versions: VersionCache;
  readonly crashPoint: CrashPoint;
}

/** Versions kept in memory; beyond it the oldest is forgotten. */
const VERSIONS_KEPT_MAX = 2_000;

export type VersionCache = (version: VersionHash) => Promise<DagVersion>;

/** Throws VERSION_NOT_FOUND for a version that was never registered. */
export function createVersionCache(dags: DagStore): VersionCache {
  const kept = new Map<VersionHash, DagVersion>();
  return async (version) => {
    const known = kept.get(version);
    if (known !== undefined) return known;
    const loaded = await dags.loadVersion(version);
    if (loaded === undefined)
      throw new FreshetError("VERSION_NOT_FOUND", `version ${version} was never registered here`);
    kept.set(version, loaded);
    if (kept.size > VERSIONS_KEPT_MAX) kept.delete(kept.keys().next().value as VersionHash);
    return loaded;
  };
}

/** Tries of one commit before its events go back to the queue. */
export const CONFLICTS_MAX = 3;
/** Between them it waits up to this long at first, then up to twice as long, at random, so that the contenders part. */
export const CONFLICT_DELAY_MS = 5;
/** Events of a contended record are sent again so often; then the record, the attempt item or the inbox tells the same. */
export const CONTENTION_RETRIES_MAX = 8;
/** They wait up to this long, at random, so that the contenders part. */
export const CONTENTION_DELAY_MS_MAX = 2_000;
/** Decisions in a row that one message may set off: each close or look answers with one more. */
export const FOLLOW_UPS_MAX = 50;

/** The record kept changing under us: nothing was decided, and the message must come again. */
export const contention = (what: string): FreshetError =>
  new FreshetError("CONTENTION", `${what} kept changing; the message is sent again`);
