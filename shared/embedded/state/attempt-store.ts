import type { AttemptItem, CloseReason, Outcome, StoredAttempt } from "../../core/attempt.ts";
import { assertNever } from "../../core/errors.ts";
import type { AttemptKey, CommitId, RunId, TaskId } from "../../core/ids.ts";
import { type Instant, instant } from "../../core/time.ts";
import { ATTEMPT_READ_MAX, type AttemptStore } from "../../ports/attempt-store.ts";
import type { Database } from "./database.ts";
import type { Writer } from "./writer.ts";

const KEY = "run_id = ? AND task_id = ? AND map_index = ? AND attempt = ?";
const OWN = `${KEY} AND status = 'running' AND owner = ?`;
const READ = `SELECT * FROM attempts WHERE ${KEY}`;
const CLAIM = `
  INSERT INTO attempts (run_id, task_id, map_index, attempt, status, owner, started_at, lease_until)
  VALUES (?, ?, ?, ?, 'running', ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const CLAIM_ALONG = `
  INSERT INTO attempts (run_id, task_id, map_index, attempt, status, owner, started_at, lease_until)
  SELECT ?, ?, ?, ?, 'running', ?, ?, ? WHERE EXISTS (SELECT 1 FROM runs WHERE run_id = ? AND commit_id = ?)
  ON CONFLICT DO NOTHING`;
const RENEW = `UPDATE attempts SET lease_until = ?, started_at = coalesce(?, started_at) WHERE ${OWN}`;
const FINISH = `
  UPDATE attempts SET status = 'finished', ended_at = ?, outcome = ?, lease_until = NULL WHERE ${OWN}`;
const CLOSE = `
  UPDATE attempts SET status = 'closed', ended_at = ?, reason = ?, lease_until = NULL
  WHERE ${KEY} AND status = 'running'`;
const REVOKE = `
  INSERT INTO attempts (run_id, task_id, map_index, attempt, status, ended_at, reason)
  VALUES (?, ?, ?, ?, 'revoked', ?, ?)
  ON CONFLICT DO NOTHING`;
const LIST = "SELECT * FROM attempts WHERE run_id = ? ORDER BY task_id, map_index, attempt";
const LIST_TASK = "SELECT * FROM attempts WHERE run_id = ? AND task_id = ? ORDER BY map_index, attempt";
const END_LEASES = `
  UPDATE attempts SET lease_until = ?
  WHERE status = 'running' AND lease_until > ? AND substr(owner, 1, length(?)) = ?`;

interface Row {
  readonly run_id: RunId;
  readonly task_id: TaskId;
  readonly map_index: number;
  readonly attempt: number;
  readonly status: AttemptItem["status"];
  readonly owner: string;
  readonly started_at: Instant;
  readonly lease_until: Instant;
  readonly ended_at: Instant;
  readonly reason: CloseReason;
  readonly outcome: string;
}

/** Attempts in the state file. Rejects with the faults of the writer. */
export function createAttemptStore(database: Database, writer: Writer): AttemptStore {
  return {
    claim: (key, { owner, at, leaseUntil }) =>
      writer.write((db) => {
        if (db.statement(CLAIM).run(...parts(key), owner, at, leaseUntil).changes !== 0) return "claimed";
        const item = present(itemAt(db, key));
        return item.status === "running" && item.owner === owner ? "claimed" : item;
      }),
    heartbeat: (key, owner, leaseUntil, startedAt) =>
      writer.write((db) => {
        if (db.statement(RENEW).run(leaseUntil, startedAt ?? null, ...parts(key), owner).changes !== 0)
          return "renewed";
        return itemAt(db, key) ?? "absent";
      }),
    finish: async (key, owner, outcome, at) => {
      const text = JSON.stringify(outcome);
      return writer.write((db) => {
        if (db.statement(FINISH).run(at, text, ...parts(key), owner).changes !== 0) return "finished";
        const item = itemAt(db, key);
        return item?.status === "finished" && item.owner === owner ? "finished" : (item ?? "absent");
      });
    },
    close: (key, { reason, at, lease }) =>
      writer.write((db) => {
        const item = itemAt(db, key);
        if (item === null) db.statement(REVOKE).run(...parts(key), at, reason);
        else if (item.status !== "running" || (lease !== undefined && lease !== item.leaseUntil)) return item;
        else db.statement(CLOSE).run(at, reason, ...parts(key));
        return present(itemAt(db, key));
      }),
    read: async (keys) => {
      if (keys.length > ATTEMPT_READ_MAX) {
        throw new RangeError(`${keys.length} attempts in one read; at most ${ATTEMPT_READ_MAX} are allowed`);
      }
      return database.read((db) => keys.map((key) => itemAt(db, key)));
    },
    list: async (runId, taskId) => {
      const rows = database.read((db) =>
        taskId === undefined ? db.statement(LIST).all(runId) : db.statement(LIST_TASK).all(runId, taskId),
      );
      return (rows as unknown as Row[]).map(storedOf);
    },
  };
}

/**
 * Ends the leases of running attempts whose owner begins with `ownerPrefix` ("": all of them) at `at`, so that the sweep
 * finds them lost at once; returns how many. For a process that starts and knows that those owners are dead.
 */
export function endLeasesOf(writer: Writer, ownerPrefix: string, at: Instant): Promise<number> {
  return writer.write((db) => Number(db.statement(END_LEASES).run(at, at, ownerPrefix, ownerPrefix).changes));
}

/**
 * Claims an attempt if the last commit of its run is this one. Given to the writer right after that commit, it is in the same
 * transaction: both are on disk, or neither. False: nothing was written, and the attempt is to be claimed as any other.
 */
export function claimAlong(
  writer: Writer,
  key: AttemptKey,
  { owner, at, leaseUntil }: Parameters<AttemptStore["claim"]>[1],
  commit: CommitId,
): Promise<boolean> {
  return writer.write(
    (db) => db.statement(CLAIM_ALONG).run(...parts(key), owner, at, leaseUntil, key.runId, commit).changes !== 0,
  );
}

const parts = (key: AttemptKey): [RunId, TaskId, number, number] => [key.runId, key.taskId, key.mapIndex, key.attempt];

function itemAt(database: Database, key: AttemptKey): AttemptItem | null {
  const row = database.statement(READ).get(...parts(key)) as unknown as Row | undefined;
  return row === undefined ? null : itemOf(row);
}

/** Within one operation what was just written or found in the way is there. */
function present(item: AttemptItem | null): AttemptItem {
  if (item === null) throw new TypeError("an attempt that was just written is not there");
  return item;
}

function itemOf(row: Row): AttemptItem {
  const { status, owner, reason } = row;
  const startedAt = instant(row.started_at);
  const endedAt = instant(row.ended_at);
  switch (status) {
    case "running":
      return { status, owner, startedAt, leaseUntil: instant(row.lease_until) };
    case "finished":
      return { status, owner, startedAt, endedAt, outcome: JSON.parse(row.outcome) as Outcome };
    case "closed":
      return { status, owner, startedAt, endedAt, reason };
    case "revoked":
      return { status, endedAt, reason };
    default:
      return assertNever(status);
  }
}

const storedOf = (row: Row): StoredAttempt => ({
  key: { runId: row.run_id, taskId: row.task_id, mapIndex: row.map_index, attempt: row.attempt },
  item: itemOf(row),
});
