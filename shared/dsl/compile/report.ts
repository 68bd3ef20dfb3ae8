/** Collects what is wrong, so that all of it can be told together. */
import type { Problem, SourcePlace } from "../../core/problem.ts";
import type { DagCode } from "./codes.ts";

export { shown } from "../../core/shown.ts";

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
