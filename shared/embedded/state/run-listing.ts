import { FreshetError } from "../../core/errors.ts";
import type { RunId } from "../../core/ids.ts";
import type { EncodedRun } from "../../core/run/codec/run-codec.ts";
import type { Run } from "../../core/run.ts";
import { RUN_PAGE_MAX, type RunPage, type RunQuery } from "../../ports/run-store.ts";
import type { Database } from "./database.ts";

interface Row extends EncodedRun {
  readonly run_id: RunId;
  readonly sort_at: number;
}

const UNLISTED = "";

/** The DAG in whose list the run is; a chunk is in none. */
export const listedUnder = ({ origin, dagId }: Run): string => (origin.kind === "chunk" ? UNLISTED : dagId);

/** A page of runs, newest first. Throws USAGE for an `after` that no page returned. */
export function listRuns(database: Database, query: RunQuery, decode: (id: RunId, row: EncodedRun) => Run): RunPage {
  const limit = Math.max(1, Math.min(query.limit, RUN_PAGE_MAX));
  const conditions = [`dag_id <> '${UNLISTED}'`];
  const values: (string | number)[] = [];
  if (query.dagId !== undefined) {
    conditions.push("dag_id = ?");
    values.push(query.dagId);
  }
  if (query.state !== undefined) {
    conditions.push("state = ?");
    values.push(query.state);
  }
  if (query.after !== undefined) {
    conditions.push("(sort_at, run_id) < (?, ?)");
    values.push(...placeOf(query.after));
  }
  const where = conditions.join(" AND ");
  const sql = `SELECT run_id, sort_at, head, tasks FROM runs WHERE ${where} ORDER BY sort_at DESC, run_id DESC LIMIT ?`;
  const rows = database.statement(sql).all(...values, limit + 1) as unknown as Row[];
  const page = rows.slice(0, limit);
  const runs = page.map((row) => decode(row.run_id, row));
  const last = page.at(-1);
  return rows.length > limit && last !== undefined ? { runs, next: `${last.sort_at}/${last.run_id}` } : { runs };
}

function placeOf(after: string): readonly [sortAt: number, runId: string] {
  const match = /^(-?\d{1,16})\/(.+)$/.exec(after);
  if (match === null) {
    throw new FreshetError("USAGE", `'${after}' is not where a page of runs ended; give 'next' of the page before`);
  }
  return [Number(match[1]), match[2] ?? ""];
}
