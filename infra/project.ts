/** Where this Freshet's own sources are, whoever imports its constructs. */
import { join } from "node:path";

export const FRESHET_ROOT = join(import.meta.dirname, "..");
