import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine } from "../test/builders/command-line.ts";

/** What people see of runs with deadlines. */
let line: CommandLine;
let tardy: string;
beforeAll(async () => {
  line = await aCommandLine(join(REPOSITORY, "test/fixtures/late"));
  const { out, err } = await line.withFixtures("run", "tardy");
  tardy = `${out}${err}`;
  await line.withFixtures("run", "failing");
  await line.withFixtures("run", "prompt");
});
afterAll(async () => {
  await line.close();
});

interface Listed {
  readonly dagId: string;
  readonly deadlines: readonly { readonly name: string; readonly at: string; readonly missedAt: string | null }[];
}

test("freshet run says that its run was late", () => {
  expect(tardy).toMatch(/^run tardy\.\S+ success in \S+, late by \S+$/m);
});

describe("freshet runs", () => {
  test("marks those that are late", async () => {
    const { out } = await line.freshet("runs");

    expect(out).toMatch(/^tardy\.\S+ +success, late by \S+ +manual/m);
    expect(out).toMatch(/^prompt\.\S+ +success +manual/m);
  });

  test("lists those that are late alone", async () => {
    const { out } = await line.freshet("runs", "--late", "--json");

    expect((JSON.parse(out) as readonly Listed[]).map(({ dagId, deadlines }) => [dagId, deadlines])).toEqual([
      ["tardy", [{ name: "at once", at: expect.any(String) as string, missedAt: expect.any(String) as string }]],
    ]);
  });

  test("says so if none is late", async () => {
    const { exit, err } = await line.freshet("runs", "prompt", "--late");

    expect([exit, err.trim()]).toEqual([0, "no run is late"]);
  });

  test("has late runs, or dates without one, and not both", async () => {
    const { exit, err } = await line.freshet("runs", "--late", "--missing");

    expect([exit, err]).toEqual([2, expect.stringContaining("leave out one of them")]);
  });
});

describe("freshet why", () => {
  test("says by how much a deadline was missed", async () => {
    const { out } = await line.freshet("why", "latest:tardy");

    expect(out).toMatch(/^ {2}deadline +at once, at \S+ \S+Z: missed: the run succeeded \S+ too late$/m);
  });

  test("says when one comes that a failed run may still keep", async () => {
    const { out } = await line.freshet("why", "latest:failing");

    expect(out).toMatch(/^ {2}deadline +2h after it is due, at \S+ \S+Z: in (1h \d+m|2h); the run is failed$/m);
  });

  test("has them in JSON, with what the run waits for", async () => {
    const { out } = await line.freshet("why", "latest:failing", "--json");

    expect(JSON.parse(out)).toMatchObject({
      deadlines: [
        { name: "2h after it is due", missedAt: null, why: expect.stringMatching(/^in [12]h/) as string, waitsFor: [] },
      ],
    });
  });

  test("says nothing of one that was kept", async () => {
    const { out } = await line.freshet("why", "latest:prompt");

    expect(out).not.toContain("deadline");
  });
});

test("freshet simulate tells which runs are too late, and by how much", async () => {
  const period = ["--from", "2026-03-28", "--to", "2026-03-30"];

  const { out } = await line.withFixtures("simulate", "nightly", ...period, "--duration", "count=7m");

  expect(out).toContain(`
  deadline      by 04:05: 3 runs, 3 too late, by up to 2m: 2026-03-28T04:00:00Z, 2026-03-29T04:00:00Z, 2026-03-30T04:00:00Z
  deadline      1h after it is due: 3 runs, all in time
`);
  expect(out).toContain(`
Each run: . success, d degraded, l late, F failed, C cancelled
  2026-03-28T04:00  lll
`);
});
