/** Reading options: each reader gives the value, or reports what is wrong with it and gives undefined. */
import { didYouMean } from "../../core/problem.ts";
import { parseDuration } from "../../core/time.ts";
import { isRecord } from "../definition.ts";
import { shown, type Reporter } from "./report.ts";

export type Option<Value> = (value: unknown, name: string, report: Reporter) => Value | undefined;

/** What a table of options reads: a member for each option that was given and is right. */
export type Read<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name] extends Option<infer Value> ? Value : never;
};
export type OptionTable = { readonly [name: string]: Option<unknown> };

const wrong = (report: Reporter, name: string, value: unknown, expected: string): undefined => {
  report("DAG005", `${name} is ${shown(value)}, expected ${expected}`);
  return undefined;
};

export const text: Option<string> = (value, name, report) =>
  typeof value === "string" ? value : wrong(report, name, value, "text");

export const flag: Option<boolean> = (value, name, report) =>
  typeof value === "boolean" ? value : wrong(report, name, value, "true or false");

export const whole =
  (min: number, max: number): Option<number> =>
  (value, name, report) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? value
      : wrong(report, name, value, `a whole number from ${min} to ${max}`);

export const factor =
  (min: number, max: number): Option<number> =>
  (value, name, report) =>
    typeof value === "number" && value >= min && value <= max
      ? value
      : wrong(report, name, value, `a number from ${min} to ${max}`);

export const oneOf =
  <const Value extends string>(values: readonly Value[]): Option<Value> =>
  (value, name, report) => {
    const found = values.find((known) => known === value);
    if (found !== undefined) return found;
    const hint = typeof value === "string" ? didYouMean(value, values) : "";
    return wrong(report, name, value, `one of ${values.map((known) => JSON.stringify(known)).join(", ")}${hint}`);
  };

/** Milliseconds; `min` is 1 where nothing would be left of an empty time. */
export const duration =
  (min = 1): Option<number> =>
  (value, name, report) => {
    const ms = typeof value === "string" ? parseDuration(value) : undefined;
    if (ms !== undefined && ms >= min) return ms;
    const given = ms === undefined ? shown(value) : `${shown(value)}, which is no time at all`;
    const help = typeof value === "number" ? unitHelp(value) : undefined;
    const expected = `${name} is ${given}, expected a duration such as "30s", "10m" or "1h30m"`;
    report("DAG006", expected, help === undefined ? {} : { help });
    return undefined;
  };

const unitHelp = (value: number): string =>
  `write the unit: "${value}s" if seconds are meant, "${value}ms" if milliseconds`;

export const listOf =
  <Value>(item: Option<Value>): Option<readonly Value[]> =>
  (value, name, report) => {
    if (!Array.isArray(value)) return wrong(report, name, value, "a list");
    const items = value.map((member: unknown, index) => item(member, `${name}[${index}]`, report));
    return items.every((member) => member !== undefined) ? items : undefined;
  };

export const fn: Option<(...args: never) => unknown> = (value, name, report) =>
  typeof value === "function" ? (value as (...args: never) => unknown) : wrong(report, name, value, "a function");

/** Left to whoever reads it. */
export const anything: Option<unknown> = (value) => value;

export const group =
  <Table extends OptionTable>(table: Table): Option<Read<Table>> =>
  (value, name, report) =>
    isRecord(value) ? readOptions(table, value, report, `${name}.`) : wrong(report, name, value, "an object");

/** Reads all options of one thing; those that are undefined count as absent. */
export function readOptions<Table extends OptionTable>(
  table: Table,
  options: Readonly<Record<string, unknown>>,
  report: Reporter,
  path = "",
): Read<Table> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) {
      const names = Object.keys(table);
      const help = `the options here are ${names.join(", ")}`;
      report("DAG004", `there is no option '${path}${name}'${didYouMean(name, names)}`, { help });
      continue;
    }
    const read = option(value, `${path}${name}`, report);
    if (read !== undefined) values[name] = read;
  }
  return values as Read<Table>;
}
