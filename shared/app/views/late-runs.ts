/** Runs that have missed a deadline, among the latest. */
import type { Run } from "../../core/run.ts";
import { isLate } from "../../core/run/deadlines.ts";
import { RUN_PAGE_MAX, type RunQuery, type RunStore } from "../../ports/run-store.ts";
import type { Instant } from "../../core/time.ts";

/** Runs that are looked through: those before them are of interest to nobody who is woken up. */
export const LATE_LOOKED_THROUGH_MAX = 2_000;

/** Newest first, as runs are listed; also those of which nobody has noted yet that a deadline has passed. */
export async function lateRuns(
  runs: Pick<RunStore, "list">,
  query: Omit<RunQuery, "after">,
  now: Instant,
): Promise<readonly Run[]> {
  const late: Run[] = [];
  let after: string | undefined;
  for (let seen = 0; seen < LATE_LOOKED_THROUGH_MAX && late.length < query.limit; seen += RUN_PAGE_MAX) {
    const page = await runs.list({ ...query, limit: RUN_PAGE_MAX, ...(after === undefined ? {} : { after }) });
    late.push(...page.runs.filter((run) => isLate(run, now)));
    after = page.next;
    if (after === undefined) break;
  }
  return late.slice(0, query.limit);
}
