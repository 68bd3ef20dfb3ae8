/** What SQLite says, in our words. */
import { FreshetError } from "../../core/errors.ts";

/** Primary result codes; the upper bits of an `errcode` only refine them. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const PROTOCOL = 15;
const NOTADB = 26;

/** Faults of the file or the machine: whatever else was in the transaction fares no better. */
const OF_THE_FILE: readonly number[] = [BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB];

/** The primary result code of a fault of SQLite's; undefined for any other error. */
function sqliteCode(error: unknown): number | undefined {
  const errcode: unknown = error instanceof Error && "errcode" in error ? error.errcode : undefined;
  return typeof errcode === "number" ? errcode & 0xff : undefined;
}

export const isBusy = (error: unknown): boolean => [BUSY, LOCKED].includes(sqliteCode(error) ?? -1);
export const isFaultOfFile = (error: unknown): boolean => OF_THE_FILE.includes(sqliteCode(error) ?? -1);

/** The fault that a person or a caller can act on; an error that is none of the file's comes back as it is. */
export function stateFault(path: string, error: unknown): unknown {
  const cause = { cause: error };
  const said = error instanceof Error ? error.message : String(error);
  switch (sqliteCode(error)) {
    case BUSY:
    case LOCKED:
    case PROTOCOL:
      return new FreshetError(
        "UNAVAILABLE",
        `the state file '${path}' is held by another process; try again, or end what has it open`,
        cause,
      );
    case READONLY:
      return new FreshetError(
        "STATE_READ_ONLY",
        `the state file '${path}' is read only; make it writable for this user, or set FRESHET_HOME to another folder`,
        cause,
      );
    case FULL:
      return new FreshetError(
        "DISK_FULL",
        `no space left to write the state file '${path}'; nothing of this change was kept: free some space and try again`,
        cause,
      );
    case CORRUPT:
    case NOTADB:
      return new FreshetError("STATE_DAMAGED", damagedText(path, said), cause);
    case CANTOPEN:
    case IOERR:
      return new FreshetError(
        "HOME_UNUSABLE",
        `the state file '${path}' cannot be used (${said}); its folder must be on a local disk and writable by this user`,
        cause,
      );
    default:
      return error;
  }
}

export const damagedText = (path: string, said: string): string =>
  `the state file '${path}' is damaged (${said}); stop Freshet and put back a copy of it, or move it away together with ` +
  `'${path}-wal' and '${path}-shm' and start again with an empty history (buckets are not touched)`;
