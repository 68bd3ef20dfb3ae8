import type { CommitId, PoolId } from "../core/ids.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { Pool } from "../core/pool/record.ts";
import type { CommitResult, Stored } from "./stored.ts";

/** The records of pools. */
export interface PoolStore {
  /** The record as it is now: sees every commit that has returned. */
  load(id: PoolId): Promise<Stored<Pool> | undefined>;
  /**
   * Puts a new pool, version 1, if there is none with its id. Returns `created` also when an earlier try of this same
   * commit put it; otherwise the pool that is there.
   */
  create(pool: Pool, commitId: CommitId): Promise<"created" | Stored<Pool>>;
  /**
   * Stores `next` as version + 1 only if nobody wrote since `read`; a lost reply is recognised by the commit id. With `audit`:
   * both are stored, or neither.
   */
  commit(read: Stored<Pool>, next: Pool, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult>;
  /** Every pool, by id. May miss what was written a moment ago. */
  list(): Promise<readonly Pool[]>;
}
