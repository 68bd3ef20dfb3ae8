/** The reference of the commands, from the table that the command line is made of. */
import type { CommandSpec } from "../../cli/command.ts";

/** What comes after it in docs/cli.md is generated. */
export const MARK = "<!-- Below: `node scripts/cli-reference.ts` -->";

export const cliReference = (commands: readonly CommandSpec[]): string =>
  commands.map((command) => section(command)).join("\n");

function section({ name, summary, description, examples, options, arguments: given = [] }: CommandSpec): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `freshet ${line.padEnd(width)} # ${what}`);
  const terms = [
    ...given.map(({ term, description: text }) => [term, text] as const),
    ...options.map(({ flags, description: text }) => [flags, text] as const),
  ];
  return [
    `## freshet ${name}`,
    "",
    description ?? `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    "",
    "```sh",
    ...lines,
    "```",
    "",
    ...terms.map(([term, text]) => `- \`${term}\`: ${text}`),
    "",
  ].join("\n");
}
