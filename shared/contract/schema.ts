/**
 * The schema library as the functions have it: the small form of zod, of which a bundle takes only what is used. The whole
 * library would be a third of the scheduler's code.
 */
import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";

// The small form brings no words along for what is wrong.
z.config(en());

export { z };

/** What is wrong with a value, in words: one line each fault, with where it is. */
export const said = (error: z.core.$ZodError): string => z.prettifyError(error);
