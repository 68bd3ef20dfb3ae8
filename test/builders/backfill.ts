import { newBackfill } from "../../shared/core/backfill/decide.ts";
import type { Backfill, BackfillPlan } from "../../shared/core/backfill/record.ts";
import { backfillId, dagId } from "../../shared/core/ids.ts";
import { plus } from "../../shared/core/time.ts";
import { aVersionHash } from "./run.ts";
import { DAY_MS, NOON } from "./times.ts";

/** Of `orders`: the five days before NOON, the oldest first, two at a time. */
export const aBackfillPlan = (overrides: Partial<BackfillPlan> = {}): BackfillPlan => ({
  dagId: dagId("orders"),
  version: aVersionHash(),
  spans: [{ start: plus(NOON, -5 * DAY_MS), end: NOON }],
  endedBy: NOON,
  order: "oldest",
  seed: 7,
  parallel: 2,
  reprocess: "none",
  latest: false,
  ignoreDependsOnPast: false,
  tasks: null,
  params: {},
  ...overrides,
});

export const aBackfill = (overrides: Partial<Backfill> = {}): Backfill => ({
  ...newBackfill({
    backfillId: backfillId("orders.backfill.1"),
    plan: aBackfillPlan(),
    count: 5,
    by: "ada",
    now: NOON,
  }),
  ...overrides,
});
