/** What a command is, and what it is given. */
import type { Project } from "./home/paths.ts";
import type { ExitCode } from "./output/failure.ts";
import type { Terminal } from "./output/terminal.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Invocation<Options = Readonly<Record<string, never>>> {
  readonly terminal: Terminal;
  readonly project: Project;
  readonly cwd: string;
  readonly env: Environment;
  /** Print JSON on stdout, and nothing else there. */
  readonly json: boolean;
  /** In the order of the command's usage; those left out are undefined. */
  readonly args: readonly (string | readonly string[] | undefined)[];
  readonly options: Options;
}

/** Runs the command. Throws FreshetError for what a person can mend. */
export type Execute<Options> = (invocation: Invocation<Options>) => Promise<ExitCode>;

export interface OptionSpec {
  /** As commander takes it: `--limit <n>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given more than once. */
  readonly repeatable?: true;
}

export interface CommandSpec {
  readonly name: string;
  readonly arguments?: readonly { readonly term: string; readonly description: string }[];
  readonly group: string;
  /** In the list of commands. */
  readonly summary: string;
  readonly description?: string;
  readonly options: readonly OptionSpec[];
  /** What somebody may have meant who calls it wrongly: the way out, if there is a better one than its help. */
  readonly excess?: (argv: readonly string[]) => string | undefined;
  /** The command line after `freshet `, and what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Imports the command's module: only the one that is asked for. */
  readonly load: () => Promise<Execute<never>>;
}

/** The argument at a place of the usage where one is required. */
export function required(args: Invocation["args"], index: number): string {
  const value = args[index];
  if (typeof value !== "string") throw new TypeError(`the usage of this command has no required argument ${index}`);
  return value;
}

export function optional(args: Invocation["args"], index: number): string | undefined {
  const value = args[index];
  return typeof value === "string" ? value : undefined;
}
