/** Values as messages show them to whoever wrote them. */

const SHOWN_LENGTH_MAX = 60;

/** A value as a message shows it. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string": {
      const text = value.length > SHOWN_LENGTH_MAX ? `${value.slice(0, SHOWN_LENGTH_MAX)}…` : value;
      return `${JSON.stringify(text)} (text)`;
    }
    case "number":
    case "bigint":
    case "boolean":
      return `${String(value)} (a ${typeof value})`;
    case "function":
      return "a function";
    case "undefined":
      return "undefined";
    case "symbol":
      return "a symbol";
    default:
      return typeof value === "object" && value !== null ? shownObject(value) : "null";
  }
}

const shownObject = (value: object): string => (Array.isArray(value) ? "a list" : `an object${className(value)}`);

function className(value: object): string {
  const name = value.constructor?.name;
  return name === undefined || name === "Object" ? "" : ` (${name})`;
}
