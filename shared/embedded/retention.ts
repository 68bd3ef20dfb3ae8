/**
 * Forgets what has long ended, so that a home does not grow for ever: runs with their attempts, chunks and audit, the arrivals
 * that they took, and the folders that are named by runs (logs, outputs, staging).
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { DagRecord } from "../core/dag/record.ts";
import { FreshetError } from "../core/errors.ts";
import type { DagId, RunId } from "../core/ids.ts";
import { type EncodedRun, decodeRun } from "../core/run/codec/run-codec.ts";
import type { Run } from "../core/run.ts";
import { type Instant, plus } from "../core/time.ts";
import type { DagStore } from "../ports/dag-store.ts";
import type { Database } from "./state/database.ts";
import type { Writer } from "./state/writer.ts";

/** Of each DAG and type, so many of the newest runs stay, however old they are: a run may wait for the one before. */
export const RUNS_KEPT_MIN = 20;
/** Records looked at, or forgotten, between two turns of the event loop. */
const PAGE = 200;
/** No firing comes later than this after the end of what it covers. */
const DUE_AFTER_END_MS_MAX = 62 * 86_400_000;

export interface Forgotten {
  readonly runs: number;
  readonly arrivals: number;
  /** Of runs, and of trials that were never recorded. */
  readonly folders: number;
}

export interface Retention {
  /**
   * Forgets what had ended before then; `signal` ends it between two pages. What it leaves, or a crash between two of its steps, the
   * next pass finds. Rejects with the faults of the writer and of the file system.
   */
  forget(before: Instant, signal: AbortSignal): Promise<Forgotten>;
}

export interface RetentionDeps {
  readonly database: Database;
  readonly writer: Writer;
  readonly dags: Pick<DagStore, "load">;
  /** The version of the object that lies there now, as arrivals name it; undefined: there is none. */
  readonly versionThere: (bucket: string, key: string) => string | undefined;
  /** Each holds folders that are named by the runs they belong to. */
  readonly folders: readonly string[];
}

export function createRetention(deps: RetentionDeps): Retention {
  return {
    async forget(before, signal) {
      const runs = await forgetRuns(deps, before, signal);
      const arrivals = await forgetArrivals(deps, before, signal);
      let folders = 0;
      for (const folder of deps.folders) folders += await removeFolders(deps.database, folder, before, signal);
      return { runs, arrivals, folders };
    },
  };
}

const ENDED = "state NOT IN ('queued', 'running')";
/** A record with effects on their way has a due. */
const QUIET = `${ENDED} AND due IS NULL`;
const OLD_RUNS = `
  SELECT run_id, version, run_type, sort_at, head, tasks FROM runs
  WHERE ${QUIET} AND dag_id <> '' AND queued_at < ? AND run_id > ? ORDER BY run_id LIMIT ${PAGE}`;
const LAST_KEPT = `
  SELECT sort_at FROM runs WHERE dag_id = ? AND run_type = ?
  ORDER BY sort_at DESC LIMIT 1 OFFSET ${RUNS_KEPT_MIN - 1}`;
const OPEN_CHUNK = `SELECT 1 FROM runs WHERE run_id > ? AND run_id < ? AND NOT (${QUIET})`;
const FORGET_RUN = `DELETE FROM runs WHERE run_id = ? AND version = ? AND ${QUIET}`;
const FORGET_CHUNKS = "DELETE FROM runs WHERE run_id > ? AND run_id < ?";
const FORGET_ATTEMPTS = "DELETE FROM attempts WHERE run_id = ?";
const FORGET_CHUNK_ATTEMPTS = "DELETE FROM attempts WHERE run_id > ? AND run_id < ?";
const FORGET_AUDIT = "DELETE FROM audit WHERE kind = 'run' AND id = ?";

interface Row extends EncodedRun {
  readonly run_id: RunId;
  readonly version: number;
  readonly run_type: string;
  readonly sort_at: number;
}

async function forgetRuns(deps: RetentionDeps, before: Instant, signal: AbortSignal): Promise<number> {
  const { database, writer } = deps;
  const keeps = keeping(deps);
  let forgotten = 0;
  for (let after = ""; !signal.aborted;) {
    const rows = database.read((db) => db.statement(OLD_RUNS).all(before, after)) as unknown as Row[];
    const gone: Promise<boolean>[] = [];
    for (const row of rows) {
      const run = decoded(row);
      if (run === undefined || run.endedAt === null || run.endedAt >= before || (await keeps(run, row))) continue;
      gone.push(writer.write((db) => forgetRun(db, row)));
    }
    forgotten += (await Promise.all(gone)).filter(Boolean).length;
    after = rows.at(-1)?.run_id ?? "";
    if (rows.length < PAGE) break;
    await turn();
  }
  return forgotten;
}

/** In the transaction nothing of it has changed since it was read, nor is any chunk of it at work. */
function forgetRun(db: Database, { run_id: id, version }: Row): boolean {
  const chunks = [`${id}.map-`, `${id}.map.`] as const; // All names that begin with the first.
  if (db.statement(OPEN_CHUNK).get(...chunks) !== undefined) return false;
  if (db.statement(FORGET_RUN).run(id, version).changes === 0) return false;
  db.statement(FORGET_CHUNKS).run(...chunks);
  db.statement(FORGET_ATTEMPTS).run(id);
  db.statement(FORGET_CHUNK_ATTEMPTS).run(...chunks);
  db.statement(FORGET_AUDIT).run(id);
  return true;
}

/** Whether a run stays although it is old. */
function keeping({ database, dags }: RetentionDeps): (run: Run, row: Row) => Promise<boolean> {
  const lastKept = new Map<string, number>();
  const records = new Map<DagId, DagRecord | undefined>();
  return async (run, { run_type: type, sort_at: at }) => {
    const name = `${run.dagId} ${type}`;
    const last =
      lastKept.get(name) ??
      Number(database.read((db) => db.statement(LAST_KEPT).get(run.dagId, type))?.["sort_at"] ?? -Infinity);
    lastKept.set(name, last);
    if (at >= last) return true;
    if (!records.has(run.dagId)) records.set(run.dagId, (await dags.load(run.dagId))?.value);
    return makesUpFor(run, records.get(run.dagId));
  };
}

/** A date that was passed over would be listed as missing again, and made up for again, without the run that did so. */
function makesUpFor({ runType, dataInterval }: Run, dag: DagRecord | undefined): boolean {
  if (runType !== "backfill" || dataInterval === null || dag === undefined) return false;
  const { end } = dataInterval;
  return dag.gaps.some(({ from, to }) => end <= to && plus(end, DUE_AFTER_END_MS_MAX) >= from);
}

/** undefined: of a newer version, or damaged. It stays. */
function decoded(row: Row): Run | undefined {
  try {
    return decodeRun(row);
  } catch (error) {
    if (error instanceof FreshetError) return undefined;
    throw error;
  }
}

const OLD_ARRIVALS = `
  SELECT dag_id, trigger_id, bucket, key, version FROM arrivals
  WHERE taken_by IS NOT NULL AND at < ? AND (dag_id, trigger_id, bucket, key, version) > (?, ?, ?, ?, ?)
    AND NOT EXISTS (SELECT 1 FROM runs WHERE run_id = taken_by)
  ORDER BY dag_id, trigger_id, bucket, key, version LIMIT ${PAGE}`;
const FORGET_ARRIVAL = `
  DELETE FROM arrivals WHERE dag_id = ? AND trigger_id = ? AND bucket = ? AND key = ? AND version = ?`;

type ArrivalRow = Readonly<Record<"dag_id" | "trigger_id" | "bucket" | "key" | "version", string>>;

/** What still lies in its bucket stays known: it would be taken for a new arrival with the next start. */
async function forgetArrivals(
  { database, writer, versionThere }: RetentionDeps,
  before: Instant,
  signal: AbortSignal,
): Promise<number> {
  let forgotten = 0;
  let after = ["", "", "", "", ""] as readonly [string, string, string, string, string];
  while (!signal.aborted) {
    const place = after;
    const rows = database.read((db) => db.statement(OLD_ARRIVALS).all(before, ...place)) as unknown as ArrivalRow[];
    const gone: Promise<void>[] = [];
    for (const { dag_id, trigger_id, bucket, key, version } of rows) {
      const name = [dag_id, trigger_id, bucket, key, version] as const;
      after = name;
      if (versionThere(bucket, key) === version) continue;
      gone.push(writer.write((db) => void db.statement(FORGET_ARRIVAL).run(...name)));
    }
    forgotten += (await Promise.all(gone)).length;
    if (rows.length < PAGE) break;
    await turn();
  }
  return forgotten;
}

const IS_RUN = "SELECT 1 FROM runs WHERE run_id = ?";

/** Folders of which there is no run, and in which nothing has been made since. */
async function removeFolders(
  database: Database,
  parent: string,
  before: Instant,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0;
  const names = await namesIn(parent);
  for (const [index, name] of names.entries()) {
    if (signal.aborted) break;
    if (index % PAGE === PAGE - 1) await turn();
    if (database.read((db) => db.statement(IS_RUN).get(name)) !== undefined) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs >= before) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
