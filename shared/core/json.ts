/** What can pass between tasks: JSON, nothing else. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/**
 * Canonical JSON: keys in code-unit order, no spaces, so that equal values have equal texts and hashes.
 * `undefined` members are left out, as JSON.stringify does.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  // Plain loops: a thousand manifests are hashed whenever all files are loaded.
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).toSorted()) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** Where in `value` the first thing is that JSON cannot carry (`$.rows[3]: a Date`); undefined if all of it can. */
export function jsonFault(value: unknown, path = "$", seen: readonly object[] = []): string | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : `${path}: ${value}, which JSON cannot carry`;
    case "object":
      return value === null ? undefined : objectFault(value, path, seen);
    default:
      return `${path}: ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}`;
  }
}

/** Levels of lists and objects within each other: beyond it what reads JSON may run out of stack. */
export const JSON_DEPTH_MAX = 500;

function objectFault(value: object, path: string, seen: readonly object[]): string | undefined {
  if (seen.includes(value)) return `${path}: a reference to something around it`;
  if (seen.length >= JSON_DEPTH_MAX) return `${path.slice(0, 40)}…: more than ${JSON_DEPTH_MAX} levels deep`;
  const inner = [...seen, value];
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const fault = jsonFault(item, `${path}[${index}]`, inner);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `${path}: a ${value.constructor?.name ?? "class"}`;
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    const fault = jsonFault(member, `${path}.${key}`, inner);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
