/** What schedules cost: the next firing, and the dates of a backfill. */
import { backfillDates } from "../../shared/core/backfill/dates.ts";
import type { CronSpec } from "../../shared/core/manifest.ts";
import { nextFiring } from "../../shared/core/schedule/schedule.ts";
import type { Instant } from "../../shared/core/time.ts";
import { startOfDate } from "../../shared/core/schedule/zone.ts";
import { lineOf, type BenchLine } from "../line.ts";

export const name = "schedules";

const FIRINGS = 20_000;
const START = startOfDate("UTC", "2016-01-01");
const END = startOfDate("UTC", "2026-01-01");
const LONDON: CronSpec = {
  kind: "cron",
  expressions: ["0 4 * * *"],
  interval: "day",
  timezone: "Europe/London",
  dst: { gap: "shift", fold: "first" },
  start: null,
  end: null,
};

export function run(): Promise<readonly BenchLine[]> {
  return Promise.resolve([nextFirings(), tenYears()]);
}

function nextFirings(): BenchLine {
  const began = performance.now();
  let at: Instant = START;
  for (let count = 0; count < FIRINGS; count++) at = nextFiring(LONDON, at)?.due ?? START;
  const totalMs = performance.now() - began;
  const each = totalMs / FIRINGS;
  return lineOf({ workload: "next_firing", n: FIRINGS, durability: "-", samplesMs: [each], totalMs, tasks: FIRINGS });
}

function tenYears(): BenchLine {
  const began = performance.now();
  const wanted = { spans: [{ start: START, end: END }], endedBy: END, order: "oldest", seed: 0 } as const;
  const n = backfillDates(LONDON, wanted).length;
  const totalMs = performance.now() - began;
  return lineOf({ workload: "backfill_dates", n, durability: "-", samplesMs: [totalMs], totalMs, tasks: n });
}
