/** What a thrown value means for the task. */
import { ERROR_MESSAGE_LENGTH_MAX, ERROR_STACK_LENGTH_MAX, type TaskError } from "../../core/attempt.ts";
import type { FreshetError } from "../../core/errors.ts";
import { signalOf } from "../signals.ts";

/** Bugs, failed assertions, and data that does not fit its schema: the same again would end the same. */
const PERMANENT_NAMES: ReadonlySet<string> = new Set([
  "TypeError",
  "ReferenceError",
  "SyntaxError",
  "AssertionError",
  "ZodError",
  "ValiError",
  "TraversalError", // ArkType's.
  "ValidationError", // Ajv's, Joi's and Yup's.
  "SchemaError",
]);

/** The causes of an error that are told with it. */
const CAUSES_MAX = 3;

/** Whether another try cannot help, going by the error alone. */
export function isPermanent(error: unknown): boolean {
  if (isFreshetError(error)) return !error.retryable;
  if (!(error instanceof Error) || isNetworkFailure(error)) return false;
  return namesOf(error).some((name) => PERMANENT_NAMES.has(name));
}

/** By its looks: the executor's faults are of another copy of the class than the bundle's. */
const isFreshetError = (error: unknown): error is FreshetError =>
  error instanceof Error && error.name === "FreshetError" && "code" in error && "retryable" in error;

/** `fetch` reports a connection that failed as a TypeError; the error underneath has the system's code. */
function isNetworkFailure(error: Error): boolean {
  const cause: unknown = error.cause;
  return error.name === "TypeError" && cause instanceof Error && typeof (cause as { code?: unknown }).code === "string";
}

/** Its own name, and those of its classes. */
function namesOf(error: Error): readonly string[] {
  const names = [nameOf(error), error.name];
  for (let at: unknown = Object.getPrototypeOf(error); at instanceof Error; at = Object.getPrototypeOf(at)) {
    names.push(at.constructor.name);
  }
  return names;
}

/** A fault of Freshet's is known by its code, and a subclass that does not set its name by its class. */
function nameOf(error: Error): string {
  if (isFreshetError(error)) return error.code;
  return error.name === "Error" ? error.constructor.name || "Error" : error.name;
}

export type RetryOn = readonly string[] | ((error: Error) => boolean);

/** The error as it is recorded: classed, and cut to size. */
export function taskError(thrown: unknown, retryOn: RetryOn | undefined): TaskError {
  const error = thrown instanceof Error ? thrown : notAnError(thrown);
  const kind = signalOf(error);
  const verdict = retryVerdict(error, retryOn);
  const stack = authorStack(error);
  return {
    name: nameOf(error),
    message: cut(messageOf(error), ERROR_MESSAGE_LENGTH_MAX),
    class:
      kind === "quarantine" ? "quarantine" : kind === "permanent" || isPermanent(error) ? "permanent" : "transient",
    ...(stack === "" ? {} : { stack: cut(stack, ERROR_STACK_LENGTH_MAX) }),
    ...(verdict === undefined ? {} : { retry: verdict }),
  };
}

function retryVerdict(error: Error, retryOn: RetryOn | undefined): boolean | undefined {
  if (retryOn === undefined) return undefined;
  if (signalOf(error) !== undefined) return false; // What the author called hopeless is.
  if (typeof retryOn !== "function") return namesOf(error).some((name) => retryOn.includes(name));
  try {
    return retryOn(error);
  } catch {
    return undefined; // A verdict that throws is none: the error's class decides.
  }
}

function notAnError(thrown: unknown): Error {
  const error = new Error(`a value that is no Error was thrown: ${shown(thrown)}`);
  error.stack = "";
  return error;
}

function shown(value: unknown): string {
  try {
    return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return typeof value;
  }
}

/** With its causes: "fetch failed" alone tells nobody anything. */
function messageOf(error: Error): string {
  const told = [error.message || partsOf(error) || "no message"];
  let cause: unknown = error.cause;
  for (let depth = 0; depth < CAUSES_MAX && cause instanceof Error; depth++) {
    const text = cause.message || partsOf(cause);
    if (text !== "" && !told.some((earlier) => earlier.includes(text))) told.push(text);
    cause = cause.cause;
  }
  return told.join(": ");
}

const partsOf = (error: Error): string =>
  error instanceof AggregateError
    ? error.errors.map((part: unknown) => (part instanceof Error ? part.message : shown(part))).join("; ")
    : "";

/** Marks in a stack the frame from which on it is Freshet's and no longer the author's. */
const EDGE = "freshetEdge";
/** Freshet's own frames: above the author's, a call of `storage` that threw; below them, what runs the code. */
const OWN_FRAME =
  /[/\\]shared[/\\](dsl[/\\](runtime|params|signals)|embedded[/\\]worker|aws[/\\]runner)\b|\(node:internal\//;

/** The frames of the author's code: file and line, without Freshet's own. */
function authorStack(error: Error): string {
  const lines = (error.stack ?? "").split("\n");
  const frames = lines.filter((line) => /^\s+at /.test(line));
  const edge = frames.findIndex((line) => line.includes(EDGE));
  const inside = edge < 0 ? frames : frames.slice(0, edge);
  return inside.filter((line) => !OWN_FRAME.test(line)).join("\n");
}

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);
