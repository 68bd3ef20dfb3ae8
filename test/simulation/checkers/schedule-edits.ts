/** Promises about what a new version does to the dates of the schedule that it replaces. */
import type { DagRecord, Gap } from "../../../shared/core/dag/record.ts";
import type { ScheduleSpec } from "../../../shared/core/manifest.ts";
import { nextFiring, type Firing } from "../../../shared/core/schedule/schedule.ts";
import { iso, plus } from "../../../shared/core/time.ts";
import type { DagChange } from "../../../shared/simulated/watch.ts";
import type { Checker, Seen } from "./checker.ts";

/** A stretch of time that has its run, is known to have none, or is what the coming runs begin with. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

interface Edit {
  readonly before: DagRecord;
  readonly after: DagRecord;
  readonly old: ScheduleSpec;
  readonly new: ScheduleSpec | null;
  /** Dates of the old schedule that were due, and had neither fired nor been passed over. */
  readonly late: readonly Firing[];
}

export const editsLoseNoDate: Checker = {
  promise: "L2",
  says: "a date that was due when its schedule was changed has a run, is in a gap, or is covered by the runs to come",
  dag(change, seen, expect) {
    const edit = editOf(change, seen);
    if (edit === undefined) return;
    const gaps = newGaps(edit);
    const pieces = piecesOf(edit, gaps, seen);
    const byDate = edit.old.interval === "none" || edit.new?.interval === "none";
    for (const { due, dataInterval } of edit.late) {
      const inGap = gaps.some(({ from, to }) => from <= due && due <= to);
      const met = byDate ? fires(edit, due) : isCovered(dataInterval, pieces);
      expect(inGap || met, () => `${edit.after.dagId} was due at ${iso(due)}, and its new version knows nothing of it`);
    }
  },
};

export const editsKeepCommonDates: Checker = {
  promise: "L2",
  says: "a date that is due by the old schedule and by the new one is not passed over for the change",
  dag(change, seen, expect) {
    const edit = editOf(change, seen);
    const [first] = edit?.late ?? [];
    const schedule = edit?.new ?? null;
    if (edit === undefined || schedule === null || first === undefined) return;
    if (nextOf(schedule, first.due)?.due !== first.due) return;
    const lost = newGaps(edit).some(
      ({ version, from, to }) => version === edit.before.version && from <= first.due && first.due <= to,
    );
    expect(!lost, () => `${edit.after.dagId} passed over ${iso(first.due)}, at which its new version fires too`);
  },
};

function editOf({ before, after, now }: DagChange, { database }: Seen): Edit | undefined {
  if (before === undefined || before.version === after.version || before.nextFire === null) return undefined;
  const [from, to] = [database.manifest(before.version).schedule, database.manifest(after.version).schedule];
  if (from === null || JSON.stringify(from) === JSON.stringify(to)) return undefined;
  const late: Firing[] = [];
  for (let date = nextOf(from, before.nextFire); date !== null && date.due <= now; date = nextFiring(from, date.due)) {
    late.push(startingAt(date, before.first?.due === date.due ? before.first.start : undefined));
  }
  return { before, after, old: from, new: to, late };
}

/** The firing due then, or the one that comes next. */
const nextOf = (schedule: ScheduleSpec, due: DagRecord["nextFire"] & number): Firing | null =>
  nextFiring(schedule, plus(due, -1));

const startingAt = (firing: Firing, start: Gap["start"]): Firing =>
  start === undefined ? firing : { ...firing, dataInterval: { ...firing.dataInterval, start } };

function newGaps({ before, after }: Pick<Edit, "before" | "after">): readonly Gap[] {
  const known = new Set(before.gaps.map((gap) => JSON.stringify(gap)));
  return after.gaps.filter((gap) => !known.has(JSON.stringify(gap)));
}

const newRuns = ({ before, after }: Edit) => {
  const known = new Set(before.active.map(({ runId }) => runId));
  return after.active.flatMap(({ runId, scheduled }) =>
    scheduled === undefined || known.has(runId) ? [] : [scheduled.dataInterval],
  );
};

function piecesOf(edit: Edit, gaps: readonly Gap[], { database }: Seen): readonly Piece[] {
  const { nextFire, first } = edit.after;
  const coming = edit.new === null || nextFire === null ? null : nextOf(edit.new, nextFire);
  const start = first?.due === nextFire ? first?.start : coming?.dataInterval.start;
  return [
    ...newRuns(edit),
    ...gaps.flatMap((gap) => datesOf(gap, database.manifest(gap.version).schedule)),
    ...(start === undefined ? [] : [{ start, end: Infinity }]),
  ];
}

function datesOf({ from, to, start }: Gap, schedule: ScheduleSpec | null): readonly Piece[] {
  const found: Piece[] = [];
  if (schedule === null) return found;
  for (let date = nextOf(schedule, from); date !== null && date.due <= to; date = nextFiring(schedule, date.due))
    found.push(startingAt(date, date.due === from ? start : undefined).dataInterval);
  return found;
}

/** Whether the pieces leave nothing of it out. */
function isCovered({ start, end }: Piece, pieces: readonly Piece[]): boolean {
  let until = start;
  for (let next: Piece | undefined; until < end; until = next.end) {
    next = pieces.find((piece) => piece.start <= until && piece.end > until);
    if (next === undefined) return false;
  }
  return true;
}

/** Whether the new schedule fires then as well, and has that still before it, or done. */
function fires(edit: Edit, due: Firing["due"]): boolean {
  const date = edit.new === null ? null : nextOf(edit.new, due);
  if (date?.due !== due) return false;
  const { nextFire } = edit.after;
  return (nextFire !== null && nextFire <= due) || newRuns(edit).some(({ end }) => end === date.dataInterval.end);
}
