import type { BackfillId, DagId, PoolId, RunId } from "../../core/ids.ts";
import type { Instant } from "../../core/time.ts";
import type { DueIndex, DueRecord } from "../../ports/due-index.ts";
import type { Database } from "./database.ts";

/** Records of one page. */
const DUE_PAGE = 500;

const RUNS_DUE = `
  SELECT run_id AS id, due FROM runs WHERE due <= ? AND (due, run_id) > (?, ?) ORDER BY due, run_id LIMIT ?`;
const DAGS_DUE = `
  SELECT dag_id AS id, due FROM dags WHERE due <= ? AND (due, dag_id) > (?, ?) ORDER BY due, dag_id LIMIT ?`;

const POOLS_DUE = `
  SELECT pool_id AS id, due FROM pools WHERE due <= ? AND (due, pool_id) > (?, ?) ORDER BY due, pool_id LIMIT ?`;
const BACKFILLS_DUE = `
  SELECT backfill_id AS id, due FROM backfills
  WHERE due <= ? AND (due, backfill_id) > (?, ?) ORDER BY due, backfill_id LIMIT ?`;

interface Row {
  readonly id: string;
  readonly due: Instant;
}

/** The `due` columns of the state file, which commits write along with the record. */
export function createDueIndex(database: Database): DueIndex {
  /** Goes on after the last one seen, so that records may move while the caller works on a page. */
  function* pages(sql: string, until: Instant): Iterable<readonly Row[]> {
    let after: readonly [due: number, id: string] = [Number.MIN_SAFE_INTEGER, ""];
    for (;;) {
      const rows = database.read((db) => db.statement(sql).all(until, ...after, DUE_PAGE)) as unknown as Row[];
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows;
      if (rows.length < DUE_PAGE) return;
      after = [last.due, last.id];
    }
  }

  return {
    async *due(until) {
      for (const page of pages(DAGS_DUE, until)) {
        yield page.map(({ id, due }): DueRecord => ({ kind: "dag", id: id as DagId, due }));
      }
      for (const page of pages(POOLS_DUE, until)) {
        yield page.map(({ id, due }): DueRecord => ({ kind: "pool", id: id as PoolId, due }));
      }
      for (const page of pages(BACKFILLS_DUE, until)) {
        yield page.map(({ id, due }): DueRecord => ({ kind: "backfill", id: id as BackfillId, due }));
      }
      for (const page of pages(RUNS_DUE, until)) {
        yield page.map(({ id, due }): DueRecord => ({ kind: "run", id: id as RunId, due }));
      }
    },
  };
}
