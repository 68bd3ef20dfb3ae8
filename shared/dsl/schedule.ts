/** When runs come: by the clock, or because objects arrive. */
import type { Period, ScheduleSpec } from "../core/manifest.ts";
import { asTrigger } from "./definition.ts";
import type { Duration } from "./options.ts";

/** Made by `cron()` and `every`. */
export interface Schedule {
  readonly kind: "cron";
  readonly expression: string;
  readonly interval: ScheduleSpec["interval"];
  /** What was wrong with the values that it was made from. */
  readonly fault?: string;
}

export interface CronOptions {
  /**
   * What a run covers: `"cron"` (default) from one firing to the next; `"hour"`, `"day"`, `"week"` or `"month"` the whole
   * local one before the firing; `"none"` just the instant.
   */
  readonly interval?: "cron" | Period | "none";
}

/** A schedule by a cron expression of five fields. */
export const cron = (expression: string, options: CronOptions = {}): Schedule => ({
  kind: "cron",
  expression,
  interval: options.interval ?? "cron",
});

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];
type TimeOfDay = `${number}:${number}`;

/** Schedules whose runs cover a whole local period and fire after its end. */
export const every = {
  /** Each run covers these minutes; they must divide the hour. */
  minutes: (count: number): Schedule => {
    const fits = Number.isInteger(count) && count > 0 && count <= 30 && 60 % count === 0;
    const fault = fits ? undefined : `every.minutes takes a divisor of 60 up to 30, not ${String(count)}`;
    return made(`*/${String(count)} * * * *`, "cron", fault);
  },
  /** Covers the hour before, and fires at `minute` past the full hour (default 0). */
  hour: ({ minute = 0 }: { readonly minute?: number } = {}): Schedule => {
    const fits = Number.isInteger(minute) && minute >= 0 && minute < 60;
    return made(
      `${String(minute)} * * * *`,
      "hour",
      fits ? undefined : `minute is ${String(minute)}, expected 0 to 59`,
    );
  },
  /** Covers the whole day before, and fires at `at` (`"04:00"`; default midnight). */
  day: ({ at = "00:00" }: { readonly at?: TimeOfDay } = {}): Schedule => {
    const { minute, hour, fault } = timeOfDay(at);
    return made(`${minute} ${hour} * * *`, "day", fault);
  },
  /** Covers the week before, Monday to Sunday, and fires on `on` (default Monday) at `at`. */
  week: ({ on = "monday", at = "00:00" }: { readonly on?: Weekday; readonly at?: TimeOfDay } = {}): Schedule => {
    const { minute, hour, fault } = timeOfDay(at);
    const day = WEEKDAYS.indexOf(on);
    const wrongDay = day < 0 ? `on is ${JSON.stringify(on)}, expected one of ${WEEKDAYS.join(", ")}` : undefined;
    return made(`${minute} ${hour} * * ${day}`, "week", wrongDay ?? fault);
  },
  /** Covers the month before, and fires on day `on` (default 1) at `at`. */
  month: ({ on = 1, at = "00:00" }: { readonly on?: number; readonly at?: TimeOfDay } = {}): Schedule => {
    const { minute, hour, fault } = timeOfDay(at);
    const fits = Number.isInteger(on) && on >= 1 && on <= 28;
    const wrongDay = fits ? undefined : `on is ${String(on)}, expected a day that every month has: 1 to 28`;
    return made(`${minute} ${hour} ${String(on)} * *`, "month", wrongDay ?? fault);
  },
} as const;

function made(expression: string, interval: Schedule["interval"], fault: string | undefined): Schedule {
  return { kind: "cron", expression, interval, ...(fault === undefined ? {} : { fault }) };
}

function timeOfDay(at: string): { readonly minute: number; readonly hour: number; readonly fault?: string } {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(at);
  if (match === null)
    return { minute: 0, hour: 0, fault: `at is ${JSON.stringify(at)}, expected a time such as "04:00"` };
  return { minute: Number(match[2]), hour: Number(match[1]) };
}

export interface ArrivalOptions {
  readonly bucket: string;
  /** Keys begin with it; default: all keys. */
  readonly prefix?: string;
  /** Keys end with it: `".csv"`. */
  readonly suffix?: string;
  /** A run takes what is there once nothing has arrived for this long; default `"60s"`. */
  readonly debounce?: Duration;
  /** It waits no longer than this after the first arrival; default `"10m"`. */
  readonly maxWait?: Duration;
  /** Objects of one run; default 100. The rest makes the next run. */
  readonly maxFiles?: number;
}

/** Made by `arrival()`. */
export interface Arrival<Id extends string = string> {
  readonly id: Id;
}

/** Starts a run with the objects that arrived in a bucket; it finds them in `run.files`. */
export const arrival = <const Id extends string>(id: Id, options: ArrivalOptions): Arrival<Id> =>
  asTrigger({ id, options: options as unknown as Readonly<Record<string, unknown>> });
