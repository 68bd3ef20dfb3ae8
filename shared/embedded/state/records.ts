/** Records with a version that are one text each: DAGs, pools and backfills, each kind in a table of its own. */
import type { SQLInputValue } from "node:sqlite";
import { FreshetError } from "../../core/errors.ts";
import type { CommitId } from "../../core/ids.ts";
import type { AuditEntry } from "../../core/operation.ts";
import type { Instant } from "../../core/time.ts";
import { checkRecordSize } from "../../ports/record-size.ts";
import type { CommitResult, Stored } from "../../ports/stored.ts";
import { putAudit } from "./audit-log.ts";
import type { Database } from "./database.ts";
import type { Writer } from "./writer.ts";

/** How records of one kind are stored. */
export interface RecordForm<T, Id extends string> {
  /** The kind as messages name it, `pool`; its table is `pools`, whose key is `pool_id`. */
  readonly kind: string;
  readonly idOf: (value: T) => Id;
  readonly encode: (value: T) => string;
  /** Throws RECORD_NEWER; anything else that it throws comes out as RECORD_DAMAGED. */
  readonly decode: (text: string) => T;
  /** Columns that lists look for: written once, as the record is made. */
  readonly fixed?: (value: T) => Readonly<Record<string, SQLInputValue>>;
}

export interface RecordStore<T, Id extends string> {
  load(id: Id): Promise<Stored<T> | undefined>;
  create(value: T, commitId: CommitId): Promise<"created" | Stored<T>>;
  commit(read: Stored<T>, next: T, commitId: CommitId, audit?: AuditEntry): Promise<CommitResult>;
  /** `rest`: what follows the table's name in the statement. */
  list(rest: string, ...values: SQLInputValue[]): Promise<readonly T[]>;
}

interface Row {
  readonly version: number;
  readonly commit_id: string;
  readonly record: string;
}

/** Rejects with the faults of the writer, RECORD_TOO_LARGE, RECORD_NEWER and RECORD_DAMAGED. */
export function createRecordStore<T extends { readonly due: Instant | null }, Id extends string>(
  database: Database,
  writer: Writer,
  form: RecordForm<T, Id>,
): RecordStore<T, Id> {
  const table = `${form.kind}s`;
  const key = `${form.kind}_id`;
  const LOAD = `SELECT version, commit_id, record FROM ${table} WHERE ${key} = ?`;
  /** Most commits leave `due` as it is: then its index is not touched. */
  const UPDATE_IN_PLACE = `
    UPDATE ${table} SET version = version + 1, commit_id = ?, record = ? WHERE ${key} = ? AND version = ? AND due IS ?`;
  const UPDATE = `
    UPDATE ${table} SET version = version + 1, commit_id = ?, record = ?, due = ? WHERE ${key} = ? AND version = ?`;
  const rowOf = (db: Database, id: Id): Row | undefined => db.statement(LOAD).get(id) as unknown as Row | undefined;

  const { decoded, encoded } = checkedForm(form);
  const storedOf = (id: Id, row: Row): Stored<T> => ({ value: decoded(id, row.record), version: row.version });

  return {
    load: async (id) => {
      const row = database.read((db) => rowOf(db, id));
      return row === undefined ? undefined : storedOf(id, row);
    },

    async create(value, commitId) {
      const id = form.idOf(value);
      const columns = { [key]: id, version: 1, commit_id: commitId, due: value.due, ...form.fixed?.(value) };
      const row = { ...columns, record: encoded(value) };
      const insert = `
        INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${Object.keys(row).fill("?").join(", ")})
        ON CONFLICT (${key}) DO NOTHING`;
      return writer.write((db) => {
        if (db.statement(insert).run(...Object.values(row)).changes !== 0) return "created";
        const found = rowOf(db, id);
        if (found === undefined) throw new TypeError(`${form.kind} '${id}' is in the way, and not there`);
        return found.commit_id === commitId ? "created" : storedOf(id, found);
      });
    },

    async commit(read, next, commitId, audit) {
      const record = encoded(next);
      const [id, { due }] = [form.idOf(next), next];
      return writer.write((db) => {
        if (
          db.statement(UPDATE_IN_PLACE).run(commitId, record, id, read.version, due).changes !== 0 ||
          db.statement(UPDATE).run(commitId, record, due, id, read.version).changes !== 0
        ) {
          putAudit(db, audit, read.version + 1);
          return "committed";
        }
        const row = rowOf(db, id);
        if (row === undefined) return "missing";
        return row.commit_id === commitId ? "committed" : "stale";
      });
    },

    list: async (rest, ...values) => {
      const found = database.read((db) =>
        db.statement(`SELECT ${key} AS id, record FROM ${table} ${rest}`).all(...values),
      );
      return (found as unknown as { id: Id; record: string }[]).map(({ id, record }) => decoded(id, record));
    },
  };
}

/** The form's own codec, with the faults that the store names. */
function checkedForm<T, Id extends string>({ kind, idOf, encode, decode }: RecordForm<T, Id>) {
  return {
    encoded: (value: T): string => {
      const record = encode(value);
      checkRecordSize(`${kind} '${idOf(value)}'`, Buffer.byteLength(record));
      return record;
    },
    decoded: (id: Id, record: string): T => {
      try {
        return decode(record);
      } catch (cause) {
        if (cause instanceof FreshetError) throw cause;
        const fault = `the record of ${kind} '${id}' cannot be read: put back a copy of the state file`;
        throw new FreshetError("RECORD_DAMAGED", fault, { cause });
      }
    },
  };
}
