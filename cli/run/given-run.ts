/** What `freshet run` was asked for. */
import type { Invocation } from "../command.ts";

export interface RunOptions {
  readonly date?: string;
  readonly interval?: string;
  readonly params?: string;
  readonly file?: readonly string[];
  readonly task?: string;
  readonly fromRun?: string;
  readonly inspect?: boolean;
  /** False: `--no-logs`. */
  readonly logs: boolean;
}

export type RunInvocation = Invocation<RunOptions>;

/** All of the environment that tasks see. */
export const taskEnvironment = (env: Invocation["env"]): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
