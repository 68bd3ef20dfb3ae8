/** The one place that calls cron-parser: on readings of a clock alone. What zones make of them is decided in fire.ts. */
import { CronExpressionParser, type CronExpression } from "cron-parser";
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
export const MACRO_NAMES: readonly string[] = Object.keys(MACROS);

const FIELDS = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12 },
  { name: "day of week", from: 0, to: 7 },
] as const;

/** The fields of an expression, macros spelled out; five of them unless it is faulty. */
export const fieldsOf = (expression: string): readonly string[] => {
  const text = expression.trim();
  return text === "" ? [] : (MACROS[text] ?? text).split(/\s+/);
};

/** Expressions kept parsed; beyond it all are forgotten. */
const PARSED_KEPT_MAX = 5_000;
const parsed = new Map<string, CronExpression>();

function parse(expression: string): CronExpression {
  let cron = parsed.get(expression);
  if (cron === undefined) {
    if (parsed.size >= PARSED_KEPT_MAX) parsed.clear();
    cron = CronExpressionParser.parse(fieldsOf(expression).join(" "), { currentDate: new Date(0), tz: "UTC" });
    parsed.set(expression, cron);
  }
  return cron;
}

/** The first reading after `after` that the expression names. */
export function nextWall(expression: string, after: WallTime): WallTime {
  const cron = parse(expression);
  cron.reset(new Date(after));
  return cron.next().getTime() as WallTime;
}

/** The last reading before `before` that the expression names. */
export function previousWall(expression: string, before: WallTime): WallTime {
  const cron = parse(expression);
  cron.reset(new Date(before));
  return cron.prev().getTime() as WallTime;
}

/** Why the expression is none, as a sentence of its own; undefined if it is one. */
export function cronFault(expression: string): string | undefined {
  const text = expression.trim();
  if (text.startsWith("@") && MACROS[text] === undefined)
    return `'${text}' is no macro; there are ${MACRO_NAMES.join(", ")}`;
  const fields = fieldsOf(expression);
  if (fields.length !== FIELDS.length)
    return `'${text}' has ${fields.length} fields; cron takes five: ${FIELDS.map(({ name }) => name).join(", ")}`;
  for (const [index, field] of fields.entries()) {
    const fault = fieldFault(field, index);
    if (fault !== undefined) return `'${text}': ${fault}`;
  }
  try {
    nextWall(expression, 0 as WallTime);
    return undefined;
  } catch (error) {
    // Each field can be read, so together they name no date: cron-parser says so at once, or gives up looking.
    return /day of month|loop limit/i.test(messageOf(error))
      ? `'${text}' never fires: there is no such date`
      : `'${text}': ${messageOf(error)}`;
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
  if ([...field.matchAll(/\/(\d+)/g)].some((step) => Number(step[1]) > to)) return false;
  try {
    CronExpressionParser.parse(FIELDS.map((_, at) => (at === index ? field : "*")).join(" "), { tz: "UTC" });
    return true;
  } catch {
    return false;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
