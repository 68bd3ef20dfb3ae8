/** The command line: which command it names, its help, and how whatever goes wrong is told. */
import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import type { CommandSpec, Environment, Execute, Invocation } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { writeCrashReport } from "./crash-report.ts";
import { findProject, type Project } from "./home/paths.ts";
import { EXIT, exitCodeOf, failureOf, printBug, printFailure, type ExitCode, type Failure } from "./output/failure.ts";
import { sourceLines } from "./output/source-line.ts";
import { createTerminal, type OutputStream, type Terminal } from "./output/terminal.ts";

/** What a command line meets. */
export interface World {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly cwd: string;
  readonly env: Environment;
}

/** Runs a command line. Prints whatever goes wrong; resolves with what the process should exit with. */
export async function run(argv: readonly string[], { stdout, stderr, cwd, env }: World): Promise<ExitCode> {
  const terminal = createTerminal(stdout, stderr);
  const shell: Shell = { terminal, cwd, env, argv, json: argv.includes("--json") };
  try {
    return await parse(shell);
  } catch (error) {
    return tell(shell, error);
  }
}

/** Tells of an error that nobody awaited; returns what the process should exit with. */
export function tellStray(argv: readonly string[], { stdout, stderr, cwd, env }: World, error: unknown): ExitCode {
  return tell({ terminal: createTerminal(stdout, stderr), cwd, env, argv, json: argv.includes("--json") }, error);
}

interface Shell extends Pick<Invocation, "terminal" | "cwd" | "env" | "json"> {
  readonly argv: readonly string[];
}

async function parse(shell: Shell): Promise<ExitCode> {
  let exit: ExitCode = EXIT.success;
  const program = createProgram(shell.terminal, async (spec, args, options) => {
    const { dags, env: environment } = options;
    const found = findProject(shell.cwd, shell.env, typeof dags === "string" ? dags : undefined);
    const project = typeof environment === "string" ? { ...found, environment } : found;
    const execute = (await spec.load()) as Execute<object>;
    exit = await execute({ ...shell, project, args, options });
  });
  if (shell.argv.length === 0) program.outputHelp();
  else await program.parseAsync(shell.argv, { from: "user" });
  return exit;
}

type Act = (spec: CommandSpec, args: Invocation["args"], options: Readonly<Record<string, unknown>>) => Promise<void>;

/** The program with all commands; `act` does what a command line says. */
export function createProgram(terminal: Terminal, act: Act): Command {
  const program = new Command("freshet")
    .description("Data pipelines in TypeScript: on this machine while you write, on AWS when you deploy.")
    .version(versionText(), "-v, --version")
    .configureOutput({ writeOut: (text) => terminal.out.write(text), writeErr: () => undefined })
    .configureHelp({ styleTitle: (title) => terminal.out.paint("bold", title) })
    .exitOverride();
  for (const spec of COMMANDS) addCommand(program, terminal, spec, act);
  program.addHelpText("after", () => helpAfter(terminal, OVERVIEW));
  return program;
}

const OVERVIEW = [
  ["dev", "start everything on this machine"],
  ["run daily_revenue --date 1997-01-01", "run one DAG for one day"],
  ["why latest", "why did the latest run fail?"],
  ["run --help", "what a command can do"],
] as const;

function addCommand(program: Command, terminal: Terminal, spec: CommandSpec, act: Act): void {
  const command = program
    .command(spec.name)
    .summary(spec.summary)
    .description(spec.description ?? sentence(spec.summary));
  command.helpGroup(spec.group);
  for (const { term, description } of spec.arguments ?? []) command.argument(term, description);
  for (const { flags, description, repeatable } of spec.options) {
    const option = new Option(flags, description);
    if (repeatable === true) option.argParser(appended);
    command.addOption(option);
  }
  command.addHelpText("after", () => helpAfter(terminal, spec.examples));
  command.action(async (...given: unknown[]) => {
    // Commander passes the arguments, then the options, then the command.
    const args = given.slice(0, -2) as Invocation["args"];
    await act(spec, args, command.opts());
  });
}

const appended = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;

function helpAfter(terminal: Terminal, examples: CommandSpec["examples"]): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  freshet ${line.padEnd(width)}  ${terminal.out.paint("dim", what)}`);
  return `\n${terminal.out.paint("bold", "Examples:")}\n${lines.join("\n")}`;
}

function versionText(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** Tells what went wrong; returns the exit code for it. */
function tell(shell: Shell, error: unknown): ExitCode {
  const { terminal, cwd, env, argv, json } = shell;
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.success; // Help or version, as asked.
  const failure = error instanceof CommanderError ? usageFailure(error, argv) : failureOf(error);
  if (failure === undefined) {
    const project: Project = findProject(cwd, env);
    printBug(terminal, error, writeCrashReport(project.home.path, argv, error), json);
    if (env["FRESHET_DEBUG"] === "1") terminal.err.line(error instanceof Error ? (error.stack ?? "") : "");
    return EXIT.failure;
  }
  printFailure(terminal, failure, sourceLines(cwd), json);
  return exitCodeOf(failure);
}

/** Commander's words in our form: `error: unknown option '--jsn'\n(Did you mean --json?)`. */
function usageFailure({ message, code }: CommanderError, argv: readonly string[]): Failure {
  // `help nope`: Commander names only what it did.
  if (code === "commander.help") return unknownCommand(argv.find((word) => word !== "help") ?? "");
  const [said = "", hint] = message.replace(/^error: /, "").split("\n(", 2);
  const meant =
    hint === undefined
      ? ""
      : `; did you mean '${hint.replace(/^Did you mean (?:one of )?/, "").replace(/\?\)$/, "")}'?`;
  const command = COMMANDS.find(({ name }) => argv.includes(name));
  const help =
    command === undefined
      ? "`freshet --help` lists the commands"
      : (command.excess?.(argv) ?? `\`freshet ${command.name} --help\` shows how it is called`);
  return { code: "USAGE", message: `${said.replace(/\.$/, "")}${meant}`, help, problems: [] };
}

const unknownCommand = (name: string): Failure => ({
  code: "USAGE",
  message: `unknown command '${name}'`,
  help: "`freshet --help` lists the commands",
  problems: [],
});
