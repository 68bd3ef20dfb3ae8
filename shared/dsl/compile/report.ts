/** Collects what is wrong, so that all of it can be told together. */
import type { Problem, SourcePlace } from "../../core/problem.ts";
import type { DagCode } from "./codes.ts";

export interface ProblemExtras {
  readonly help?: string;
  readonly labels?: Problem["labels"];
  readonly level?: Problem["level"];
}

/** Says what is wrong with one thing: `subject` begins each message, `place` is where the thing was written. */
export interface Reporter {
  readonly subject: string;
  (code: DagCode, message: string, extras?: ProblemExtras): void;
}

export function reporter(problems: Problem[], subject: string, place: () => SourcePlace | undefined): Reporter {
  const report = (code: DagCode, message: string, extras: ProblemExtras = {}): void => {
    const at = place();
    problems.push({
      code,
      level: extras.level ?? "error",
      message: `${subject}: ${message}`,
      ...(at === undefined ? {} : { at }),
      ...(extras.labels === undefined ? {} : { labels: extras.labels }),
      ...(extras.help === undefined ? {} : { help: extras.help }),
    });
  };
  return Object.assign(report, { subject });
}

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
