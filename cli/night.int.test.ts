import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine } from "../test/builders/command-line.ts";

/** What somebody is told who is woken up and has only the command line. */
let line: CommandLine;
beforeAll(async () => {
  line = await aCommandLine(join(REPOSITORY, "test/fixtures/night"));
  await line.withFixtures("run", "shards");
  await line.withFixtures("run", "parent");
});
afterAll(async () => {
  await line.close();
});

const next = (out: string): readonly string[] =>
  out
    .slice(out.indexOf("\nnext\n"))
    .split("\n")
    .slice(2)
    .map((text) => text.trim().replaceAll(/\.(manual|child)\.[\w-]+/g, ".$1.ID"))
    .filter((text) => text !== "");

describe("of a map of which an instance failed", () => {
  test("why names the command that lists the instances, and the first that failed", async () => {
    const { out } = await line.freshet("why", "latest:shards");

    expect(next(out)).toEqual([
      expect.stringMatching(/^freshet tasks shards\.manual\.ID load +its instances$/),
      expect.stringMatching(/^freshet why shards\.manual\.ID 'load\[1\]' +the first of them that failed$/),
      expect.stringMatching(/^freshet clear shards\.manual\.ID --failed +go on from here$/),
    ]);
  });

  test("marking the task shows what becomes of it", async () => {
    const { out } = await line.freshet("mark", "success", "latest:shards", "load", "--dry-run");

    expect(out).toMatch(/^load +failed +success/m);
  });

  test("an instance alone is listed by another command, which is named", async () => {
    const { exit, err } = await line.freshet("tasks", "latest:shards", "load[1]");

    expect([exit, err]).toEqual([2, expect.stringMatching(/'load\[1\]' is one instance; .*`freshet why shards\./)]);
  });

  test("it cannot run apart from its run", async () => {
    const { exit, err } = await line.withFixtures("run", "shards", "--task", "load", "--from-run", "latest:shards");

    expect([exit, err]).toEqual([2, expect.stringContaining("error[USAGE]: task 'load' is mapped")]);
  });
});

describe("of a child run that failed", () => {
  test("why of its parent leads to it, and to nothing that the parent's task never did", async () => {
    const { out } = await line.freshet("why", "latest:parent");

    expect(next(out)).toEqual([
      expect.stringMatching(/^freshet why child\.child\.ID +its child run$/),
      expect.stringMatching(/^freshet clear parent\.manual\.ID --failed +go on from here$/),
    ]);
  });

  test("the task that started it cannot run apart from its run", async () => {
    const { exit, err } = await line.withFixtures(
      "run",
      "parent",
      "--task",
      "start_child",
      "--from-run",
      "latest:parent",
    );

    expect([exit, err]).toEqual([2, expect.stringContaining("task 'start_child' starts a run of dag 'child'")]);
  });

  test("a task that is tried alone says how it failed, and where", async () => {
    const { exit, out } = await line.withFixtures("run", "child", "--task", "copy", "--from-run", "latest:child");

    expect([exit, out]).toEqual([1, expect.stringMatching(/^task copy failed in \S+: Error: disk is full\n +at /)]);
  });
});

describe("of a child run that was refused", () => {
  test("why names no command that cannot help", async () => {
    await line.withFixtures("run", "orphan");

    const { out } = await line.freshet("why", "latest:orphan");

    expect(next(out)).toEqual([
      expect.stringMatching(/^freshet logs orphan\.manual\.ID start_nobody +what it logged$/),
      expect.stringMatching(/^freshet clear orphan\.manual\.ID --failed +go on from here$/),
    ]);
  });
});

describe("of a DAG that paused itself", () => {
  test("dags says since when, why, and what lets it go on", async () => {
    const { out } = await line.freshet("dags");

    expect(out).toMatch(
      /^child is paused by freshet since .*: run child\.child\..* failed; `freshet resume child` lets it/m,
    );
  });

  test("a run that is started now is told to wait for that", async () => {
    const { err } = await line.freshet("trigger", "child");

    expect(err).toContain("its DAG is paused by freshet: `freshet resume child` lets it start");
  });

  test("and why of it names the command", async () => {
    const { out } = await line.freshet("why", "latest:child");

    expect(next(out)[0]).toMatch(/^freshet resume child +let its DAG start runs$/);
  });
});

test("a task that waits for its next try can be tried at once, as why says", async () => {
  const started = line.start(["run", "waiting", "--dags", "test/fixtures/night"]);
  await started.says("tried again");
  started.child.kill("SIGKILL");
  await started.ended;

  const { out } = await line.freshet("why", "latest:waiting");

  expect(next(out)).toContainEqual(expect.stringMatching(/^freshet retry waiting\.manual\.ID call +try it again now$/));
  expect(out).toContain("nothing runs here: `freshet dev` goes on with it");
});
