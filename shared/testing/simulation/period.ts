/** A period to be simulated, with all that was said of it checked and filled in. */
import type { JsonObject } from "../../core/json.ts";
import type { Manifest } from "../../core/manifest.ts";
import type { Firing } from "../../core/schedule/schedule.ts";
import type { Instant } from "../../core/time.ts";
import type { TaskScript } from "./options.ts";
import type { Spread } from "./spread.ts";

export interface Period {
  /** As it is simulated: with the pools of the period, and no runs of other DAGs. */
  readonly manifest: Manifest;
  readonly from: Instant;
  /** Not included. */
  readonly until: Instant;
  readonly seed: number;
  /** Of the schedule, in the period. */
  readonly firings: readonly Firing[];
  readonly starts: readonly Instant[];
  readonly params: JsonObject;
  readonly arrivals: readonly PlannedArrival[];
  /** By task. */
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  readonly lostWorker: number;
  /** By task that others are mapped over: the length of its list. */
  readonly widths: ReadonlyMap<string, number>;
}

export interface PlannedArrival {
  readonly at: Instant;
  readonly bucket: string;
  readonly key: string;
}

/** What the code of a task does. */
export interface Behaviour {
  readonly script: TaskScript | undefined;
  readonly fail: number;
  readonly takes: Spread;
}
