import type { AuditEntry, StoredAudit } from "../../core/operation.ts";
import { AUDIT_PAGE_MAX, type AuditLog } from "../../ports/audit-log.ts";
import { queryPages, type NewItem, type Table } from "./dynamo.ts";
import { AUDIT_PREFIX, auditKey, partitionOf, type ItemKey } from "./keys.ts";

/** The entry as an item beside its record. */
export const auditItem = (record: ItemKey, version: number, entry: AuditEntry): NewItem => ({
  ...auditKey(record, version),
  version,
  entry: JSON.stringify(entry),
});

/** What operators did, in the engine table: items in the partition of the record that they are about. */
export function createAuditLog(table: Table): AuditLog {
  return {
    async list(subject, limit) {
      const most = Math.min(limit, AUDIT_PAGE_MAX);
      const found: StoredAudit[] = [];
      const pages = queryPages(table, {
        KeyConditionExpression: "#pk = :pk AND begins_with(#sk, :audit)",
        ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
        values: { ":pk": partitionOf(subject), ":audit": AUDIT_PREFIX },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: most,
      });
      for await (const { items } of pages) {
        for (const item of items) {
          found.push({ ...(JSON.parse(String(item["entry"])) as AuditEntry), version: Number(item["version"]) });
        }
        if (found.length >= most) break;
      }
      return found.slice(0, most);
    },
  };
}
