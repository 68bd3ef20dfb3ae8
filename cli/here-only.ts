/** Commands that work on this machine alone: what somebody may have meant who asks them for an environment. */
import type { CommandSpec } from "./command.ts";

const HERE_ONLY: Readonly<Record<string, string>> = {
  dev: "it is Freshet on this machine; an environment runs by itself",
  run: "it runs a DAG on this machine; `freshet trigger <dag> --env <name>` starts it there",
  graph: "it draws what the DAG files say; `freshet plan --env <name>` says whether that is deployed",
  compile: "it compiles the DAG files; `npx cdk deploy -c env=<name>` deploys them",
  simulate: "it simulates what the DAG files say, on this machine",
  validate: "it checks the DAG files; `freshet plan --env <name>` compares them with what is deployed",
};

export function hereOnly(command: string): Pick<CommandSpec, "excess"> {
  const why = HERE_ONLY[command];
  if (why === undefined) return {};
  return { excess: (argv) => (argv.some((word) => /^--env(=|$)/.test(word)) ? why : undefined) };
}
