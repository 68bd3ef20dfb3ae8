import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aCommandLine, type CommandLine } from "../test/builders/command-line.ts";

let line: CommandLine;
beforeEach(async () => {
  line = await aCommandLine();
});
afterEach(async () => {
  await line.close();
});

describe("freshet schedule", () => {
  test("gives programs the rows that the library gives", async () => {
    const { exit, out, err } = await line.withFixtures(
      "schedule",
      "sums",
      "--from",
      "2026-03-02",
      "--next",
      "2",
      "--json",
    );

    expect([exit, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toEqual([
      {
        logicalDate: "2026-03-01T00:00:00Z",
        dataInterval: { start: "2026-03-01T00:00:00Z", end: "2026-03-02T00:00:00Z" },
        due: "2026-03-02T04:00:00Z",
        dueLocal: "2026-03-02T04:00:00+00:00",
        note: null,
      },
      expect.objectContaining({ due: "2026-03-03T04:00:00Z" }),
    ]);
  });

  test("shows people a table", async () => {
    const { out } = await line.withFixtures("schedule", "sums", "--from", "2026-03-02", "--next", "1");

    expect(out).toContain("sums: 0 4 * * * Europe/London");
    expect(out).toMatch(/2026-03-01T00:00:00Z +2026-03-02T00:00:00Z +2026-03-02T04:00:00Z/);
  });

  test.each([
    ["--from", "2026-02-30", "--from is '2026-02-30'; a day that does not exist"],
    ["--next", "0", "--next is '0'; expected a whole number from 1 to 10000"],
  ])("refuses %s %s", async (option, value, text) => {
    const { exit, err } = await line.withFixtures("schedule", "sums", option, value);

    expect([exit, err]).toEqual([2, expect.stringContaining(text)]);
  });
});

describe("freshet runs --missing", () => {
  test("says so where nothing was passed over, and gives programs a list", async () => {
    const told = await line.freshet("runs", "--missing");
    const { out } = await line.freshet("runs", "--missing", "--json");

    expect([told.exit, told.err, JSON.parse(out)]).toEqual([
      0,
      "every date that was due has had its run, or waits for it\n",
      [],
    ]);
  });
});
