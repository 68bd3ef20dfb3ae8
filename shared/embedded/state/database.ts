import { accessSync, constants, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { FreshetError } from "../../core/errors.ts";
import { damagedText, isBusy, stateFault } from "./database-faults.ts";
import { APPLICATION_ID, STATE_SCHEMA, TABLES } from "./database-schema.ts";
import { networkFileSystemOf } from "./network-drive.ts";
import { makeFolder } from "../make-folder.ts";

/** How long SQLite itself waits for another process before the writer tries again: nothing else happens meanwhile. */
const BUSY_TIMEOUT_MS = 20;
/** How long opening may wait for another process that makes the file at the same moment. */
const OPEN_TIMEOUT_MS = 5_000;
const CACHE_KB = 8_192;
/** The log is cut back to this size once it has been copied into the file. */
const LOG_BYTES_KEPT = 32 * 1024 * 1024;

/** The state file, open. */
export interface Database {
  readonly path: string;
  /** Prepared once for each text. */
  statement(sql: string): StatementSync;
  /** Reads what is committed; what is wrong with the file is thrown as a writer would reject with it. */
  read<T>(query: (database: Database) => T): T;
  /** A number that changes whenever another connection, of this or another process, has committed. */
  dataVersion(): number;
  /** The statements are gone with it. A second call does nothing. */
  close(): void;
}

/**
 * Opens the state file, or makes it with its folder: a write-ahead log that is synced with every commit. Throws
 * HOME_UNUSABLE, STATE_READ_ONLY, STATE_DAMAGED, STATE_NEWER, DISK_FULL or UNAVAILABLE.
 */
export function openDatabase(path: string): Database {
  prepareFolder(dirname(path));
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: OPEN_TIMEOUT_MS, enableForeignKeyConstraints: false });
    isNewFile(connection, path); // Nothing is changed in a file that is not ours.
    configure(connection);
    bringUp(connection, path);
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return handle(connection, path);
  } catch (error) {
    if (connection?.isOpen === true) connection.close();
    throw stateFault(path, error);
  }
}

function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    const said = (error as NodeJS.ErrnoException).code ?? String(error);
    throw unusable(folder, `it cannot be made (${said})`, error);
  }
  if (!writable(folder)) throw unusable(folder, "this user cannot write in it");
  const network = networkFileSystemOf(realpathSync(folder));
  if (network !== undefined) {
    throw unusable(
      folder,
      `it is on a network file system (${network}), where the locks of the state file do not hold`,
    );
  }
}

const unusable = (folder: string, why: string, cause?: unknown): FreshetError =>
  new FreshetError(
    "HOME_UNUSABLE",
    `'${folder}' cannot hold Freshet's state: ${why}; set FRESHET_HOME to a folder on a local disk that you can write to`,
    { cause },
  );

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function configure(connection: DatabaseSync): void {
  startLog(connection);
  connection.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cache_size = -${CACHE_KB};
    PRAGMA journal_size_limit = ${LOG_BYTES_KEPT};
  `);
}

/** Does nothing to a file that has its log already. The switch itself does not wait for others; so we do. */
function startLog(connection: DatabaseSync): void {
  const pauseMs = 10;
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      connection.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || waitedMs >= OPEN_TIMEOUT_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
    }
  }
}

/** Makes the tables in a new file. */
function bringUp(connection: DatabaseSync, path: string): void {
  connection.exec("BEGIN IMMEDIATE");
  try {
    const isNew = isNewFile(connection, path);
    if (isNew) connection.exec(`${TABLES}; PRAGMA application_id = ${APPLICATION_ID}`);
    // Changes nothing in an older file, but fails in one that cannot be written, before anybody relies on that.
    connection.exec(`PRAGMA user_version = ${STATE_SCHEMA}`);
    connection.exec(isNew ? "COMMIT" : "ROLLBACK");
  } catch (error) {
    if (connection.isTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/** Throws for a file that is not ours, or newer than we are. */
function isNewFile(connection: DatabaseSync, path: string): boolean {
  const schema = number(connection, "PRAGMA user_version");
  const application = number(connection, "PRAGMA application_id");
  if (schema === 0 && application === 0 && number(connection, "SELECT count(*) FROM sqlite_schema") === 0) return true;
  if (application !== APPLICATION_ID) {
    throw new FreshetError("STATE_DAMAGED", damagedText(path, "it is a database, but not one of Freshet's"));
  }
  if (schema > STATE_SCHEMA) {
    throw new FreshetError(
      "STATE_NEWER",
      `the state file '${path}' was written by a newer Freshet (schema ${schema}; this one knows ${STATE_SCHEMA}): ` +
        "upgrade Freshet, or set FRESHET_HOME to another folder",
    );
  }
  return false;
}

function number(connection: DatabaseSync, sql: string): number {
  return Number(Object.values(connection.prepare(sql).get() ?? {})[0]);
}

function handle(connection: DatabaseSync, path: string): Database {
  const statements = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const prepared = connection.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  const database: Database = {
    path,
    statement,
    read: (query) => {
      try {
        return query(database);
      } catch (error) {
        throw stateFault(path, error);
      }
    },
    dataVersion: () => database.read(() => Number(statement("PRAGMA data_version").get()?.["data_version"])),
    close: () => {
      statements.clear();
      if (connection.isOpen) connection.close();
    },
  };
  return database;
}
