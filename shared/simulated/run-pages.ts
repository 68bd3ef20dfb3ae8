/** Lists of runs, a page at a time. */
import type { Run } from "../core/run.ts";
import { RUN_PAGE_MAX, type RunPage, type RunQuery } from "../ports/run-store.ts";

interface Listed {
  readonly run: Run;
  readonly place: string;
}

/** Sorts as the runs are listed. */
function listed(run: Run): Listed {
  const at = run.logicalDate ?? run.queuedAt;
  return { run, place: `${String(at).padStart(PLACE_DIGITS, "0")}/${run.runId}` };
}
const PLACE_DIGITS = 16;

/** Newest first; chunks are parts of their run. */
export function pageOf(runs: readonly Run[], { dagId, state, limit, after }: RunQuery): RunPage {
  const most = Math.max(1, Math.min(limit, RUN_PAGE_MAX));
  const found = runs
    .filter(({ origin }) => origin.kind !== "chunk")
    .filter((run) => (dagId === undefined || run.dagId === dagId) && (state === undefined || run.state === state))
    .map(listed)
    .filter(({ place }) => after === undefined || place < after)
    .toSorted((a, b) => (a.place > b.place ? -1 : 1));
  const page = found.slice(0, most);
  const last = page.at(-1);
  const more = found.length > most && last !== undefined;
  return { runs: page.map(({ run }) => run), ...(more ? { next: last.place } : {}) };
}
