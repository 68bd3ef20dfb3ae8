/** What an environment that holds little past makes of dates that lie before it. */
import type { Span } from "../core/backfill/record.ts";
import type { Manifest, ScheduleSpec } from "../core/manifest.ts";
import { firstEndingAfter } from "../core/schedule/schedule.ts";
import { durationText, instant, plus, type Instant } from "../core/time.ts";

/** Of a date: why there is no run. */
export const outsideText = (windowMs: number): string =>
  `outside of the data window: the environment holds the last ${durationText(windowMs)}`;

/** Spans of logical dates, without those whose intervals ended before what the environment holds. */
export function heldSpans(
  { dataWindowMs }: Pick<Manifest, "dataWindowMs">,
  schedule: ScheduleSpec,
  spans: readonly Span[],
  now: Instant,
): readonly Span[] {
  if (dataWindowMs === undefined) return spans;
  const first = firstEndingAfter(schedule, plus(now, -dataWindowMs));
  if (first === null) return [];
  return spans.flatMap(({ start, end }) => {
    const held = instant(Math.max(start, first.logicalDate));
    return held < end ? [{ start: held, end }] : [];
  });
}
