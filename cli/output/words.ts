/** Words of records as people read them. */
import { relative, sep } from "node:path";
import { durationText, instant, parseInstant, type Instant } from "../../shared/core/time.ts";
import { localDate, startOfDate } from "../../shared/core/schedule/zone.ts";
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

/** `late by 25m` of a run that has missed a deadline, by the first one; empty if it has not. */
export function lateText(
  { deadlines, state, endedAt }: Pick<RunView, "deadlines" | "state" | "endedAt">,
  now: Instant,
): string {
  const missed = deadlines.find(({ at: text, missedAt }) => missedAt !== null || (at(text) ?? now) <= now);
  if (missed === undefined) return "";
  // What has failed is not late by anything: it may never succeed.
  if (endedAt !== null && state !== "success") return "late";
  return `late by ${durationText(Math.max(0, (at(endedAt) ?? now) - (at(missed.at) ?? now)))}`;
}

/** `2026-03-01 04:00:03Z`: to the second, in UTC, as run ids and JSON have it. */
export const timeText = (at: string | null): string =>
  at === null ? "-" : at.replace(/\.\d+Z$/, "Z").replace("T", " ");

/** From start to end, or until now; `-` before the start. */
export function lengthText({ startedAt, endedAt }: Pick<TaskView, "startedAt" | "endedAt">, now: Instant): string {
  const start = at(startedAt);
  if (start === undefined) return "-";
  return durationText(Math.max(0, (at(endedAt) ?? now) - start));
}

/** A path as it is best typed: relative where it lies below. */
export function pathText(cwd: string, path: string): string {
  const inside = relative(cwd, path);
  return inside === ".." || inside.startsWith(`..${sep}`) ? path : inside || ".";
}

/** `3m ago`, `in 20s`. */
export function agoText(when: string, now: Instant): string {
  const distance = now - (at(when) ?? now);
  return distance >= 0 ? `${durationText(distance)} ago` : `in ${durationText(-distance)}`;
}

const at = (text: string | null): Instant | undefined => (text === null ? undefined : parseInstant(text));

/** `2026-03-01` for a whole day of the zone, `2026-03-01 to 2026-03-08` for several, else both ends in UTC. */
export function intervalText(interval: RunView["dataInterval"], timezone: string): string {
  if (interval === null) return "-";
  const [start, end] = [at(interval.start), at(interval.end)];
  if (start === undefined || end === undefined) return "-";
  if (start === end) return timeText(interval.start);
  if (!isMidnight(timezone, start) || !isMidnight(timezone, end)) {
    return `${timeText(interval.start)} to ${timeText(interval.end)}`;
  }
  const [first, next] = [localDate(timezone, start), localDate(timezone, end)];
  return localDate(timezone, instant(end - 1)) === first ? first : `${first} to ${next}`;
}

const isMidnight = (timezone: string, time: Instant): boolean =>
  startOfDate(timezone, localDate(timezone, time)) === time;

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
