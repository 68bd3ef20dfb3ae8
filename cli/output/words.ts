/** Words of records as people read them. */
import { durationText, instant, iso, parseInstant, type Instant } from "../../shared/core/time.ts";
import type { RunView, TaskView } from "../../shared/contract/views.ts";
import type { Channel } from "./terminal.ts";

/** Colours say no more than the words do. */
const STATE_FORMAT: Readonly<Record<string, Parameters<Channel["paint"]>[0]>> = {
  success: "green",
  failed: "red",
  upstream_failed: "magenta",
  cancelled: "yellow",
  skipped: "dim",
  none: "dim",
  running: "cyan",
  up_for_retry: "yellow",
  restarting: "yellow",
};

export const stateText = (channel: Channel, state: string): string =>
  channel.paint(STATE_FORMAT[state] ?? "none", state);

export const runStateText = (channel: Channel, { state, degraded }: Pick<RunView, "state" | "degraded">): string =>
  degraded ? `${stateText(channel, state)} ${channel.paint("yellow", "(degraded)")}` : stateText(channel, state);

/** `2026-03-01 04:00:03Z`: to the second, in UTC, as run ids and JSON have it. */
export const timeText = (at: string | null): string =>
  at === null ? "-" : at.replace(/\.\d+Z$/, "Z").replace("T", " ");

/** From start to end, or until now; `-` before the start. */
export function lengthText({ startedAt, endedAt }: Pick<TaskView, "startedAt" | "endedAt">, now: Instant): string {
  const start = at(startedAt);
  if (start === undefined) return "-";
  return durationText(Math.max(0, (at(endedAt) ?? now) - start));
}

/** `3m ago`, `in 20s`. */
export function agoText(when: string, now: Instant): string {
  const distance = now - (at(when) ?? now);
  return distance >= 0 ? `${durationText(distance)} ago` : `in ${durationText(-distance)}`;
}

const at = (text: string | null): Instant | undefined => (text === null ? undefined : parseInstant(text));

/** `2026-03-01` for a whole UTC day, else both ends. */
export function intervalText(interval: RunView["dataInterval"]): string {
  if (interval === null) return "-";
  const [start, end] = [at(interval.start), at(interval.end)];
  if (start === undefined || end === undefined) return "-";
  if (start === end) return timeText(interval.start);
  const day = 86_400_000;
  if (start % day === 0 && end % day === 0) {
    return end - start === day
      ? interval.start.slice(0, 10)
      : `${interval.start.slice(0, 10)} to ${iso(instant(end)).slice(0, 10)}`;
  }
  return `${timeText(interval.start)} to ${timeText(interval.end)}`;
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
