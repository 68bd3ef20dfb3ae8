/** The names that a mapped task gives to the items of a list. */
import type { JsonValue } from "../../core/json.ts";
import { optionsOf, type TaskDefinition } from "../definition.ts";

/** The longest name of an instance. */
const KEY_LENGTH_MAX = 200;

const keyFunction = (task: TaskDefinition): ((item: JsonValue) => unknown) | undefined => {
  const { key } = optionsOf(task);
  return typeof key === "function" ? (key as (item: JsonValue) => unknown) : undefined;
};

/** The name of one item; null: the task gives none. Throws TypeError on what is no name, and what the function throws. */
export function mapKey(task: TaskDefinition, item: JsonValue): string | null {
  const name = keyFunction(task)?.(item);
  if (name === undefined && keyFunction(task) === undefined) return null;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`its key function gave ${name === "" ? "an empty text" : typeof name}, expected a text`);
  }
  if (name.length <= KEY_LENGTH_MAX) return name;
  throw new TypeError(
    `its key function gave a text of ${name.length} characters; at most ${KEY_LENGTH_MAX} are allowed`,
  );
}

/** The names of the items that are not null, or why there are none; undefined for a task that names nothing. */
export function mapKeys(task: TaskDefinition, output: JsonValue): readonly string[] | string | undefined {
  if (keyFunction(task) === undefined || !Array.isArray(output)) return undefined;
  const keys: string[] = [];
  for (const item of output as readonly JsonValue[]) {
    if (item === null) continue;
    try {
      keys.push(mapKey(task, item) ?? "");
    } catch (error) {
      return `item ${keys.length}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return keys;
}
