/** Whatever a command threw, as a person or a program can use it; never a stack trace. */
import { FreshetError } from "../../shared/core/errors.ts";
import type { Problem } from "../../shared/core/problem.ts";
import { awsFailure } from "./aws-failure.ts";
import { safeText } from "./escape.ts";
import { printProblem, type SourceLine } from "./problems.ts";
import type { Terminal } from "./terminal.ts";

/** What a command ends with: 0 it went well, 1 it failed, 2 it was called wrongly, 130 it was interrupted. */
export const EXIT = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly help?: string;
  readonly problems: readonly Problem[];
}

/** Faults of the command line itself, and not of what it names. */
const USAGE_CODES: ReadonlySet<string> = new Set(["USAGE", "INVALID_PARAMS"]);

export const exitCodeOf = ({ code }: Failure): ExitCode => (USAGE_CODES.has(code) ? EXIT.usage : EXIT.failure);

/** The failure that an error stands for; undefined for one that nobody foresaw. */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof FreshetError) {
    const { code, message, problems } = error;
    return { code, message, problems };
  }
  return awsFailure(error) ?? systemFailure(error);
}

/** What the system refuses, in our words: whatever was being written when the disk was full. */
function systemFailure(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  const { code, path } = error as NodeJS.ErrnoException;
  const what = path === undefined ? "a file" : `'${path}'`;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return fault("DISK_FULL", `no space left to write ${what}`, "free some space and try again");
    case "EACCES":
    case "EPERM":
      return fault("HOME_UNUSABLE", `${what} may not be used by this user`, "change its owner or mode");
    case "EROFS":
      return fault("HOME_UNUSABLE", `${what} is on a read-only file system`, "set FRESHET_HOME to a folder on another");
    case "EMFILE":
    case "ENFILE":
      return fault("UNAVAILABLE", "too many files are open", "raise the limit with `ulimit -n`");
    default:
      return undefined;
  }
}

const fault = (code: string, message: string, help: string): Failure => ({ code, message, help, problems: [] });

/** Prints it in the form of a compiler's message, or with `json` as `{ "error": … }` on stdout. */
export function printFailure(terminal: Terminal, failure: Failure, sourceLine: SourceLine, json: boolean): void {
  const { code, message, help, problems } = failure;
  if (json) {
    const error = { code, message, ...(help === undefined ? {} : { help }), problems };
    terminal.out.line(JSON.stringify({ error }, undefined, 2));
    return;
  }
  // Problems without a place are told in the message already.
  for (const problem of problems) if (problem.at !== undefined) printProblem(terminal.err, problem, sourceLine);
  if (problems.some((problem) => problem.at !== undefined && message.startsWith(problem.message))) return; // Just told.
  const text = { code, level: "error", message, ...(help === undefined ? {} : { help }) } as const;
  printProblem(terminal.err, text, sourceLine);
}

/** Of an error that nobody foresaw: one line, and where the rest was written. */
export function printBug(terminal: Terminal, error: unknown, details: string | undefined, json: boolean): void {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const where =
    details === undefined ? "run it again with FRESHET_DEBUG=1 to see where" : `the details are in ${details}`;
  const message = `${said.split("\n", 1)[0] ?? ""} (this is a bug in Freshet; ${where})`;
  if (json) terminal.out.line(JSON.stringify({ error: { code: "UNEXPECTED", message, problems: [] } }, undefined, 2));
  else terminal.err.line(`${terminal.err.paint(["bold", "red"], "error[UNEXPECTED]")}: ${safeText(message)}`);
}
