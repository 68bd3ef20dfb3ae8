/**
 * What `dag()`, `task()` and `arrival()` leave behind: the author's own words, unchecked, and where they were written.
 * Nothing is judged while a file is being imported, so that all its mistakes can be told together.
 */
import type { TaskKind } from "../core/manifest.ts";

export type TaskRole = "work" | "setup" | "teardown";
export type RawOptions = Readonly<Record<string, unknown>>;

/** Where a call was made: read `stack` only for a message, because the text is made when it is first asked for. */
export interface CallSite {
  readonly stack?: string;
}

export interface TaskDefinition {
  readonly id: unknown;
  readonly kind: TaskKind;
  readonly role: TaskRole;
  /** Made by `map()`. */
  readonly mapped: boolean;
  /** Made by `triggerDag()`. */
  readonly triggers: boolean;
  readonly options: RawOptions;
  readonly site: CallSite;
}

export interface DagDefinition {
  readonly id: unknown;
  readonly options: RawOptions;
  readonly site: CallSite;
}

export interface PoolDefinition {
  readonly id: unknown;
  readonly options: RawOptions;
  readonly site: CallSite;
}

export interface TriggerDefinition {
  readonly id: unknown;
  readonly options: RawOptions;
}

/** Registered symbols: a value made by another copy of this module is still known for what it is. */
const TASK = Symbol.for("freshet.task");
const OPTIONAL = Symbol.for("freshet.optional");
const DAG = Symbol.for("freshet.dag");
const TRIGGER = Symbol.for("freshet.trigger");
const POOL = Symbol.for("freshet.pool");

/** Enough to reach the author's file through a function of theirs that makes tasks. */
const FRAMES_MAX = 4;

/** The place outside of `callee` that called it. */
export function callSite(callee: (...args: never) => unknown): CallSite {
  const site: CallSite = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_MAX;
  Error.captureStackTrace(site, callee);
  Error.stackTraceLimit = limit;
  return site;
}

const mark = <Value>(symbol: symbol, visible: object, definition: unknown): Value =>
  Object.defineProperty({ ...visible }, symbol, { value: definition }) as Value;

function marked<Definition>(symbol: symbol, value: unknown): Definition | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<symbol, unknown>>)[symbol] as Definition | undefined;
}

export const asTask = <Value>(definition: TaskDefinition): Value =>
  mark(TASK, { id: definition.id, role: definition.role }, definition);
export const asOptional = <Value>(task: unknown): Value => mark(OPTIONAL, { optional: task }, task);
export const asDag = <Value>(definition: DagDefinition): Value => mark(DAG, { id: definition.id }, definition);
export const asTrigger = <Value>(definition: TriggerDefinition): Value =>
  mark(TRIGGER, { id: definition.id }, definition);

export const asPool = <Value>(definition: PoolDefinition): Value => mark(POOL, { id: definition.id }, definition);

/** Each gives undefined for a value that is something else. */
export const taskDefinition = (value: unknown): TaskDefinition | undefined => marked(TASK, value);
export const dagDefinition = (value: unknown): DagDefinition | undefined => marked(DAG, value);
export const triggerDefinition = (value: unknown): TriggerDefinition | undefined => marked(TRIGGER, value);

export const poolDefinition = (value: unknown): PoolDefinition | undefined => marked(POOL, value);

export interface RawUpstream {
  readonly task: TaskDefinition;
  readonly optional: boolean;
}

/** The task in a place where an upstream is expected, bare or by `optional()`. */
export function upstreamOf(value: unknown): RawUpstream | undefined {
  const inner: unknown = marked(OPTIONAL, value);
  const task = taskDefinition(inner ?? value);
  return task === undefined ? undefined : { task, optional: inner !== undefined };
}

export const isRecord = (value: unknown): value is RawOptions =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Options as they were given, or none: what is wrong with them is told when they are compiled. */
export const optionsOf = (definition: { readonly options: unknown }): RawOptions =>
  isRecord(definition.options) ? definition.options : {};
