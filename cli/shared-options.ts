/** Options that several commands have. */
import type { OptionSpec } from "./command.ts";

export const DAGS: OptionSpec = {
  flags: "--dags <dir>",
  description: "the folder with the *.dag.ts files (default: dags)",
};
export const PARAMS: OptionSpec = { flags: "--params <json>", description: "params as JSON, or @file.json" };
