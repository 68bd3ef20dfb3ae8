import { FreshetError } from "./errors.ts";

/** Throws RECORD_NEWER for a record of another schema than ours, so that nothing is ever written over it. `subject`: `run 'a.1'`. */
export function checkSchema<Schema extends number>(
  subject: string,
  given: number,
  ours: Schema,
): asserts given is Schema {
  if (given === ours) return;
  throw new FreshetError(
    "RECORD_NEWER",
    `${subject} has schema ${given}; this Freshet knows schema ${ours}: upgrade it`,
  );
}
