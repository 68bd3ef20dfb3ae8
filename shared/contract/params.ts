/** Params of a run, checked against the JSON Schema in the manifest. */
import type { z } from "zod";
import { FreshetError } from "../core/errors.ts";
import { jsonFault, type JsonObject } from "../core/json.ts";
import type { Manifest } from "../core/manifest.ts";
import { didYouMean, type Problem } from "../core/problem.ts";

/** The largest params of a run, as JSON: they travel with every dispatch. */
export const PARAMS_BYTES_MAX = 8_192;

/** The params with the DAG's defaults filled in. Rejects with INVALID_PARAMS with all that is wrong. */
export async function checkParams(manifest: Manifest, given: JsonObject): Promise<JsonObject> {
  const fail = (message: string, problems: readonly Problem[] = []): never => {
    throw new FreshetError("INVALID_PARAMS", `dag '${manifest.dagId}': ${message}`, { problems });
  };
  const fault = jsonFault(given, "params");
  if (fault !== undefined) return fail(`params must be JSON; ${fault}`);
  const bytes = new TextEncoder().encode(JSON.stringify(given)).length;
  if (bytes > PARAMS_BYTES_MAX)
    return fail(
      `params have ${bytes} bytes; at most ${PARAMS_BYTES_MAX} are allowed: put the data into storage and pass its key`,
    );
  if (manifest.params === null) {
    const names = Object.keys(given);
    return names.length === 0
      ? {}
      : fail(`takes no params, but was given ${names.map((name) => `'${name}'`).join(", ")}`);
  }
  const merged = { ...manifest.params.defaults, ...given };
  const { fromJSONSchema } = await import("./json-schema.ts"); // Loading it takes longer than most runs without params need to start.
  const parsed = fromJSONSchema(manifest.params.schema).safeParse(merged);
  if (parsed.success) return merged;
  const known = Object.keys((manifest.params.schema["properties"] ?? {}) as object);
  const problems = parsed.error.issues.map((issue) => issueProblem(issue, merged, known));
  return fail(`params do not fit: ${problems.map((problem) => problem.message).join("; ")}`, problems);
}

function issueProblem(issue: z.core.$ZodIssue, params: JsonObject, known: readonly string[]): Problem {
  const path = issue.path.map(String);
  const name = path.join(".");
  let value: unknown = params;
  for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
  const message =
    issue.code === "unrecognized_keys"
      ? issue.keys
          .map((key) => `'${key}' is no param${didYouMean(key, known)}; there are ${known.join(", ") || "none"}`)
          .join("; ")
      : `'${name}' is ${value === undefined ? "missing" : JSON.stringify(value)}: ${issue.message}`;
  return { code: "PARAMS001", level: "error", message };
}
