/** What docs/scheduling.md says of an outage, on the embedded stores: stopped for three days, then started again. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { missingRuns } from "../../shared/app/views/missing.ts";
import { iso, plus } from "../../shared/core/time.ts";
import { DAY_MS, HOUR_MS, NOON, aManifest, aSchedule } from "../builders/index.ts";
import { aSteeredHome, type SteeredHome } from "../builders/steered-home.ts";

let home: SteeredHome;
beforeEach(async () => {
  home = await aSteeredHome();
});
afterEach(async () => {
  await home.close();
});

/** Runs for a day, sleeps for three, and runs for another. */
async function outage(): Promise<void> {
  await home.passTo(plus(NOON, DAY_MS));
  home.sleepTo(plus(NOON, 4 * DAY_MS));
  await home.passTo(plus(NOON, 5 * DAY_MS));
}

const days = async (): Promise<readonly string[]> =>
  (await home.runs()).map((run) => `${iso(run.logicalDate ?? NOON).slice(0, 10)} ${run.state}`);

test("without catch-up the latest day has its run, and the others are listed as missing", async () => {
  await home.deploy(aManifest({ schedule: aSchedule() }));
  await outage();

  expect(await days()).toEqual(["2026-03-02 success", "2026-03-05 success", "2026-03-06 success"]);
  const missing = await missingRuns(home.engine, 20);
  expect(missing.map((row) => row.logicalDate.slice(0, 10))).toEqual(["2026-03-04", "2026-03-03"]);
  expect(missing[0]).toEqual({
    dagId: "orders",
    logicalDate: "2026-03-04T00:00:00Z",
    dataInterval: { start: "2026-03-04T00:00:00Z", end: "2026-03-05T00:00:00Z" },
    due: "2026-03-05T04:00:00Z",
    reason: null,
  });
});

test("with catch-up every day has its run, the oldest first", async () => {
  await home.deploy(aManifest({ schedule: aSchedule(), catchup: { windowMs: 365 * DAY_MS }, overlap: "queue" }));
  await outage();

  expect(await days()).toEqual(
    ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"].map((day) => `${day} success`),
  );
  const queuedAt = (await home.runs()).map((run) => run.queuedAt);
  expect(queuedAt).toEqual(queuedAt.toSorted((a, b) => a - b));
  expect(await missingRuns(home.engine, 20)).toEqual([]);
});

test("an hour of outage changes nothing but lateness", async () => {
  await home.deploy(aManifest({ schedule: aSchedule({ expression: "30 * * * *", interval: "hour" }) }));
  await home.passTo(plus(NOON, HOUR_MS));
  home.sleepTo(plus(NOON, 2 * HOUR_MS));
  await home.passTo(plus(NOON, 3 * HOUR_MS));

  const hours = (await home.runs()).map((run) => iso(run.dataInterval?.end ?? NOON).slice(11, 16));
  expect(hours).toEqual(["12:00", "13:00", "14:00"]);
});
