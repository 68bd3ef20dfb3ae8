import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine } from "../test/builders/command-line.ts";

let line: CommandLine;
beforeEach(async () => {
  line = await aCommandLine();
});
afterEach(async () => {
  await line.close();
});

const WEEK = ["--from", "2026-03-01", "--to", "2026-03-07"];

describe("freshet backfill", () => {
  test("lists what it would do, does it, and tells how far it is", async () => {
    await line.withFixtures("dev", "--once");

    const dry = await line.freshet("backfill", "sums", ...WEEK, "--dry-run", "--json");
    expect(JSON.parse(dry.out)).toMatchObject({
      count: 7,
      runs: Array.from({ length: 7 }, (_, day) => ({
        logicalDate: `2026-03-0${day + 1}T00:00:00Z`,
        action: "create",
        reason: null,
      })),
    });

    const begun = await line.freshet("backfill", "sums", ...WEEK);
    expect([begun.exit, begun.err.split("\n")[0]]).toEqual([0, "7 runs"]);
    await line.withFixtures("dev", "--once");

    const shown = await line.freshet("backfills", begun.out.trim(), "--json");
    expect(JSON.parse(shown.out)).toMatchObject({ state: "completed", count: 7, success: 7, left: 0 });
    expect((await line.freshet("backfills", begun.out.trim())).out).toContain("7 of 7: 7 succeeded");
    expect((await line.freshet("backfills")).out).toContain("completed");
  });

  test("is paused by somebody, who is remembered", async () => {
    await line.withFixtures("dev", "--once");
    const id = (await line.freshet("backfill", "sums", ...WEEK)).out.trim();

    await line.freshet("backfills", id, "--pause", "--reason", "month end");

    const acts = JSON.parse((await line.freshet("audit", id, "--json")).out) as readonly object[];
    expect(acts).toMatchObject([
      { kind: "backfill", id, action: "pause", reason: "month end", after: { state: "paused" } },
    ]);
  });

  test("of a paused DAG waits, and everything says so", async () => {
    await line.withFixtures("dev", "--once");
    await line.freshet("pause", "sums", "--reason", "warehouse is down");

    const begun = await line.freshet("backfill", "sums", ...WEEK);
    expect(begun.err).toContain("its DAG is paused by ada: it takes up no date until `freshet resume sums`");
    expect((await line.freshet("backfills")).out).toContain("running, its DAG is paused");
    const why = await line.freshet("why", "sums");
    expect(why.out).toMatch(/^dag sums {2}paused\s+why +paused by ada .* ago: warehouse is down/);
    expect(why.out).toContain("freshet resume sums");
    expect(JSON.parse((await line.freshet("why", "sums", "--json")).out)).toMatchObject({
      standing: "paused",
      backfills: [begun.out.trim()],
      acts: [{ by: "ada", action: "pause", reason: "warehouse is down" }],
    });

    await line.freshet("resume", "sums");
    await line.withFixtures("dev", "--once");
    expect((await line.freshet("backfills")).out).toContain("completed");
  });

  test("tells what clocks skip, and what is not over yet", async () => {
    await line.withFixtures("dev", "--once");

    const { err } = await line.freshet("backfill", "sums", "--from", "2026-03-01", "--to", "2126-03-01", "--dry-run");

    expect(err).toMatch(/^warning: intervals that are not over by .* are left out/);
  });

  test("asks about many runs, and starts none by accident", async () => {
    await line.withFixtures("dev", "--once");

    const { exit, err } = await line.freshet("backfill", "sums", "--from", "2016-01-01", "--to", "2025-12-31");

    expect([exit, err]).toEqual([1, expect.stringMatching(/3653 runs\n.*more than 500 runs; `--yes` starts them/s)]);
    expect(JSON.parse((await line.freshet("backfills", "--json")).out)).toEqual([]);
  });

  test.each<[string, readonly string[], RegExp]>([
    ["no dates", [], /--from and --to are missing/],
    [
      "an order that there is not",
      [...WEEK, "--order", "rndom"],
      /--order is 'rndom'; expected oldest, newest, random; did you mean 'random'/,
    ],
    [
      "too many at once",
      [...WEEK, "--parallel", "1000"],
      /--parallel is '1000'; expected a whole number from 1 to 100/,
    ],
    ["no task", [...WEEK, "--tasks", ","], /--tasks is ','/],
  ])("tells what is wrong: %s", async (_what, options, message) => {
    await line.withFixtures("dev", "--once");

    const { exit, err } = await line.freshet("backfill", "sums", ...options);

    expect([exit, err]).toEqual([2, expect.stringMatching(message)]);
  });

  test("names the nearest backfill, and wants one to change", async () => {
    expect((await line.freshet("backfills", "sums.backfill.1", "--pause")).err).toContain(
      "there is no backfill 'sums.backfill.1'",
    );
    expect((await line.freshet("backfills", "--pause")).err).toContain("--pause needs to know which backfill");
  });
});

describe("freshet plan", () => {
  test("tells what is new, and then that all stays as it is, though windows are shorter here", async () => {
    const before = await line.withFixtures("plan", "--json");
    const all = (JSON.parse(before.out) as { dags: { change: string }[] }).dags;
    expect(new Set(all.map(({ change }) => change))).toEqual(new Set(["new"]));

    await line.withFixtures("dev", "--once");
    const { exit, err } = await line.withFixtures("plan");
    expect([exit, err]).toEqual([0, expect.stringContaining("0 DAGs would change")]);
  });

  test("names the runs at work, those of backfills too", async () => {
    mkdirSync(join(REPOSITORY, "tmp"), { recursive: true });
    const folder = mkdtempSync(join(REPOSITORY, "tmp/plan-"));
    const waits = `task("wait", { run: ({ signal }) => new Promise((end) => signal.addEventListener("abort", end)).then(() => {}) })`;
    writeFileSync(
      join(folder, "nightly.dag.ts"),
      `import { dag, every, task } from "freshet";\nexport default dag("nightly", { schedule: every.day(), tasks: [${waits}] });\n`,
    );
    const dev = line.start(["dev", "--dags", folder]);
    await dev.says("dag nightly registered");
    await line.freshet("backfill", "nightly", "--from", "2026-03-01", "--to", "2026-03-01");
    await dev.says("run nightly.scheduled.20260301T000000Z started");

    const { out } = await line.freshet("plan", "--dags", folder, "--json");

    rmSync(folder, { recursive: true });
    expect(JSON.parse(out)).toMatchObject({ dags: [{ inFlight: ["nightly.scheduled.20260301T000000Z"] }] });
  });
});
