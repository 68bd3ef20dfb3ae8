import type { AuditSubject, StoredAudit } from "../core/operation.ts";

/** Entries of one listing at the most. */
export const AUDIT_PAGE_MAX = 200;

/**
 * What operators did. An entry is written by the store of the record that it is about, in the same transaction as the record:
 * one is never there without the other.
 */
export interface AuditLog {
  /** The latest `limit` entries about a record, the newest first. Sees every commit that has returned. */
  list(subject: AuditSubject, limit: number): Promise<readonly StoredAudit[]>;
}
