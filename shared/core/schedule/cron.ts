/**
 * The one place that calls cron-parser, to read expressions. cron-table.ts finds the readings of a clock that they name;
 * what zones make of those is decided in fire.ts.
 */
import { CronExpressionParser, type CronExpression } from "cron-parser";
import { readingAfter, readingBefore, type CronTable } from "./cron-table.ts";
import type { WallTime } from "./zone.ts";

const MACROS: Readonly<Record<string, string>> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
};
const MACRO_NAMES: readonly string[] = Object.keys(MACROS);

const FIELDS = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12 },
  { name: "day of week", from: 0, to: 7 },
] as const;

/** The fields of an expression, macros spelled out; five of them unless it is faulty. */
const fieldsOf = (expression: string): readonly string[] => {
  const text = expression.trim();
  return text === "" ? [] : (MACROS[text] ?? text).split(/\s+/);
};

/** Its hour is `*`: it fires at every instant whose reading matches, and misses none. */
export const goesByMinutes = (expression: string): boolean => fieldsOf(expression)[1] === "*";

/** Expressions kept parsed; beyond it all are forgotten. */
const TABLES_KEPT_MAX = 5_000;
const tables = new Map<string, CronTable>();

/** Throws what cron-parser throws for an expression that it cannot read. */
function tableOf(expression: string): CronTable {
  let table = tables.get(expression);
  if (table === undefined) {
    if (tables.size >= TABLES_KEPT_MAX) tables.clear();
    table = toTable(
      CronExpressionParser.parse(fieldsOf(expression).join(" "), { currentDate: new Date(0), tz: "UTC" }),
    );
    tables.set(expression, table);
  }
  return table;
}

function toTable({ fields }: CronExpression): CronTable {
  const numbers = (values: readonly (string | number)[]): readonly number[] =>
    values.filter((value) => typeof value === "number");
  return {
    minutes: numbers(fields.minute.values),
    hours: numbers(fields.hour.values),
    days: numbers(fields.dayOfMonth.values),
    lastDay: fields.dayOfMonth.hasLastChar,
    months: numbers(fields.month.values),
    weekdays: numbers(fields.dayOfWeek.values).map((day) => day % 7),
    daysRestricted: !fields.dayOfMonth.isWildcard,
    weekdaysRestricted: !fields.dayOfWeek.isWildcard,
  };
}

/** The first reading after `after` that the expression names. Throws RangeError if there is none: `cronFault` says so before. */
export const nextWall = (expression: string, after: WallTime): WallTime =>
  readingAfter(tableOf(expression), after) ?? never(expression);

/** The last reading before `before` that the expression names. Throws likewise. */
export const previousWall = (expression: string, before: WallTime): WallTime =>
  readingBefore(tableOf(expression), before) ?? never(expression);

/** Whether the expression names the reading. */
export const namesWall = (expression: string, wall: WallTime): boolean =>
  readingAfter(tableOf(expression), (wall - 1) as WallTime) === wall;

function never(expression: string): never {
  throw new RangeError(neverText(expression));
}

const neverText = (expression: string): string => `'${expression.trim()}' never fires: there is no such date`;

/** Why the expression is none, as a sentence of its own; undefined if it is one. */
export function cronFault(expression: string): string | undefined {
  const text = expression.trim();
  if (text.startsWith("@") && MACROS[text] === undefined)
    return `'${text}' is no macro; there are ${MACRO_NAMES.join(", ")}`;
  const fields = fieldsOf(expression);
  if (fields.length !== FIELDS.length)
    return `'${text}' has ${fields.length} fields; cron takes five: ${FIELDS.map(({ name }) => name).join(", ")}`;
  const faults = fields.flatMap((field, index) => fieldFault(field, index) ?? []);
  if (faults.length > 0) return `'${text}': ${faults.join("; ")}`;
  try {
    return readingAfter(tableOf(expression), 0 as WallTime) === undefined ? neverText(expression) : undefined;
  } catch (error) {
    // Each field can be read, so together they name no date: cron-parser says so of most.
    return /day of month/i.test(messageOf(error)) ? neverText(expression) : `'${text}': ${messageOf(error)}`;
  }
}

/** What is wrong with one field: it is read in an expression of which the rest is all stars. */
function fieldFault(field: string, index: number): string | undefined {
  const { name, from, to } = FIELDS[index] as (typeof FIELDS)[number];
  if (isReadable(field, index, to)) return undefined;
  const days = index === 4 ? " (0 and 7 are Sunday)" : "";
  return `the ${name} is '${field}', expected numbers from ${from} to ${to}${days}, lists (1,3), ranges (1-5), steps (*/2) or *`;
}

function isReadable(field: string, index: number, to: number): boolean {
  // An H is a value that cron-parser draws by lot; THU has one too.
  if (/h/i.test(field.replaceAll(/thu/gi, ""))) return false;
  // Last and n-th weekdays of a month are no cron that others know; the last day (L) is.
  if (index === 4 && /[#l]/i.test(field)) return false;
  if ([...field.matchAll(/\/(\d+)/g)].some((step) => Number(step[1]) > to)) return false;
  try {
    CronExpressionParser.parse(FIELDS.map((_, at) => (at === index ? field : "*")).join(" "), { tz: "UTC" });
    return true;
  } catch {
    return false;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
