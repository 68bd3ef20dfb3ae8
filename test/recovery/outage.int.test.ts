/**
 * "When nothing was running" of docs/scheduling.md, by the command itself: `freshet dev` in a process of its own, stopped on
 * Tuesday noon, and started again on Friday noon by a clock that was moved.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aCommandLine, REPOSITORY, type CommandLine } from "../builders/command-line.ts";

const FOLDER = join(REPOSITORY, "test/fixtures/outage");
const TUESDAY_MORNING = "2026-03-03T03:59:57Z";
const FRIDAY_NOON = "2026-03-06T12:00:00Z";

let line: CommandLine;
beforeEach(async () => {
  line = await aCommandLine(FOLDER);
});
afterEach(async () => {
  await line.close();
});

const clockAt = (at: string): Readonly<Record<string, string>> => ({
  CLOCK_AT: at,
  NODE_OPTIONS: `--import=${pathToFileURL(join(FOLDER, "moved-clock.mjs")).href}`,
});

interface Shown {
  readonly logicalDate: string;
  readonly state: string;
  readonly queuedAt: string;
}

const runsOf = async (dag: string): Promise<readonly Shown[]> =>
  (JSON.parse((await line.freshet("runs", dag, "--json")).out) as readonly Shown[]).toReversed();
const days = async (dag: string): Promise<readonly string[]> =>
  (await runsOf(dag)).map(({ logicalDate, state }) => `${logicalDate.slice(0, 10)} ${state}`);

test("recovers from three days in which nothing ran as the page says", { timeout: 120_000 }, async () => {
  const before = line.start(["dev", "--dags", FOLDER], clockAt(TUESDAY_MORNING));
  // Monday's runs, at four o'clock.
  await before.says("run latest_only.scheduled.20260302T000000Z success");
  await before.says("run all_days.scheduled.20260302T000000Z success");
  before.child.kill("SIGINT");
  await before.ended;

  const after = await line.start(["dev", "--once", "--dags", FOLDER], clockAt(FRIDAY_NOON)).ended;

  expect(after.exit).toBe(0);
  expect(await days("latest_only")).toEqual(["2026-03-02 success", "2026-03-05 success"]);
  expect(await days("all_days")).toEqual(
    ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"].map((day) => `${day} success`),
  );
  const queued = (await runsOf("all_days")).map(({ queuedAt }) => queuedAt);
  expect(queued).toEqual(queued.toSorted());
  const missing = await line.freshet("runs", "--missing", "--json");
  expect(JSON.parse(missing.out)).toMatchObject([
    { dagId: "latest_only", logicalDate: "2026-03-04T00:00:00Z" },
    { dagId: "latest_only", logicalDate: "2026-03-03T00:00:00Z" },
  ]);

  // ... until a backfill has made up for them.
  await line.freshet("backfill", "latest_only", "--only-missed");
  await line.start(["dev", "--once", "--dags", FOLDER], clockAt(FRIDAY_NOON)).ended;
  expect((await days("latest_only")).length).toBe(4);
  expect(JSON.parse((await line.freshet("runs", "--missing", "--json")).out)).toEqual([]);
});
