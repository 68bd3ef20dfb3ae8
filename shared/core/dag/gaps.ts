/** What the schedule of a DAG passed over: ranges of firings, so that a year of minutes is two numbers. */
import { GAPS_MAX, type Gap } from "./record.ts";
import type { VersionHash } from "../ids.ts";
import type { ScheduleSpec } from "../manifest.ts";
import { nextFiring } from "../schedule/schedule.ts";
import type { Instant } from "../time.ts";

/** With one more, the latest of all: it lengthens the last if it follows that one at once. */
export function withGap(gaps: readonly Gap[], gap: Gap, schedule: ScheduleSpec): readonly Gap[] {
  const last = gaps.at(-1);
  if (last !== undefined && last.version === gap.version && last.reason === gap.reason && gap.start === undefined) {
    if (nextFiring(schedule, last.to)?.due === gap.from) return [...gaps.slice(0, -1), { ...last, to: gap.to }];
  }
  const all = [...gaps, gap];
  const [first, second] = all;
  if (all.length <= GAPS_MAX || first === undefined || second === undefined) return all;
  // What lies between them has its runs, and is told apart by them when gaps are listed.
  return [both(first, second), ...all.slice(2)];
}

/** A reason of only one of them is no reason of both. */
function both({ from, start, reason }: Gap, { reason: other, ...second }: Gap): Gap {
  return {
    ...second,
    from,
    ...(start === undefined ? {} : { start }),
    ...(reason === undefined || reason !== other ? {} : { reason }),
  };
}

/** The gap that holds the firing due then. */
export const gapAt = (gaps: readonly Gap[], version: VersionHash, due: Instant): Gap | undefined =>
  gaps.find((gap) => gap.version === version && gap.from <= due && due <= gap.to);
