/** What an operator's change needs besides its events. */
import type { AuditEntry } from "../core/operation.ts";

export interface Hand<Record> {
  /** The record as it is to be changed, the one that was read if absent; throws FreshetError if the change makes no sense for it. */
  readonly prepare?: (read: Record) => Promise<Record>;
  /** What is stored with the change, in the same transaction; undefined: it came to nothing. */
  readonly audit: (before: Record, after: Record) => Promise<AuditEntry | undefined>;
}

export const prepared = async <Record>(read: Record, hand: Hand<Record> | undefined): Promise<Record> =>
  hand?.prepare === undefined ? read : hand.prepare(read);
