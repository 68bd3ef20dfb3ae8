/** The stored form of a backfill. */
import { checkSchema } from "../schema.ts";
import { BACKFILL_SCHEMA, type Backfill } from "./record.ts";

export const encodeBackfill = (backfill: Backfill): string => JSON.stringify(backfill);

/** Throws RECORD_NEWER for a schema that this code does not know; anything else that cannot be read throws too. */
export function decodeBackfill(text: string): Backfill {
  const backfill = JSON.parse(text) as Backfill;
  checkSchema(`backfill '${backfill.backfillId}'`, backfill.schema, BACKFILL_SCHEMA);
  return backfill;
}
