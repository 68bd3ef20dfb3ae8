import type { CommitId, DagId, RunId } from "../core/ids.ts";
import type { AuditEntry } from "../core/operation.ts";
import type { Run } from "../core/run.ts";
import type { RunState } from "../core/states.ts";
import type { CommitResult, Stored } from "./stored.ts";

/** Runs listed in one page at the most. */
export const RUN_PAGE_MAX = 200;

export interface RunQuery {
  readonly dagId?: DagId;
  readonly state?: RunState;
  readonly limit: number;
  /** As returned by the page before. */
  readonly after?: string;
}

export interface RunPage {
  readonly runs: readonly Run[];
  readonly next?: string;
}

/** The records of runs. */
export interface RunStore {
  /** The record as it is now: sees every commit that has returned. */
  load(id: RunId): Promise<Stored<Run> | undefined>;
  /**
   * Puts a new run, version 1, if there is none with its id. Returns `created` also when an earlier try of this same
   * commit put it; otherwise the run that is there.
   */
  create(run: Run, commitId: CommitId): Promise<"created" | Stored<Run>>;
  /**
   * Stores `next` as version + 1 only if nobody wrote since `read`; a lost reply is recognised by the commit id. With `audit`:
   * both are stored, or neither.
   */
  commit(read: Stored<Run>, next: Run, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult>;
  /**
   * Runs by logical date (of a run without one: by when it was queued), newest first. From an index: may miss what was
   * written a moment ago. Each run in it is read as it is now.
   */
  list(query: RunQuery): Promise<RunPage>;
  /** Queued runs of a DAG, the one queued first comes first. From an index: a hint; the record decides. */
  queued(dagId: DagId, limit: number): Promise<readonly RunId[]>;
}
