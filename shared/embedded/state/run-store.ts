import { FreshetError } from "../../core/errors.ts";
import type { CommitId, DagId, RunId } from "../../core/ids.ts";
import { type EncodedRun, decodeRun, encodeRun } from "../../core/run/codec/run-codec.ts";
import type { AuditEntry } from "../../core/operation.ts";
import type { Run } from "../../core/run.ts";
import type { RunStore } from "../../ports/run-store.ts";
import type { CommitResult, Stored } from "../../ports/stored.ts";
import { putAudit } from "./audit-log.ts";
import type { Database } from "./database.ts";
import { checkRecordSize } from "../../ports/record-size.ts";
import { listedUnder, listRuns } from "./run-listing.ts";
import type { Writer } from "./writer.ts";

/** Runs kept decoded: those that are being advanced right now. */
const DECODED_RUNS_MAX = 64;

const LOAD = "SELECT version, head, tasks FROM runs WHERE run_id = ?";
const VERSION = "SELECT version FROM runs WHERE run_id = ?";
const INSERT = `
  INSERT INTO runs (run_id, dag_id, version, commit_id, state, run_type, sort_at, queued_at, due, head, tasks)
  VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (run_id) DO NOTHING`;
const LAST_COMMIT = "SELECT version, commit_id, head, tasks FROM runs WHERE run_id = ?";
/** Most commits move nothing that an index holds: then no index is touched. The condition says whether that is so. */
const UPDATE_IN_PLACE = `
  UPDATE runs SET version = version + 1, commit_id = ?, head = ?, tasks = ?
  WHERE run_id = ? AND version = ? AND state = ? AND due IS ? AND queued_at = ? AND sort_at = ?`;
const UPDATE = `
  UPDATE runs
  SET version = version + 1, commit_id = ?, head = ?, tasks = ?, state = ?, due = ?, queued_at = ?, sort_at = ?
  WHERE run_id = ? AND version = ?`;
const QUEUED = `
  SELECT run_id FROM runs WHERE state = 'queued' AND dag_id = ? ORDER BY queued_at, run_id LIMIT ?`;

interface Row {
  readonly version: number;
  readonly head: string;
  readonly tasks: Uint8Array;
}

/** Runs in the state file. Rejects with the faults of the writer, RECORD_TOO_LARGE, RECORD_NEWER and RECORD_DAMAGED. */
export function createRunStore(database: Database, writer: Writer): RunStore {
  const decoded = decodedRuns();

  function load(db: Database, id: RunId): Stored<Run> | undefined {
    const known = decoded.get(id);
    // A version is written once: while the record has it, what was decoded is what is there, whoever wrote it.
    if (known !== undefined && db.statement(VERSION).get(id)?.["version"] === known.version) return copyOf(known);
    const row = db.statement(LOAD).get(id) as unknown as Row | undefined;
    if (row === undefined) return undefined;
    const read = { value: decodeRow(id, row), version: row.version };
    decoded.set(id, read);
    return copyOf(read);
  }

  async function create(run: Run, commitId: CommitId): Promise<"created" | Stored<Run>> {
    const { head, tasks } = encodeChecked(run);
    return writer.write((db) => {
      const { changes } = db
        .statement(INSERT)
        .run(
          run.runId,
          listedUnder(run),
          commitId,
          run.state,
          run.runType,
          sortAt(run),
          run.queuedAt,
          run.due,
          head,
          tasks,
        );
      if (changes !== 0) return "created";
      const row = db.statement(LAST_COMMIT).get(run.runId) as unknown as Row & { readonly commit_id: string };
      return row.commit_id === commitId ? "created" : { value: decodeRow(run.runId, row), version: row.version };
    });
  }

  async function commit(read: Stored<Run>, next: Run, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult> {
    const { head, tasks } = encodeChecked(next);
    const place = [next.state, next.due, next.queuedAt, sortAt(next)] as const;
    const value = ownCopy(next);
    const result = await writer.write((db): CommitResult => {
      const key = [next.runId, read.version] as const;
      const inPlace = db.statement(UPDATE_IN_PLACE).run(commitId, head, tasks, ...key, ...place);
      if (inPlace.changes !== 0 || db.statement(UPDATE).run(commitId, head, tasks, ...place, ...key).changes !== 0) {
        putAudit(db, audit, read.version + 1);
        return "committed";
      }
      const row = db.statement(LAST_COMMIT).get(next.runId);
      if (row === undefined) return "missing";
      return row["commit_id"] === commitId ? "committed" : "stale";
    });
    if (result === "committed") decoded.set(next.runId, { value, version: read.version + 1 });
    return result;
  }

  return {
    load: async (id) => database.read((db) => load(db, id)),
    create,
    commit,
    list: async (query) => database.read((db) => listRuns(db, query, decodeRow)),
    queued: async (dagId: DagId, limit) =>
      database.read((db) =>
        (db.statement(QUEUED).all(dagId, limit) as unknown as { run_id: RunId }[]).map((row) => row.run_id),
      ),
  };
}

const sortAt = (run: Run): number => run.logicalDate ?? run.queuedAt;

function encodeChecked(run: Run): EncodedRun {
  const encoded = encodeRun(run);
  checkRecordSize(`run '${run.runId}'`, Buffer.byteLength(encoded.head) + encoded.tasks.byteLength);
  return encoded;
}

function decodeRow(id: RunId, row: EncodedRun): Run {
  try {
    return decodeRun(row);
  } catch (error) {
    if (error instanceof FreshetError) throw error;
    throw new FreshetError(
      "RECORD_DAMAGED",
      `the record of run '${id}' cannot be read: put back a copy of the state file`,
      {
        cause: error,
      },
    );
  }
}

/** The last runs read or written, by id, the one used longest ago goes first. */
function decodedRuns(): { get(id: RunId): Stored<Run> | undefined; set(id: RunId, read: Stored<Run>): void } {
  const runs = new Map<RunId, Stored<Run>>();
  return {
    get: (id) => runs.get(id),
    set: (id, read) => {
      runs.delete(id);
      runs.set(id, read);
      const oldest = runs.keys().next();
      if (runs.size > DECODED_RUNS_MAX && oldest.done !== true) runs.delete(oldest.value);
    },
  };
}

/** Of a run's parts only the packed arrays can be written to: whoever holds the run has their own. */
const ownCopy = (run: Run): Run => ({
  ...run,
  tasks: { ...run.tasks, states: run.tasks.states.slice(), attempts: run.tasks.attempts.slice() },
});
const copyOf = ({ value, version }: Stored<Run>): Stored<Run> => ({ value: ownCopy(value), version });
