import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCommandLine, type CommandLine, type Said } from "../test/builders/command-line.ts";

let line: CommandLine;
beforeAll(async () => {
  line = await aCommandLine();
});
afterAll(async () => {
  await line.close();
});

const json = ({ out }: Said): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>;
/** Without what differs each time. */
const steady = (text: string): string =>
  text
    .replaceAll(/\.(manual|trial)\.[0-9TZ-]+-[0-9a-z]{6}/g, ".$1.ID")
    .replaceAll(/\bin \d+(\.\d+)?(ms|s)\b/g, "in T")
    .replaceAll(/\bafter \d+(\.\d+)?(ms|s)\b/g, "after T");

describe("a run that succeeds", () => {
  test("is told in plain lines, with what the tasks log, and exits with 0", async () => {
    const { exit, out, err } = await line.withFixtures("run", "hello");

    expect([exit, steady(out), err]).toEqual([
      0,
      `run hello.manual.ID started
hello      | hello, world
hello      success in T
run hello.manual.ID success in T
`,
      "",
    ]);
  });

  test("covers the local day that --date names, and takes params from a file", async () => {
    const file = join(line.home, "params.json");
    writeFileSync(file, '{ "count": 4 }');

    const said = await line.withFixtures("run", "sums", "--date", "2026-07-01", "--params", `@${file}`, "--json");

    expect([said.exit, json(said)]).toMatchObject([
      0,
      {
        dagId: "sums",
        runType: "manual",
        state: "success",
        logicalDate: "2026-06-30T23:00:00Z",
        dataInterval: { start: "2026-06-30T23:00:00Z", end: "2026-07-01T23:00:00Z" },
        tasks: [
          { taskId: "numbers", mapIndex: null, state: "success", attempt: 1, cause: null },
          { taskId: "sum", mapIndex: null, state: "success", attempt: 1, cause: null },
        ],
      },
    ]);
  });

  test("by a second try says so", async () => {
    const { exit, out } = await line.withFixtures("run", "flaky");

    expect([exit, steady(out)]).toEqual([
      0,
      expect.stringMatching(
        /flaky +failed in T \(attempt 1 of 3\): Error: not yet; tried again.*\nflaky +success in T \(attempt 2\)\n/,
      ),
    ]);
  });

  test("gets the file that it is given", async () => {
    mkdirSync(join(line.home, "buckets/inbox/in"), { recursive: true });
    writeFileSync(join(line.home, "buckets/inbox/in/a.txt"), "12345");

    const { exit, out } = await line.withFixtures("run", "arrivals", "--file", "in/a.txt");

    expect([exit, out]).toEqual([0, expect.stringContaining("in/a.txt has 5 bytes")]);
  });
});

describe("a run that fails", () => {
  test("names what failed, whom to ask and where to read on, and exits with 1", async () => {
    const { exit, out } = await line.withFixtures("run", "breaks");

    expect([exit, steady(out)]).toEqual([
      1,
      `run breaks.manual.ID started
fetch      | a log that would clear the screen: \\x1b[2J
fetch      success in T
check      failed in T (attempt 1 of 3): Permanent: no rows, expected some
publish    upstream_failed: all_success: 'check' failed
run breaks.manual.ID failed in T: task 'check' failed: Permanent: no rows, expected some
  owner night-shift@example.com, runbook docs/runbooks/breaks.md
  freshet why breaks.manual.ID
`,
    ]);
  });

  test("can be explained, for a person who was woken up", async () => {
    const { exit, out } = await line.freshet("why", "latest:breaks");

    const told = [
      "night-shift@example.com",
      "docs/runbooks/breaks.md",
      "broke     publish",
      "no rows, expected some",
      "at",
    ];
    expect([exit, told.filter((text) => !out.includes(text)), steady(out).match(/freshet (logs|run) .*/g)]).toEqual([
      0,
      [],
      [
        expect.stringMatching(/^freshet logs breaks.manual.ID check/),
        expect.stringMatching(/^freshet run breaks --task check --from-run breaks.manual.ID/),
      ],
    ]);
  });

  test("is explained to programs too", async () => {
    expect(json(await line.freshet("why", "latest:breaks", "check", "--json"))).toMatchObject({
      state: "failed",
      owner: "night-shift@example.com",
      tasks: [
        {
          taskId: "check",
          state: "failed",
          attempt: 1,
          broke: ["publish"],
          error: { attempt: 1, name: "Permanent", message: "no rows, expected some" },
          log: expect.stringContaining("check.1.jsonl") as string,
        },
      ],
    });
  });
});

describe("what has run", () => {
  test("is listed, the states and shapes as programs rely on", async () => {
    const runs = JSON.parse((await line.freshet("runs", "hello", "--json")).out) as unknown[];

    expect(runs).toEqual([
      {
        runId: expect.stringMatching(/^hello\.manual\./) as string,
        dagId: "hello",
        runType: "manual",
        state: "success",
        degraded: false,
        epoch: 0,
        paused: null,
        pausedTasks: [],
        deadlines: [],
        logicalDate: null,
        dataInterval: null,
        parent: null,
        partial: false,
        queuedAt: expect.stringMatching(/Z$/) as string,
        startedAt: expect.stringMatching(/Z$/) as string,
        endedAt: expect.stringMatching(/Z$/) as string,
      },
    ]);
  });

  test("can be filtered by state", async () => {
    const runs = JSON.parse((await line.freshet("runs", "--state", "failed", "--json")).out) as { dagId: string }[];

    expect(runs.map(({ dagId }) => dagId)).toEqual(["breaks"]);
  });

  test("has tasks", async () => {
    const { out } = await line.freshet("tasks", "latest:breaks");

    const states = out.split("\n").map((row) => row.split(/ +/).slice(0, 3));
    expect(states).toEqual([
      ["TASK", "STATE", "ATTEMPT"],
      ["fetch", "success", "1"],
      ["check", "failed", "1"],
      ["publish", "upstream_failed", "-"],
      [""],
    ]);
  });

  test("has logs", async () => {
    const { out } = await line.freshet("logs", "latest:sums", "sum");

    expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}the sum for 2026-07-01 is 10 \{"total":10\}\n$/);
  });

  test("may be named by the beginning of its id", async () => {
    const { exit, out } = await line.freshet("tasks", "hello.manual", "--json");

    expect([exit, JSON.parse(out)]).toMatchObject([0, [{ taskId: "hello" }]]);
  });

  test("has left its DAGs registered", async () => {
    const dags = JSON.parse((await line.freshet("dags", "--json")).out) as { dagId: string }[];

    expect(dags.map(({ dagId }) => dagId)).toEqual(["arrivals", "breaks", "flaky", "hello", "sums"]);
  });
});

describe("one task again", () => {
  test("has the inputs that it had in the run, and leaves no record", async () => {
    const before = (await line.freshet("runs", "--json")).out;

    const said = await line.withFixtures("run", "sums", "--task", "sum", "--from-run", "latest:sums", "--json");

    expect([said.exit, json(said), (await line.freshet("runs", "--json")).out === before]).toEqual([
      0,
      { taskId: "sum", fromRun: "latest:sums", state: "success", output: { total: 10 }, reason: null, error: null },
      true,
    ]);
  });

  test("whose upstream gave nothing in that run says which, and what to do", async () => {
    const { exit, err } = await line.withFixtures("run", "sums", "--task", "sum", "--from-run", "latest:hello");

    expect([exit, steady(err)]).toEqual([
      2,
      "error[USAGE]: run 'hello.manual.ID' is one of dag 'hello', not of 'sums'\n",
    ]);
  });
});

describe("with a debugger", () => {
  const argv = ["run", "sums", "--inspect", "--dags", "test/fixtures/dags"];

  test("the tasks run in the process that it is attached to, from their source files", async () => {
    const { exit, out } = await line.start(argv, { NODE_OPTIONS: "--inspect=127.0.0.1:0" }).ended;

    expect([exit, out]).toEqual([0, expect.stringContaining("sum        success")]);
  });

  test("that does not come, Ctrl-C gives up", async () => {
    const waiting = line.start(argv);
    await waiting.says("waiting for a debugger");

    waiting.child.kill("SIGINT");
    await waiting.ended;

    expect(waiting.child.signalCode).toBe("SIGINT");
  });
});

describe("starting without waiting", () => {
  test("prints the run's id, and says that nobody is there to run it", async () => {
    const { exit, out, err } = await line.freshet("trigger", "hello", "--key", "ticket-1");

    expect([exit, out, err]).toEqual([
      0,
      expect.stringMatching(/^hello\.manual\.key-[0-9a-f]{32}\n$/),
      "no scheduler is running here: it starts with the next `freshet dev`\n",
    ]);
  });

  test("starts the same run once for the same key", async () => {
    const again = await line.freshet("trigger", "hello", "--key", "ticket-1");

    expect(again.err).toBe("this key has started that run before; it is queued\n");
  });

  test("is explained while it waits", async () => {
    const { out } = await line.freshet("why", "latest:hello");

    expect(out).toContain("waits for a place");
  });

  test("can be cancelled, with the reason", async () => {
    const { exit, out } = await line.freshet("cancel", "latest:hello", "--reason", "not needed");

    expect([exit, out]).toEqual([
      0,
      expect.stringMatching(/^run hello\.manual\.key-[0-9a-f]+: cancelled by ada\n[^]*run: queued -> cancelled\n$/),
    ]);
  });

  test("has an id of which a beginning that others have too is not enough", async () => {
    const { exit, err } = await line.freshet("tasks", "hello.m");

    expect([exit, err]).toEqual([
      2,
      expect.stringMatching(/'hello\.m' is the beginning of 2 runs: hello\..*give more of it/),
    ]);
  });

  test("cannot be cancelled twice", async () => {
    const { exit, err } = await line.freshet("cancel", "latest:hello");

    expect([exit, err]).toEqual([1, expect.stringContaining("error[RUN_ENDED]")]);
  });
});
