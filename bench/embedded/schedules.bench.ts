/** What schedules cost: the next firing, the dates of a backfill, and many DAGs due in one tick. */
import { tick } from "../../shared/app/tick.ts";
import { backfillDates } from "../../shared/core/backfill/dates.ts";
import { dagId } from "../../shared/core/ids.ts";
import { nextFiring } from "../../shared/core/schedule.ts";
import { plus, type Instant } from "../../shared/core/time.ts";
import { startOfDate } from "../../shared/core/zone.ts";
import { NOON, aManifest, aSchedule } from "../../test/builders/index.ts";
import { aSteeredHome } from "../../test/builders/steered-home.ts";
import { lineOf, type BenchLine } from "../line.ts";
import { DURABILITY } from "./world.ts";

export const name = "schedules";

const FIRINGS = 20_000;
const DAGS = 1_000;
const HOUR_MS = 3_600_000;
const LONDON = aSchedule({ timezone: "Europe/London" });

export async function run(): Promise<readonly BenchLine[]> {
  return [nextFirings(), tenYears(), await manyDue()];
}

function nextFirings(): BenchLine {
  const began = performance.now();
  let at: Instant = NOON;
  for (let count = 0; count < FIRINGS; count++) at = nextFiring(LONDON, at)?.due ?? NOON;
  const totalMs = performance.now() - began;
  const each = totalMs / FIRINGS;
  return lineOf({ workload: "next_firing", n: FIRINGS, durability: "-", samplesMs: [each], totalMs, tasks: FIRINGS });
}

function tenYears(): BenchLine {
  const spans = [{ start: startOfDate("UTC", "2016-01-01"), end: startOfDate("UTC", "2026-01-01") }];
  const began = performance.now();
  const dates = backfillDates(LONDON, { spans, endedBy: NOON, order: "oldest", seed: 0 });
  const totalMs = performance.now() - began;
  const n = dates.length;
  return lineOf({ workload: "backfill_dates", n, durability: "-", samplesMs: [totalMs], totalMs, tasks: n });
}

/** From the tick to the last dispatch; tasks are played in this process. */
async function manyDue(): Promise<BenchLine> {
  const home = await aSteeredHome();
  const schedule = aSchedule({ expression: "0 * * * *", interval: "hour" });
  for (let index = 0; index < DAGS; index++) await home.deploy(aManifest({ dagId: dagId(`d${index}`), schedule }));
  home.play(() => "never");
  home.sleepTo(plus(NOON, HOUR_MS));
  const began = performance.now();
  await tick(home.engine, plus(home.now(), HOUR_MS));
  await home.settle();
  const totalMs = performance.now() - began;
  const runs = (await home.runs()).length;
  await home.close();
  if (runs !== DAGS) throw new Error(`${runs} of ${DAGS} runs were made`);
  return lineOf({ workload: "dags_due", n: DAGS, durability: DURABILITY, samplesMs: [totalMs], totalMs, tasks: DAGS });
}
