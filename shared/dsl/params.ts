/** Params: a schema of any library that follows Standard Schema and its JSON Schema part (zod 4.2 and later do). */
import { FreshetError } from "../core/errors.ts";
import { jsonFault, type JsonObject, type JsonValue } from "../core/json.ts";
import type { Nothing } from "./context.ts";
import { isRecord } from "./definition.ts";

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
type Validated = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

export interface ParamsSchema<Params = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: unknown; readonly output: Params } | undefined;
    readonly validate: (value: unknown) => Validated | Promise<Validated>;
    readonly jsonSchema: {
      readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
    };
  };
}

/** What a task that declares `params: Schema` sees; without a schema it sees none. */
export type ParamsOf<Schema> = [Schema] extends [ParamsSchema]
  ? NonNullable<Schema["~standard"]["types"]>["output"]
  : Nothing;

/** What a run of a DAG with this schema can be started with: what has a default may be left out. */
export type ParamsGiven<Schema> = [Schema] extends [ParamsSchema]
  ? NonNullable<Schema["~standard"]["types"]>["input"]
  : Nothing;

export function isParamsSchema(value: unknown): value is ParamsSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = (value as Readonly<Record<string, unknown>>)["~standard"];
  return isRecord(standard) && typeof standard["validate"] === "function" && isRecord(standard["jsonSchema"]);
}

/** The JSON Schema and the defaults in it, or why there is none. */
export function describeParams(
  schema: ParamsSchema,
): { readonly schema: JsonObject; readonly defaults: JsonObject } | { readonly fault: string } {
  let json: unknown;
  try {
    json = schema["~standard"].jsonSchema.input({ target: "draft-2020-12" });
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
  const fault = jsonFault(json);
  if (fault !== undefined) return { fault: `its JSON Schema has ${fault}` };
  const described = JSON.parse(JSON.stringify(json)) as JsonObject;
  if (described["type"] !== "object") return { fault: "it describes no object with named members" };
  return { schema: described, defaults: defaultsIn(described["properties"]) };
}

function defaultsIn(properties: JsonValue | undefined): JsonObject {
  const defaults: Record<string, JsonValue> = {};
  for (const [name, property] of Object.entries(isRecord(properties) ? properties : {})) {
    const value = isRecord(property) ? property["default"] : undefined;
    if (value !== undefined) defaults[name] = value;
  }
  return defaults;
}

/** The params as the author's schema gives them. Throws INVALID_PARAMS with everything that is wrong. */
export async function readParams(schema: ParamsSchema, dagId: string, params: JsonObject): Promise<unknown> {
  const result = await schema["~standard"].validate(params);
  if (result.issues === undefined) return result.value;
  const faults = result.issues.map(({ message, path = [] }) => {
    const where = path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");
    return where === "" ? message : `${where}: ${message}`;
  });
  throw new FreshetError("INVALID_PARAMS", `dag '${dagId}' does not take these params: ${faults.join("; ")}`);
}
