/** The `freshet` command with a temporary home: in this process for most tests, as a process for the others. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { run } from "../../cli/program.ts";

/** This repository: where the fixtures find their packages. */
export const REPOSITORY = resolve(import.meta.dirname, "../..");
const FIXTURES = join(REPOSITORY, "test/fixtures/dags");
const LAUNCHER = join(REPOSITORY, "cli/bin/freshet.mjs");

export interface Said {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** Everything on stdout and stderr so far. */
  said(): string;
  /** Resolves once that has this in it. */
  says(text: string): Promise<void>;
  readonly ended: Promise<Said>;
}

export interface CommandLine {
  readonly home: string;
  /** Runs a command in this process. */
  freshet(...argv: readonly string[]): Promise<Said>;
  /** Runs a command that takes `--dags`, with the fixtures. */
  withFixtures(...argv: readonly string[]): Promise<Said>;
  /** Runs a command as a process of its own. */
  start(argv: readonly string[], env?: Readonly<Record<string, string>>): Running;
  close(): Promise<void>;
}

export async function aCommandLine(dags = FIXTURES): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-cli-"));
  const home = join(folder, "home");
  const children: Running[] = [];
  const env = { ...process.env, FRESHET_HOME: home, USER: "ada" };
  const freshet = async (...argv: readonly string[]): Promise<Said> => {
    const [out, err]: [string[], string[]] = [[], []];
    const exit = await run(argv, { stdout: collecting(out), stderr: collecting(err), cwd: REPOSITORY, env });
    return { exit, out: out.join(""), err: err.join("") };
  };
  return {
    home,
    freshet,
    withFixtures: (...argv) => freshet(...argv, "--dags", dags),
    start(argv, more = {}) {
      const running = startProcess(argv, { ...env, NO_COLOR: "1", ...more });
      children.push(running);
      return running;
    },
    async close() {
      for (const { child } of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await Promise.all(children.map(async ({ ended }) => ended));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function collecting(into: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      into.push(chunk.toString());
      done();
    },
  });
}

/** Tests wait for what is said, so that they take as long as it takes. */
const SAYS_WITHIN_MS = 30_000;
const LOOK_MS = 10;

function startProcess(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Running {
  const child = spawn(process.execPath, [LAUNCHER, ...argv], {
    cwd: REPOSITORY,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => void (said.out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => void (said.err += text));
  const all = (): string => stripVTControlCharacters(said.out + said.err);
  return {
    child,
    said: all,
    async says(text) {
      for (const end = Date.now() + SAYS_WITHIN_MS; !all().includes(text);) {
        if (Date.now() > end) throw new Error(`it did not say ${JSON.stringify(text)}, but:\n${all()}`);
        await new Promise((look) => setTimeout(look, LOOK_MS));
      }
    },
    ended: new Promise((settle) => void child.on("close", (exit) => settle({ exit, ...said }))),
  };
}
