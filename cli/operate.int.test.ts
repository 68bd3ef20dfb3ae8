import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { REPOSITORY, aCommandLine, type CommandLine, type Said } from "../test/builders/command-line.ts";

interface RunLine {
  readonly runId: string;
  readonly state: string;
  readonly epoch: number;
}

let folder: string;
let line: CommandLine;
beforeAll(() => void mkdirSync(join(REPOSITORY, "tmp"), { recursive: true }));
beforeEach(async () => {
  folder = mkdtempSync(join(REPOSITORY, "tmp/operate-"));
  line = await aCommandLine(folder);
});
afterEach(async () => {
  await line.close();
  rmSync(folder, { recursive: true, force: true });
});

/** `extract`, then `load`, which does what is given. */
const write = (load: string, more = ""): void =>
  writeFileSync(
    join(folder, "sales.dag.ts"),
    `import { dag, permanent, task } from "freshet";
const extract = task("extract", { run: () => ({ rows: 3 }) });
const load = task("load", { inputs: { extract }, run: async ({ inputs, signal }) => { ${load} } });
${more}
export default dag("sales", { tasks: [extract, load${more === "" ? "" : ", check"}] });
`,
  );

const FAILS = `void signal; permanent(\`\${inputs.extract.rows} rows are locked\`);`;
const SUCCEEDS = `void signal; void inputs;`;
const HANGS = `void inputs; await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));`;

const json = <T>({ out }: Said): T => JSON.parse(out) as T;
const latest = async (): Promise<RunLine> => {
  const [run] = json<readonly RunLine[]>(await line.freshet("runs", "--json", "--limit", "1"));
  if (run === undefined) throw new Error("nothing has run");
  return run;
};
const until = async (state: string): Promise<RunLine> => {
  for (const end = Date.now() + 30_000; ; await new Promise((look) => setTimeout(look, 50))) {
    const run = await latest();
    if (run.state === state) return run;
    if (Date.now() > end) throw new Error(`the run is ${run.state}, not ${state}`);
  }
};

/** `load success 2`, for each task of the latest run. */
const tasks = async (): Promise<readonly string[]> => {
  type Row = { readonly taskId: string; readonly state: string; readonly attempt: number };
  const rows = json<readonly Row[]>(await line.freshet("tasks", "latest", "--json"));
  return rows.map(({ taskId, state, attempt }) => `${taskId} ${state} ${attempt}`);
};
const untilTask = async (beginning: string): Promise<void> => {
  for (const end = Date.now() + 30_000; ; await new Promise((look) => setTimeout(look, 50))) {
    const rows = await tasks();
    if (rows.some((row) => row.startsWith(beginning))) return;
    if (Date.now() > end) throw new Error(`no task is '${beginning}', but: ${rows.join(", ")}`);
  }
};

describe("beside a running dev", () => {
  test("a failed run goes on from where it failed, with the code as it is now", async () => {
    write(FAILS);
    expect((await line.withFixtures("run", "sales")).exit).toBe(1);
    write(SUCCEEDS, `const check = task("check", { after: [load], run: () => undefined });`);
    const dev = line.start(["dev", "--dags", folder]);
    await dev.says("sales");

    expect((await line.freshet("why", "latest")).out).toMatch(
      /--failed +go on from here, with the code it had\n.*--latest /,
    );
    const old = await line.freshet("clear", "latest", "--failed", "--dry-run");
    expect(old.out).toMatch(/^version: \w+, with which it began; another one is registered, which `--latest` takes$/m);

    const said = await line.freshet("clear", "latest", "--failed", "--latest", "--json");
    expect(json(said), said.err).toMatchObject({
      dryRun: false,
      tasks: [
        { taskId: "load", from: "failed", to: "none", because: "selected" },
        { taskId: "check", from: "none", to: "none", because: "version" },
      ],
    });

    expect(await until("success")).toMatchObject({ epoch: 1 });
    expect(await tasks()).toEqual(["extract success 1", "load success 2", "check success 1"]);
    const [act] = json<readonly { readonly by: string; readonly action: string }[]>(
      await line.freshet("audit", "latest", "--json"),
    );
    expect(act).toMatchObject({ by: "ada", action: "clear --failed --latest", after: { state: "queued" } });
  });

  test("a task at work is stopped and run again, and is not taken over to another version meanwhile", async () => {
    write(HANGS);
    const dev = line.start(["dev", "--dags", folder]);
    await dev.says("sales");
    await line.freshet("trigger", "sales");
    await untilTask("load running");
    write(SUCCEEDS);
    for (let said = ""; !said.includes("RUN_IN_FLIGHT"); await new Promise((look) => setTimeout(look, 50))) {
      said = (await line.freshet("clear", "latest", "load", "--latest", "--dry-run")).err;
    }

    const said = await line.freshet("mark", "success", "latest", "load", "--json");
    expect(json(said), said.err).toMatchObject({ tasks: [{ taskId: "load", to: "success", closes: true }] });

    expect(await until("success")).toMatchObject({ epoch: 0 });
    const why = json<{ readonly tasks: readonly { readonly why: string }[] }>(
      await line.freshet("why", "latest", "load", "--json"),
    );
    expect(why.tasks[0]?.why).toBe("marked success by ada");
  });

  test("a paused DAG lets what is triggered wait, and says by whom", async () => {
    write(SUCCEEDS);
    const dev = line.start(["dev", "--dags", folder]);
    await dev.says("sales");
    expect((await line.freshet("pause", "sales", "--reason", "warehouse")).exit).toBe(0);
    await line.freshet("trigger", "sales");

    expect((await line.freshet("why", "latest")).out).toContain("paused by ada: warehouse");
    expect((await line.freshet("dags")).out).toContain("paused by ada");
    expect((await line.freshet("pause", "sales")).err).toContain("paused already, by ada");

    await line.freshet("resume", "sales");
    expect(await until("success")).toMatchObject({ epoch: 0 });
  });
});

describe("what makes no sense", () => {
  test("is told with the way out, and exits with 2 if it is the command line", async () => {
    write(FAILS);
    await line.withFixtures("run", "sales");

    const told = await Promise.all(
      [
        ["clear", "latest"],
        ["clear", "latest", "load[2]"],
        ["mark", "done", "latest", "load"],
        ["pause", "sales", "load"],
        ["pause", "salse"],
        ["cancel", "latest"],
        ["resume", "latest"],
      ].map(async (argv) => {
        const { exit, err } = await line.freshet(...argv);
        return `${exit} ${err.split(":")[0] ?? ""}`;
      }),
    );

    expect(told).toEqual([
      "2 error[USAGE]",
      "1 error[TASK_NOT_FOUND]",
      "2 error[USAGE]",
      "2 error[USAGE]",
      "1 error[DAG_NOT_FOUND]",
      "1 error[RUN_ENDED]",
      "1 error[NOTHING_TO_DO]",
    ]);
  });
});
