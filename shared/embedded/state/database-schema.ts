/**
 * What the state file holds. `due` and what lists sort by stand in columns of their own, so that one statement writes a
 * record and its place in every index.
 */

/** Raised with each change of the tables, together with the step that brings an older file there. */
export const STATE_SCHEMA = 1;
/** "FRSH": tells our file from any other SQLite database. */
export const APPLICATION_ID = 0x46_52_53_48;

export const TABLES = `
  CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    dag_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    state TEXT NOT NULL,
    run_type TEXT NOT NULL,
    sort_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    due INTEGER,
    head TEXT NOT NULL,
    tasks BLOB NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_time ON runs (sort_at, run_id);
  CREATE INDEX runs_by_dag ON runs (dag_id, sort_at, run_id);
  CREATE INDEX runs_by_state ON runs (state, sort_at, run_id);
  CREATE INDEX runs_queued ON runs (dag_id, queued_at, run_id) WHERE state = 'queued';
  CREATE INDEX runs_due ON runs (due, run_id) WHERE due IS NOT NULL;

  CREATE TABLE dags (
    dag_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    due INTEGER,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX dags_due ON dags (due, dag_id) WHERE due IS NOT NULL;

  CREATE TABLE pools (
    pool_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    due INTEGER,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX pools_due ON pools (due, pool_id) WHERE due IS NOT NULL;

  CREATE TABLE audit (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (kind, id, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE backfills (
    backfill_id TEXT PRIMARY KEY,
    dag_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    commit_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due INTEGER,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX backfills_by_time ON backfills (created_at, backfill_id);
  CREATE INDEX backfills_by_dag ON backfills (dag_id, created_at, backfill_id);
  CREATE INDEX backfills_due ON backfills (due, backfill_id) WHERE due IS NOT NULL;

  CREATE TABLE dag_versions (
    version TEXT PRIMARY KEY,
    bundle TEXT NOT NULL,
    manifest TEXT NOT NULL
  ) STRICT;

  CREATE TABLE attempts (
    run_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    map_index INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    owner TEXT,
    started_at INTEGER,
    lease_until INTEGER,
    ended_at INTEGER,
    reason TEXT,
    outcome TEXT,
    PRIMARY KEY (run_id, task_id, map_index, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempts_running ON attempts (owner) WHERE status = 'running';

  CREATE TABLE arrivals (
    dag_id TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    size INTEGER NOT NULL,
    etag TEXT NOT NULL,
    arrived_at TEXT NOT NULL,
    at INTEGER NOT NULL,
    taken_by TEXT,
    PRIMARY KEY (dag_id, trigger_id, bucket, key, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX arrivals_waiting ON arrivals (dag_id, trigger_id, at) WHERE taken_by IS NULL;
`;
