/** When runs come: by the clock, or because objects arrive. */
import type { DatesSpec, DstPolicy, Period } from "../core/manifest.ts";
import { asTrigger } from "./definition.ts";
import type { Duration } from "./options.ts";

export const SCHEDULE_MAKERS = [
  "cron",
  "every",
  "every.minutes",
  "every.hour",
  "every.day",
  "every.week",
  "every.month",
  "dates",
] as const;

/** Made by `cron()`, `every` and `dates()`. */
export interface Schedule {
  readonly made: (typeof SCHEDULE_MAKERS)[number];
  readonly given: unknown;
  readonly options: unknown;
}

/**
 * A date, a time on the local clock, or an instant: `"2026-03-01"`, `"2026-03-01T04:00"`, `"2026-03-01T04:00:00Z"`.
 */
type Moment = `${number}-${number}-${number}` | `${number}-${number}-${number}T${string}`;

interface BoundOptions {
  /** IANA name; default: the DAG's. */
  readonly timezone?: string;
  /** No run covers anything before. */
  readonly start?: Moment;
  /** No run covers anything after: a date is the last day that is covered, a time the end. */
  readonly end?: Moment;
}

interface ClockOptions extends BoundOptions {
  /**
   * What clocks do to a time of day. `gap`: one that they skip fires as much later as they go forward (`"shift"`, default), or
   * not (`"skip"`). `fold`: one that they show twice fires the `"first"` time (default), the `"second"`, or `"both"`.
   */
  readonly dst?: Partial<DstPolicy>;
}

export interface CronOptions extends ClockOptions {
  /**
   * What a run covers: `"cron"` (default) from one firing to the next; `"hour"`, `"day"`, `"week"` or `"month"` the whole
   * local one before the firing; `"none"` just the instant.
   */
  readonly interval?: "cron" | Period | "none";
}

const made = (maker: Schedule["made"], given: unknown, options: unknown = {}): Schedule => ({
  made: maker,
  given,
  options,
});

/** A schedule by cron expressions of five fields: it fires when any of them does. */
export const cron = (expression: string | readonly string[], options: CronOptions = {}): Schedule =>
  made("cron", expression, options);

export interface DatesOptions extends ClockOptions {
  /**
   * What a run covers: `"none"` (default) just the instant; `"dates"` from the date before, so that the first one only begins;
   * `"hour"`, `"day"`, `"week"` or `"month"` the whole local one before.
   */
  readonly interval?: DatesSpec["interval"];
}

/** A schedule of dates that are known: `dates(["2026-03-01", "2026-04-15T09:00"])`. */
export const dates = (list: readonly Moment[], options: DatesOptions = {}): Schedule => made("dates", list, options);

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];
export type TimeOfDay = `${number}:${number}`;

export interface EveryOptions extends BoundOptions {
  /** It fires at this instant and at whole multiples of the length from it; default: `start`, else 1970-01-01T00:00:00Z. */
  readonly anchor?: Moment;
  /** What a run covers: `"every"` (default) from one firing to the next; `"none"` just the instant. */
  readonly interval?: "every" | "none";
}

interface Every {
  /** Covers this length of time, whatever clocks do: `every("90m")`. For local days and hours there are `every.day` and the others. */
  (length: Duration, options?: EveryOptions): Schedule;
  /** Each run covers these minutes; they must divide the hour. */
  minutes(count: number, options?: ClockOptions): Schedule;
  /** Covers the hour before, and fires at `minute` past the full hour (default 0). */
  hour(options?: { readonly minute?: number } & ClockOptions): Schedule;
  /** Covers the whole day before, and fires at `at` (`"04:00"`; default midnight). */
  day(options?: { readonly at?: TimeOfDay } & ClockOptions): Schedule;
  /** Covers the week before, Monday to Sunday, and fires on `on` (default Monday) at `at`. */
  week(options?: { readonly on?: Weekday; readonly at?: TimeOfDay } & ClockOptions): Schedule;
  /** Covers the month before, and fires on day `on` (default 1) at `at`. */
  month(options?: { readonly on?: number; readonly at?: TimeOfDay } & ClockOptions): Schedule;
}

/** Schedules by how often they fire; all but `every(length)` go by the local clock, and cover whole local periods. */
export const every: Every = Object.assign(
  (length: Duration, options?: EveryOptions): Schedule => made("every", length, options),
  {
    minutes: (count: number, options?: ClockOptions): Schedule => made("every.minutes", count, options),
    hour: (options?: object): Schedule => made("every.hour", null, options),
    day: (options?: object): Schedule => made("every.day", null, options),
    week: (options?: object): Schedule => made("every.week", null, options),
    month: (options?: object): Schedule => made("every.month", null, options),
  },
);

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
