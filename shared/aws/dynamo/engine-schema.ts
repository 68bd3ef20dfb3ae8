/** Which engine wrote the table: an older one must not start over what a newer one has written. */
import { FreshetError } from "../../core/errors.ts";
import { getItem, putIf, type Table } from "./dynamo.ts";
import { ENGINE_SCHEMA_KEY } from "./keys.ts";
import { ENGINE_SCHEMA } from "./tables.ts";

/** Throws RECORD_NEWER if a newer engine has been deployed over the table. Writes nothing. */
export async function checkEngineSchema(table: Table, ours: number = ENGINE_SCHEMA): Promise<void> {
  const stored = Number((await getItem(table, ENGINE_SCHEMA_KEY))?.["schema"] ?? 0);
  if (stored <= ours) return;
  throw new FreshetError(
    "RECORD_NEWER",
    `table '${table.tableName}' belongs to an engine of schema ${stored}; this one knows schema ${ours}: deploy a Freshet at ` +
      "least as new as the one before",
  );
}

/** Writes down that this engine has been deployed. Throws RECORD_NEWER as `checkEngineSchema` does. */
export async function markEngineSchema(table: Table, ours: number = ENGINE_SCHEMA): Promise<void> {
  const put = await putIf(table, { ...ENGINE_SCHEMA_KEY, schema: ours }, "the engine's schema", {
    condition: "attribute_not_exists(#pk) OR #schema <= :ours",
    names: { "#pk": "pk", "#schema": "schema" },
    values: { ":ours": ours },
  });
  if (!("written" in put)) await checkEngineSchema(table, ours);
}
