/** Scheduled dates that were passed over and have had no run since. */
import type { DagRecord, Gap } from "../../core/dag/record.ts";
import { assertNever } from "../../core/errors.ts";
import type { DagId } from "../../core/ids.ts";
import type { Manifest } from "../../core/manifest.ts";
import type { Firing } from "../../core/schedule/schedule.ts";
import { lastFiring } from "../../core/schedule/schedule.ts";
import { scheduledRunId } from "../../core/run-id.ts";
import { beginning } from "../../core/dag/schedule-edit.ts";
import { durationText, iso, plus } from "../../core/time.ts";
import type { MissingView } from "../../contract/views.ts";
import { outsideText } from "../data-window.ts";
import type { Reading } from "./runs.ts";

/** Dates looked up at once. */
const LOOKED_UP = 50;

/** The newest first, at most `limit`; of one DAG or of all. */
export async function missingRuns(reading: Reading, limit: number, dagId?: DagId): Promise<readonly MissingView[]> {
  const dags = dagId === undefined ? await reading.dags.list() : [(await reading.dags.load(dagId))?.value];
  const found: MissingView[] = [];
  for (const dag of dags) if (dag !== undefined) found.push(...(await missingOf(reading, dag, limit)));
  return found.toSorted((a, b) => (a.due < b.due ? 1 : a.due > b.due ? -1 : 0)).slice(0, limit);
}

async function missingOf(reading: Reading, dag: DagRecord, limit: number): Promise<readonly MissingView[]> {
  const found: MissingView[] = [];
  for (const gap of dag.gaps.toReversed()) {
    const { manifest } = await reading.versions(gap.version);
    const { schedule } = manifest;
    if (schedule === null) continue;
    const reason = reasonOf(gap, manifest);
    let part: Firing[] = [];
    const look = async (): Promise<void> => {
      const runs = await Promise.all(
        part.map((firing) => reading.runs.load(scheduledRunId(dag.dagId, firing.logicalDate))),
      );
      const missed = part.filter(({ dataInterval }, index) => {
        const there = runs[index]?.value;
        // A date that is taken has a run, of another period.
        return there === undefined || (gap.reason === "date_taken" && there.dataInterval?.end !== dataInterval.end);
      });
      found.push(...missed.map((firing) => viewOf(dag, firing, reason)));
      part = [];
    };
    for (const firing of firingsIn(gap, (until) => lastFiring(schedule, until))) {
      part.push(firing);
      if (part.length === LOOKED_UP) await look();
      if (found.length >= limit) break;
    }
    await look();
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

/** From the last to the first. */
function* firingsIn({ from, to, start }: Gap, last: (until: Gap["to"]) => Firing | null): Generator<Firing> {
  const first = start === undefined ? null : { due: from, start };
  for (let firing = last(to); firing !== null && firing.due >= from; firing = last(plus(firing.due, -1))) {
    yield beginning(firing, first);
  }
}

function reasonOf({ reason }: Gap, { catchup, dataWindowMs = 0 }: Manifest): string | null {
  switch (reason) {
    case "data_window":
      return outsideText(dataWindowMs);
    case "catchup_window":
      return `catchup reaches back ${durationText(catchup?.windowMs ?? 0)}`;
    case "date_taken":
      return "its logical date has a run already, by the schedule before";
    case undefined:
      return null;
    default:
      return assertNever(reason);
  }
}

const viewOf = (
  { dagId }: DagRecord,
  { logicalDate, dataInterval, due }: Firing,
  reason: string | null,
): MissingView => ({
  dagId,
  logicalDate: iso(logicalDate),
  dataInterval: { start: iso(dataInterval.start), end: iso(dataInterval.end) },
  due: iso(due),
  reason,
});
