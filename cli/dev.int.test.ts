import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine, type Running } from "../test/builders/command-line.ts";

/** A folder of DAGs that a test may change. */
interface DagFolder {
  readonly path: string;
  /** As an editor saves: written beside, and moved into place. */
  save(name: string, text: string): void;
  copyFixture(name: string): void;
  remove(): void;
}

function aDagFolder(...fixtures: readonly string[]): DagFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "freshet-dev-")));
  const folder: DagFolder = {
    path,
    save(name, text) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.tmp`, text);
      renameSync(`${file}.tmp`, file);
    },
    copyFixture: (name) => copyFileSync(join(REPOSITORY, "test/fixtures/dags", name), join(path, name)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
  for (const name of fixtures) folder.copyFixture(name);
  return folder;
}

const hello = (text: string): string => `import { dag, task } from "freshet";
const hello = task("hello", { run: ({ log }) => log.info(${JSON.stringify(text)}) });
export default dag("hello", { tasks: [hello] });
`;

describe("the first start in an empty home", () => {
  let line: CommandLine;
  let folder: DagFolder;
  beforeAll(async () => {
    line = await aCommandLine();
    folder = aDagFolder("arrivals.dag.ts");
  });
  afterAll(async () => {
    await line.close();
    folder.remove();
  });

  test("takes the sample that is shipped, runs it, and with --once exits by its outcome", async () => {
    folder.save("samples/inbox/in/first.txt", "a file to begin with");

    const { exit, out } = await line.start(["dev", "--once", "--dags", folder.path, "--window", "100ms"]).ended;

    expect(exit).toBe(0);
    expect(out).toMatch(/buckets .*drop a file/);
    expect(out).toMatch(/dag arrivals registered/);
    expect(out).toMatch(/run arrivals\.files\.000001 started \(event, with in\/first\.txt\)/);
    expect(out).toMatch(/run arrivals\.files\.000001 success in /);
  });

  test("is only once: the next has nothing to process", async () => {
    const { exit, out } = await line.start(["dev", "--once", "--dags", folder.path, "--window", "100ms"]).ended;

    expect([exit, out]).toEqual([0, expect.stringContaining("there was nothing to process")]);
  });

  test("a file that its pipeline cannot take makes --once exit with 1, and names whom to ask", async () => {
    writeFileSync(join(line.home, "buckets/inbox/in/empty.txt"), "");

    const { exit, out } = await line.start(["dev", "--once", "--dags", folder.path, "--window", "100ms"]).ended;

    expect(exit).toBe(1);
    expect(out).toMatch(
      /task count failed \(attempt 1 of 1\) in arrivals\.files\.000002: TypeError: in\/empty.txt is empty/,
    );
    expect(out).toMatch(
      /run arrivals.files.000002 failed in .*\(owner files@example.com, runbook docs\/runbooks\/arrivals.md\)/,
    );
  });

  test("tells programs the same, a JSON object on a line", async () => {
    const { out } = await line.start(["dev", "--once", "--json", "--dags", folder.path]).ended;

    const types = out
      .trim()
      .split("\n")
      .map((text) => (JSON.parse(text) as { readonly type: string }).type);
    expect(types).toEqual(["registered", "note"]);
  });
});

describe("a running dev", () => {
  let line: CommandLine;
  let folder: DagFolder;
  let dev: Running;
  beforeAll(async () => {
    line = await aCommandLine();
    folder = aDagFolder("arrivals.dag.ts", "slow.dag.ts");
    folder.save("hello.dag.ts", hello("first"));
    dev = line.start(["dev", "--dags", folder.path, "--window", "200ms"]);
    await dev.says("Try next");
  });
  afterAll(async () => {
    await line.close();
    folder.remove();
  });

  test("says where things are, and what to try", () => {
    expect(dev.said()).toMatch(/DAGs .*\n.*buckets .*\n.*state .*state\.db\n.*logs /);
    expect(dev.said()).toMatch(/npx freshet run \w+ +/);
  });

  test("runs a file that is dropped into the bucket folder", async () => {
    writeFileSync(join(line.home, "buckets/inbox/in/a.txt"), "12345");

    await dev.says("run arrivals.files.000001 success");

    expect(dev.said()).toContain("in/a.txt arrived in bucket inbox");
  });

  test("takes up a DAG file that is saved", async () => {
    folder.save("hello.dag.ts", hello("second"));
    await dev.says("dag hello changed");

    const { exit, out } = await line.freshet("run", "hello", "--dags", folder.path);

    expect([exit, out]).toEqual([0, expect.stringContaining("hello      | second")]);
  });

  test("keeps the last good version of a DAG whose file is broken, and shows what is wrong", async () => {
    folder.save("hello.dag.ts", hello("third").replace("tasks", "taks"));
    await dev.says("error[DAG004]");
    await dev.says("what worked before stays as it was");

    const { out } = await line.freshet("trigger", "hello");
    await dev.says(`run ${out.trim()} success`);

    expect((await line.freshet("logs", out.trim(), "hello")).out).toContain("second");
  });

  test("takes it up again once it is mended", async () => {
    folder.save("hello.dag.ts", hello("third"));

    await dev.says("all DAG files are good again");
  });

  test("lets nobody else schedule the same home", async () => {
    const { exit, err } = await line.freshet("dev", "--dags", folder.path);

    expect([exit, err]).toEqual([
      1,
      expect.stringMatching(/^error\[HOME_LOCKED\]: Freshet is already running on .*process \d+/),
    ]);
  });

  test("starts what is triggered beside it", async () => {
    const { out, err } = await line.freshet("trigger", "hello");

    await dev.says(`run ${out.trim()} success`);

    expect(err).toContain("it starts in the running `freshet dev`");
  });

  test("ends what is cancelled beside it, whose log can be followed meanwhile", async () => {
    const run = (await line.freshet("trigger", "slow")).out.trim();
    await dev.says(`run ${run} started`);
    const followed = line.start(["logs", run, "wait", "--follow"]);
    await followed.says("waiting");

    await line.freshet("cancel", run, "--reason", "seen enough");

    expect(await followed.ended).toMatchObject({ exit: 0 });
    await dev.says(`run ${run} cancelled`);
    await dev.says(`task wait stopped (attempt 1) in ${run}`);
  });

  test("stops a DAG whose file is removed", async () => {
    rmSync(join(folder.path, "slow.dag.ts"));

    await dev.says("dag slow removed");
  });

  test("ends at Ctrl-C", async () => {
    dev.child.kill("SIGINT");

    expect(await dev.ended).toMatchObject({ exit: 0, err: expect.not.stringContaining("UNEXPECTED") as string });
  });
});

describe("a dev with little past, and without schedules", () => {
  test("says so, tells its tasks, and runs what is written all the same", async () => {
    const line = await aCommandLine();
    const folder = aDagFolder();
    folder.save(
      "thin.dag.ts",
      `import { dag, every, task } from "freshet";
const where = task("where", { run: ({ environment, log }) => log.info(JSON.stringify(environment)) });
export default dag("thin", { schedule: every.day(), tasks: [where] });
`,
    );
    const dev = line.start(["dev", "--dags", folder.path, "--data-window", "7d", "--no-schedules"]);
    await dev.says("Try next");

    const { exit, out } = await line.freshet("run", "thin", "--dags", folder.path);
    await line.close();
    folder.remove();

    expect(dev.said()).toContain("what ended more than 7d ago gets no run by the clock (--data-window)");
    expect([exit, out]).toEqual([0, expect.stringContaining('{"name":"local","dataWindowMs":604800000}')]);
  });
});

describe("a run whose process was killed", () => {
  test("is taken up again by the next one that waits for its place", async () => {
    const line = await aCommandLine();
    const argv = ["run", "slow", "--dags", "test/fixtures/dags"];
    const killed = line.start(argv);
    await killed.says("waiting");
    killed.child.kill("SIGKILL");
    await killed.ended;

    const next = line.start(argv);
    await next.says("was left unfinished and holds the DAG's place: taking it up");
    next.child.kill("SIGINT");
    const { exit } = await next.ended;
    await line.close();

    expect(exit).toBe(130);
  });
});

describe("a dev whose predecessor was killed", () => {
  test("tells which runs go on, and of their ends, whoever ends them", async () => {
    const line = await aCommandLine();
    const killed = line.start(["dev", "--dags", "test/fixtures/dags"]);
    await killed.says("dag slow registered");
    const run = (await line.freshet("trigger", "slow")).out.trim();
    await killed.says(`run ${run} started`);
    killed.child.kill("SIGKILL");
    await killed.ended;

    const next = line.start(["dev", "--dags", "test/fixtures/dags"]);
    await next.says(`run ${run} goes on, which was at work before`);
    await line.freshet("cancel", run);

    await next.says(`run ${run} cancelled`);
    await line.close();
  });
});

describe("Ctrl-C", () => {
  test("cancels a run in the foreground, and the exit code says that it was interrupted", async () => {
    const line = await aCommandLine();
    const running = line.start(["run", "slow", "--dags", "test/fixtures/dags"]);
    await running.says("waiting");

    running.child.kill("SIGINT");
    const { exit, out } = await running.ended;
    const runs = JSON.parse((await line.freshet("runs", "--json")).out) as unknown;
    await line.close();

    expect([exit, out, runs]).toEqual([
      130,
      expect.stringContaining("cancelling the run"),
      [expect.objectContaining({ state: "cancelled" })],
    ]);
  });
});
