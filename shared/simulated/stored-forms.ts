/** Records in the form in which other adapters store them, and how large they are in it. */
import { decodeBackfill, encodeBackfill } from "../core/backfill/codec.ts";
import type { Backfill } from "../core/backfill/record.ts";
import { decodeDag, encodeDag } from "../core/dag/codec.ts";
import type { DagRecord } from "../core/dag/record.ts";
import { decodePool, encodePool } from "../core/pool/codec.ts";
import type { Pool } from "../core/pool/record.ts";
import { decodeRun, encodeRun } from "../core/run/codec/run-codec.ts";
import type { Run } from "../core/run.ts";
import { checkRecordSize } from "../ports/record-size.ts";

export interface StoredForm<T> {
  /** As it comes back from the store. */
  readonly keep: (value: T) => T;
  /** Throws RECORD_TOO_LARGE. */
  readonly check: (value: T) => void;
}

const bytesOf = (text: string): number => Buffer.byteLength(text);

const RUN: StoredForm<Run> = {
  keep: (run) => decodeRun(encodeRun(run)),
  check(run) {
    const { head, tasks } = encodeRun(run);
    checkRecordSize(`run '${run.runId}'`, bytesOf(head) + tasks.byteLength);
  },
};
const DAG: StoredForm<DagRecord> = {
  keep: (dag) => decodeDag(encodeDag(dag)),
  check: (dag) => checkRecordSize(`dag '${dag.dagId}'`, bytesOf(encodeDag(dag))),
};
const POOL: StoredForm<Pool> = {
  keep: (pool) => decodePool(encodePool(pool)),
  check: (pool) => checkRecordSize(`pool '${pool.poolId}'`, bytesOf(encodePool(pool))),
};
const BACKFILL: StoredForm<Backfill> = {
  keep: (backfill) => decodeBackfill(encodeBackfill(backfill)),
  check: (backfill) => checkRecordSize(`backfill '${backfill.backfillId}'`, bytesOf(encodeBackfill(backfill))),
};

const asItIs = <T>(): StoredForm<T> => ({ keep: (value) => value, check: () => undefined });

/** Encoded, records are kept as they would be stored, and decoded for each reader: slower, and sees what the form loses. */
export const storedForms = (encoded: boolean) =>
  encoded
    ? { run: RUN, dag: DAG, pool: POOL, backfill: BACKFILL }
    : { run: asItIs<Run>(), dag: asItIs<DagRecord>(), pool: asItIs<Pool>(), backfill: asItIs<Backfill>() };
