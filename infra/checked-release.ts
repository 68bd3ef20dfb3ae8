/** What is to be deployed, once nothing is wrong with it: what is wrong with the configuration and the DAGs is told together. */
import type { Problem } from "../shared/core/problem.ts";
import { compileDags, type CompiledRelease } from "./compile.ts";
import type { EnvironmentConfig } from "./config.ts";
import { isReadable, configProblems } from "./config-problems.ts";
import { dagSettings } from "./dag-settings.ts";

export interface ToCheck {
  readonly environment: string;
  readonly config: EnvironmentConfig;
  readonly projectRoot: string;
  readonly dags: string;
  readonly out: string;
  /** Instead of compiling `dags`. */
  readonly compiled?: CompiledRelease;
}

/** Throws with all that is wrong. */
export function checkedRelease(given: ToCheck): CompiledRelease {
  const { environment, config } = given;
  const problems = configProblems(environment, config);
  const { compiled, fault } = compile(given);
  if (compiled !== undefined && problems.length === 0) return compiled;
  throw new Error([...problems.map(problemText), ...(fault === undefined ? [] : [fault])].join("\n"));
}

interface Compiled {
  readonly compiled?: CompiledRelease;
  readonly fault?: string;
}

function compile({ environment, config, compiled, projectRoot, dags, out }: ToCheck): Compiled {
  if (compiled !== undefined) return { compiled };
  // What the environment says of them may make no sense: the DAGs are looked at all the same.
  const settings = isReadable(config) ? { settings: dagSettings(environment, config) } : {};
  try {
    return { compiled: compileDags({ projectRoot, dags, out, ...settings }) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

/** As the commands show them. */
export const problemText = ({ code, level, message, help }: Problem): string =>
  `${level}[${code}]: ${message}${help === undefined ? "" : `\n   = help: ${help}`}`;
