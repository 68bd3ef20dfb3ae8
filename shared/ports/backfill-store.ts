import type { Backfill } from "../core/backfill/record.ts";
import type { BackfillId, CommitId, DagId } from "../core/ids.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { CommitResult, Stored } from "./stored.ts";

/** The records of backfills. */
export interface BackfillStore {
  /** The record as it is now: sees every commit that has returned. */
  load(id: BackfillId): Promise<Stored<Backfill> | undefined>;
  /**
   * Puts a new backfill, version 1, if there is none with its id. Returns `created` also when an earlier try of this same
   * commit put it; otherwise the backfill that is there.
   */
  create(backfill: Backfill, commitId: CommitId): Promise<"created" | Stored<Backfill>>;
  /**
   * Stores `next` as version + 1 only if nobody wrote since `read`; a lost reply is recognised by the commit id. With `audit`:
   * that entry too, in the same transaction.
   */
  commit(read: Stored<Backfill>, next: Backfill, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult>;
  /** All of them, or those of one DAG, the newest first, at most `limit`. May miss what was written a moment ago. */
  list(query: { readonly dagId?: DagId; readonly limit: number }): Promise<readonly Backfill[]>;
}
