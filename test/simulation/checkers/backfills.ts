/** Promises about backfills: places of their own, each date once, and what was asked for to the end. */
import { backfillDates } from "../../../shared/core/backfill/dates.ts";
import { isBackfillOver } from "../../../shared/core/backfill/decide.ts";
import type { Backfill } from "../../../shared/core/backfill/record.ts";
import type { Manifest } from "../../../shared/core/manifest.ts";
import { iso } from "../../../shared/core/time.ts";
import type { Checker } from "./checker.ts";

export const backfillsKeepToTheirPlaces: Checker = {
  promise: "S9",
  says: "a backfill runs no more dates at the same time than it was given places",
  backfill({ after }, _seen, expect) {
    const { parallel } = after.plan;
    expect(after.active.length <= parallel, () => `${after.backfillId} has ${after.active.length} of ${parallel}`);
  },
};

/** Whoever looked at the DAG before it was paused has done what he had begun by then, however long he stood still. */
const HELD_AFTER_MS = 1_800_000;

export const pausedDagsHoldBackfills: Checker = {
  promise: "S9",
  says: "a backfill takes up no date while its DAG is paused",
  backfill({ before, after, at }, { ledger }, expect) {
    const since = ledger.pausedSince(after.plan.dagId);
    if (before === undefined || since === undefined || at - since < HELD_AFTER_MS) return;
    expect(after.taken === before.taken, () => `${after.backfillId} took up dates, and its DAG is paused`);
  },
};

export const backfillsCountEachDate: Checker = {
  promise: "S1",
  says: "each date of a backfill is at work, has ended, was left out, or is still to come",
  backfill({ after }, _seen, expect) {
    const { success, failed, cancelled } = after.ended;
    const skipped = after.skipped.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    const known = after.active.length + success + failed + cancelled + skipped;
    expect(known === after.taken, () => `${after.backfillId} took up ${after.taken} dates, and knows of ${known}`);
  },
};

export const backfillsRunOutsideTheDag: Checker = {
  promise: "S17",
  says: "a run of a backfill takes no place of its DAG",
  dag({ after }, { database }, expect) {
    for (const { runId, epoch, confirmed } of after.active) {
      if (!confirmed) continue;
      const run = database.runs.rows.get(runId)?.value;
      if (run === undefined) continue;
      const { heldBy } = run;
      expect(heldBy?.epoch !== epoch, () => `${runId} belongs to ${heldBy?.backfillId} and has a place of its DAG`);
    }
  },
};

const datesOf = ({ plan }: Backfill, { schedule }: Manifest) =>
  schedule === null ? [] : backfillDates(schedule, plan);

export const backfillsEnd: Checker = {
  promise: "L2",
  says: "every date of a backfill that was not cancelled has a run, or says why not",
  atRest({ database }, expect) {
    for (const { value } of database.backfills.rows.values()) {
      expect(isBackfillOver(value) && value.due === null, () => `${value.backfillId} is ${value.state}`);
      if (value.state === "cancelled") continue;
      for (const [place, { logicalDate }] of datesOf(value, database.manifest(value.plan.version)).entries()) {
        const skipped = value.skipped.some(({ from, to }) => from <= place && place <= to);
        const made = [...database.runs.rows.values()].some(
          ({ value: run }) => run.dagId === value.plan.dagId && run.logicalDate === logicalDate,
        );
        expect(made || skipped, () => `${value.backfillId} has left ${iso(logicalDate)} without a run`);
      }
    }
  },
};
