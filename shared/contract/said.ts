/**
 * What is wrong with a value, in words. The schemas here are of zod's small form, of which a bundle has only what is used, as
 * long as it is imported by name or as `* as z`: the whole library would be a third of the scheduler's code.
 */
import { config, prettifyError, type z } from "zod/mini";
import en from "zod/v4/locales/en.js";

// The small form brings no words along.
config(en());

/** One line for each fault, with where it is. */
export const said = (error: z.core.$ZodError): string => prettifyError(error);
