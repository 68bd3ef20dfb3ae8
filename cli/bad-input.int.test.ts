import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine } from "../test/builders/command-line.ts";

let line: CommandLine;
beforeEach(async () => {
  line = await aCommandLine();
});
afterEach(async () => {
  await line.close();
});

describe("a command line that is wrong", () => {
  test.each([
    [["rnu"], "unknown command 'rnu'; did you mean 'run'?"],
    [["runs", "--jsom"], "unknown option '--jsom'; did you mean '--json'?"],
    [["run"], "missing required argument 'dag'"],
    [["runs", "a", "b"], "too many arguments"],
    [["runs", "--limit", "many"], "--limit is 'many'; expected a whole number from 1 to 200"],
    [["runs", "--limit", "0"], "--limit is '0'"],
    [["runs", "--state", "sucess"], "did you mean 'success'?"],
    [["dev", "--workers", "-1"], "--workers is '-1'"],
    [["dev", "--keep", "1h"], "--keep is '1h'; expected a duration such as 90d, at least 1d, or all"],
    [["dev", "--data-window", "5m"], "--data-window is '5m'; expected a duration of at least 1h, such as 7d"],
    [["dev", "--window", "soon"], "--window is 'soon'; expected a duration such as 2s, or as-written"],
    [["graph", "hello", "--format", "svg"], "--format is 'svg'; expected terminal, mermaid"],
    [["run", "hello", "--task", "hello"], "--task and --from-run go together"],
    [["runs", "--missing", "--state", "failed"], "--missing lists dates that have no run"],
    [["clear", "latest", "--failed", "--all"], "give one of them"],
    [["pools", "set"], "`freshet pools set` takes a pool and a number of slots"],
    [["trigger", "hello", "--key", ""], "--key is empty"],
    [["validate", "--env", "prod"], "`freshet plan --env <name>` compares them with what is deployed"],
    [["run", "hello", "--env=prod"], "`freshet trigger <dag> --env <name>` starts it there"],
    [["runs", "--env", ""], "--env is empty: name an environment"],
    [["runs", "--env", "prod"], "in which region is it? Set AWS_REGION"],
    [["help", "rnu"], "unknown command 'rnu'"],
  ])("%j says what was given and what is expected, and exits with 2", async (argv, text) => {
    const { exit, out, err } = await line.freshet(...argv);

    expect([exit, out, err]).toEqual([2, "", expect.stringContaining(text)]);
    expect(err).toMatch(/^error\[USAGE\]: /);
  });

  test("is told to programs as JSON", async () => {
    const { exit, out, err } = await line.freshet("runs", "--state", "sucess", "--json");

    expect([exit, JSON.parse(out), err]).toEqual([
      2,
      { error: { code: "USAGE", message: expect.stringContaining("sucess") as string, problems: [] } },
      "",
    ]);
  });
});

describe("what a run is given", () => {
  test.each([
    [["--date", "2026-02-30"], "--date is '2026-02-30', a day that does not exist"],
    [["--params", "{"], "--params is not JSON"],
    [["--params", "[1]"], "--params is a list; expected an object"],
    [["--params", "@nowhere.json"], "--params names the file 'nowhere.json', which does not exist"],
    [["--file", "s3://inbox"], "--file is 's3://inbox'; expected s3://<bucket>/<key>, or a key"],
    [["--file", "in/a.txt"], "--file is 'in/a.txt', but dag 'sums' has no arrival trigger"],
  ])("%j is refused before anything runs", async (options, text) => {
    const { exit, err } = await line.withFixtures("run", "sums", ...options);

    expect([exit, err]).toEqual([2, expect.stringContaining(text)]);
  });

  test("params that do not fit are refused with all that is wrong", async () => {
    const { exit, err } = await line.withFixtures("run", "sums", "--params", '{"count": 0, "cuont": 3}');

    expect(exit).toBe(2);
    expect(err).toMatch(/^error\[INVALID_PARAMS\]: dag 'sums': params do not fit: /);
    expect(err).toContain("'count' is 0");
    expect(err).toContain("'cuont' is no param; did you mean 'count'?");
  });

  test("a file that is not there is named, with the nearest one", async () => {
    mkdirSync(join(line.home, "buckets/inbox/in"), { recursive: true });
    writeFileSync(join(line.home, "buckets/inbox/in/march.txt"), "1");

    const { exit, err } = await line.withFixtures("run", "arrivals", "--file", "in/mrach.txt");

    expect([exit, err]).toEqual([
      1,
      expect.stringContaining("did you mean 'in/march.txt'?; below 'in/' it has 1 object\n"),
    ]);
  });

  test("a DAG that does not exist is named, with the nearest one, and leaves no home", async () => {
    const { exit, err } = await line.withFixtures("run", "helo");

    expect([exit, existsSync(line.home)]).toEqual([1, false]);
    expect(err).toContain("error[DAG_NOT_FOUND]: there is no dag 'helo'; did you mean 'hello'?");
  });
});

describe("where nothing has run", () => {
  test("there are no runs and no DAGs, and looking makes no home", async () => {
    const [runs, dags] = [await line.freshet("runs", "--json"), await line.freshet("dags", "--json")];

    expect([runs.out, dags.out, existsSync(line.home)]).toEqual(["[]\n", "[]\n", false]);
  });

  test.each([["tasks"], ["why"], ["cancel"]])("%s says so", async (command) => {
    const { exit, err } = await line.freshet(command, "latest");

    expect([exit, err]).toEqual([1, expect.stringContaining("error[RUN_NOT_FOUND]: nothing has run in ")]);
  });
});

describe("what does not exist", () => {
  let used: CommandLine;
  beforeAll(async () => {
    used = await aCommandLine();
    await used.withFixtures("run", "hello");
  });
  afterAll(async () => {
    await used.close();
  });

  test.each([
    [["tasks", "helo.manual.1"], "RUN_NOT_FOUND", "there is no run 'helo.manual.1'"],
    [["tasks", "latest:helo"], "DAG_NOT_FOUND", "did you mean 'hello'?"],
    [["runs", "helo"], "DAG_NOT_FOUND", "did you mean 'hello'?"],
    [["why", "latest", "hallo"], "TASK_NOT_FOUND", "did you mean 'hello'?"],
    [["logs", "latest", "hallo"], "TASK_NOT_FOUND", "did you mean 'hello'?"],
    [["logs", "latest", "hello", "--attempt", "2"], "ATTEMPT_NOT_FOUND", "there is only attempt 1"],
    [["logs", "latest", "hello", "--attempt", "9", "--follow"], "ATTEMPT_NOT_FOUND", "there is only attempt 1"],
    [["trigger", "helo"], "DAG_NOT_FOUND", "did you mean 'hello'?"],
  ])("%j names the nearest, and exits with 1", async (argv, code, text) => {
    const { exit, err } = await used.freshet(...argv);

    expect([exit, err]).toEqual([1, expect.stringContaining(text)]);
    expect(err).toContain(`error[${code}]`);
  });

  test("a reason that is a book is refused, and nothing is changed", async () => {
    const paused = await used.freshet("pause", "hello", "--reason", "r".repeat(1_001));
    const { out } = await used.freshet("audit", "hello", "--json");

    expect([paused.exit, paused.err, out]).toEqual([
      2,
      expect.stringContaining("--reason has 1001 characters; at most 1000 are kept"),
      "[]\n",
    ]);
  });

  test("a time beyond all times is refused before there is a run", async () => {
    const { exit, err } = await used.freshet("trigger", "hello", "--in", "99999999d");
    const { out } = await used.freshet("runs", "--json");

    expect([exit, err]).toEqual([2, expect.stringContaining("--in is '99999999d'; expected a duration such as 30m")]);
    expect(JSON.parse(out)).toHaveLength(1);
  });

  test("and could not is a fault of the command line", async () => {
    const { exit, err } = await used.freshet("tasks", "../../etc/passwd");

    expect([exit, err]).toEqual([2, expect.stringContaining('"../../etc/passwd" is no run id: it has ')]);
  });
});

describe("DAG files with mistakes", () => {
  const broken = (name: string, text: string): string => {
    const folder = join(line.home, "../dags");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
    return folder;
  };

  test("are shown with place and line, all in one pass, and validate exits with 1", async () => {
    const folder = broken(
      "cycle.dag.ts",
      'import { dag } from "freshet";\nexport default dag("a b", { tasks: [], taggs: [] });\n',
    );
    broken("throws.dag.ts", 'throw new Error("not today");\n');

    const { exit, out, err } = await line.freshet("validate", "--dags", folder);

    expect(exit).toBe(1);
    expect(err).toMatch(/error\[DAG001\]: .*\n {2}--> .*cycle\.dag\.ts:2:16\n {3}\|\n 2 \| export default dag\("a b"/);
    expect(err).toContain("did you mean 'tags'?");
    expect(err).toMatch(/error\[LOAD001\]: .*throws\.dag\.ts throws while it is loaded: Error: not today/);
    expect(out).toMatch(/^0 DAGs in 2 files: \d+ errors\n$/);
  });

  test("do not run, and say why", async () => {
    const folder = broken("throws.dag.ts", 'throw new Error("not today"); // "hello"\n');

    const { exit, err } = await line.freshet("run", "hello", "--dags", folder);

    expect(exit).toBe(1);
    expect(err).toContain("error[LOAD001]");
    expect(err).toContain("error[INVALID_DAG]: dag 'hello' cannot be loaded: 1 error");
  });

  test("that do not exist are named", async () => {
    const { exit, err } = await line.freshet("validate", "dags/nowhere.dag.ts");

    expect([exit, err]).toEqual([1, expect.stringContaining("the file 'dags/nowhere.dag.ts' does not exist")]);
  });

  test.each(["validate", "dev"])(
    "a folder that does not exist is named by %s, and no home is made for it",
    async (command) => {
      const { exit, err } = await line.freshet(command, "--dags", "nowhere");

      expect([exit, err, existsSync(line.home)]).toEqual([1, expect.stringContaining("'nowhere'"), false]);
    },
  );
});

describe("validation of good files", () => {
  test("shows the DAGs and the delays of their retries", async () => {
    const { exit, out } = await line.withFixtures("validate", "test/fixtures/dags/flaky.dag.ts");

    expect([exit, out]).toEqual([
      0,
      `flaky  test/fixtures/dags/flaky.dag.ts, 1 task
  flaky is tried again after 200ms, 400ms
1 DAG in 1 file: no problems
`,
    ]);
  });
});

describe("a graph", () => {
  test("is drawn, or given to a program that draws", async () => {
    const drawn = await line.withFixtures("graph", "sums");
    const mermaid = await line.withFixtures("graph", "sums", "--format", "mermaid");

    expect([drawn.out, mermaid.out]).toEqual([
      expect.stringMatching(/│ numbers ├─*►│ sum │/),
      'graph LR\n  t0["numbers"]\n  t1["sum"]\n  t0 --> t1\n',
    ]);
  });
});

describe("a state file that cannot be used", () => {
  const stateFile = (): string => join(line.home, "state.db");
  beforeEach(() => mkdirSync(line.home, { recursive: true }));

  test("because it is damaged is told with what to do", async () => {
    writeFileSync(stateFile(), "not a database, but long enough to be taken for one".repeat(100));

    const { exit, err } = await line.freshet("runs");

    expect([exit, err]).toEqual([1, expect.stringMatching(/^error\[STATE_DAMAGED\]: the state file '.*' is damaged/)]);
  });

  test("because it is newer is told with what to do", async () => {
    await line.withFixtures("run", "hello");
    const database = new DatabaseSync(stateFile());
    database.exec("PRAGMA user_version = 99");
    database.close();

    const { exit, err } = await line.withFixtures("run", "hello");

    expect([exit, err]).toEqual([1, expect.stringMatching(/^error\[STATE_NEWER\]: .* upgrade Freshet/)]);
  });

  test.skipIf(process.getuid?.() === 0)("because it is read only is told with what to do", async () => {
    await line.withFixtures("run", "hello");
    chmodSync(stateFile(), 0o400);

    const { exit, err } = await line.freshet("runs");

    expect([exit, err]).toEqual([1, expect.stringMatching(/^error\[STATE_READ_ONLY\]: /)]);
  });
});

describe("as processes", () => {
  test("the exit code, the help and an unforeseen error come through", async () => {
    const help = await line.start(["--help"]).ended;
    const wrong = await line.start(["runs", "--nope"]).ended;

    expect([help.exit, help.out.includes("Examples:"), wrong.exit, wrong.err.includes("at ")]).toEqual([
      0,
      true,
      2,
      false,
    ]);
  });

  test("a reader that goes away ends a listing without a fault", async () => {
    const { child, ended } = line.start(["--help"]);
    child.stdout?.destroy();

    expect(await ended).toMatchObject({ exit: 0, err: "" });
  });

  test.skipIf(process.platform !== "linux")("a place where nothing can be made is told, and nobody waits", async () => {
    const home = await line.start(["run", "hello", "--dags", "test/fixtures/dags"], {
      FRESHET_HOME: "/proc/freshet/home",
    }).ended;
    const out = await line.start(["compile", "--dags", "test/fixtures/dags", "--out", "/proc/freshet"]).ended;

    expect([home.exit, home.err, out.exit, out.err]).toEqual([
      1,
      expect.stringMatching(/^error\[HOME_UNUSABLE\]: .*ENOENT/),
      2,
      expect.stringMatching(/^error\[USAGE\]: --out is '\/proc\/freshet', where no folder can be made \(ENOENT\)/),
    ]);
  });

  test("a home that cannot be made is told, wherever it is found out", async () => {
    const { exit, err } = await line.start(["run", "hello", "--dags", "test/fixtures/dags"], {
      FRESHET_HOME: join(REPOSITORY, "package.json"),
    }).ended;

    expect([exit, err]).toEqual([1, expect.stringMatching(/^error\[HOME_UNUSABLE\]: /)]);
  });
});
