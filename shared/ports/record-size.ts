import { FreshetError } from "../core/errors.ts";
import { RECORD_BYTES_MAX } from "./stored.ts";

/** Throws RECORD_TOO_LARGE for a record that the other adapters could not hold either. `name`: `run 'orders.1'`. */
export function checkRecordSize(name: string, bytes: number): void {
  if (bytes <= RECORD_BYTES_MAX) return;
  throw new FreshetError(
    "RECORD_TOO_LARGE",
    `the record of ${name} has ${bytes} bytes; at most ${RECORD_BYTES_MAX} fit: put large params into storage and pass ` +
      "their key, or split the pipeline",
  );
}
