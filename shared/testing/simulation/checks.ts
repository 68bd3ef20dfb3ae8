/** Checks that all options of a period share. */
import type { Manifest } from "../../core/manifest.ts";
import { DST_DEFAULT, endOfMoment, readMoment } from "../../core/schedule/moment.ts";
import { didYouMean, nearest } from "../../core/problem.ts";
import { instant, iso, type Instant } from "../../core/time.ts";
import type { SimulateOptions } from "./options.ts";

/** Says what is wrong with one option; `option` as its reader knows it. */
export type Complain = (option: keyof SimulateOptions, message: string) => void;

/** How options are called where they come from. */
export type OptionName = (option: keyof SimulateOptions) => string;

/** From `from`, up to and without `until`. */
export interface Span {
  readonly from: Instant;
  readonly until: Instant;
}

const zoneOf = ({ schedule, timezone }: Manifest): string => schedule?.timezone ?? timezone;

export interface Time {
  readonly at: Instant;
  /** Of a date, the start of the next one. */
  readonly end: Instant;
}

/** A time in the DAG's zone; undefined, with a complaint, for what is none. */
export function readTime(
  manifest: Manifest,
  option: keyof SimulateOptions,
  text: unknown,
  complain: Complain,
): Time | undefined {
  const timezone = zoneOf(manifest);
  if (typeof text !== "string") {
    complain(option, `${text === undefined ? "it is missing" : `it is a ${typeof text}`}; ${EXPECTED_TIME}`);
    return undefined;
  }
  const read = readMoment(text, timezone, DST_DEFAULT);
  if ("fault" in read) {
    complain(option, `it is '${text}'; ${read.fault}`);
    return undefined;
  }
  const [at = instant(0)] = read.at;
  return { at, end: endOfMoment(text, read, timezone) ?? at };
}

const EXPECTED_TIME = 'expected a date or an instant, such as "2026-03-01" or "2026-03-01T04:00:00Z"';

export function isWithin(
  option: keyof SimulateOptions,
  at: Instant,
  { from, until }: Span,
  complain: Complain,
): boolean {
  if (at >= from && at < until) return true;
  complain(option, `${iso(at)} lies outside of the period, ${iso(from)} to ${iso(until)}`);
  return false;
}

/** From 0 to 1. */
export function probability(option: keyof SimulateOptions, whose: string, value: unknown, complain: Complain): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  complain(option, `the probability${whose} is ${String(value)}; expected a number from 0 to 1`);
  return 0;
}

/** Whether there is such a task; says the nearest name if not. */
export function isTask(
  { dagId, tasks }: Manifest,
  option: keyof SimulateOptions,
  id: string,
  complain: Complain,
): boolean {
  const known = tasks.map(({ taskId }): string => taskId);
  if (known.includes(id)) return true;
  const there = nearest(id, known) === undefined ? `; it has ${known.join(", ")}` : didYouMean(id, known);
  complain(option, `dag '${dagId}' has no task '${id}'${there}`);
  return false;
}
