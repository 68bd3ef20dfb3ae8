/** The stored form of a backfill. */
import { FreshetError } from "../errors.ts";
import { BACKFILL_SCHEMA, type Backfill } from "./record.ts";

export const encodeBackfill = (backfill: Backfill): string => JSON.stringify(backfill);

/** Throws RECORD_NEWER for a schema that this code does not know; anything else that cannot be read throws too. */
export function decodeBackfill(text: string): Backfill {
  const backfill = JSON.parse(text) as Backfill;
  const schema: number = backfill.schema;
  if (schema === BACKFILL_SCHEMA) return backfill;
  throw new FreshetError(
    "RECORD_NEWER",
    `backfill '${backfill.backfillId}' has schema ${schema}; this Freshet knows schema ${BACKFILL_SCHEMA}: upgrade it`,
  );
}
