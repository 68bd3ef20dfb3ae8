import type { AuditEntry, StoredAudit } from "../../core/operation.ts";
import { AUDIT_PAGE_MAX, type AuditLog } from "../../ports/audit-log.ts";
import type { Database } from "./database.ts";

const INSERT = "INSERT INTO audit (kind, id, version, entry) VALUES (?, ?, ?, ?)";
const LIST = "SELECT version, entry FROM audit WHERE kind = ? AND id = ? ORDER BY version DESC LIMIT ?";

/** Within the transaction that writes the record, as this version of it. */
export function putAudit(db: Database, entry: AuditEntry | undefined, version: number): void {
  if (entry === undefined) return;
  db.statement(INSERT).run(entry.subject.kind, entry.subject.id, version, JSON.stringify(entry));
}

/** What operators did, in the state file. */
export function createAuditLog(database: Database): AuditLog {
  return {
    list: async ({ kind, id }, limit) => {
      const rows = database.read((db) => db.statement(LIST).all(kind, id, Math.min(limit, AUDIT_PAGE_MAX)));
      return rows.map((row): StoredAudit => ({
        ...(JSON.parse(row["entry"] as string) as AuditEntry),
        version: row["version"] as number,
      }));
    },
  };
}
