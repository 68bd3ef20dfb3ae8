/** By when runs must have succeeded. */
import type { DeadlineReference } from "../core/manifest.ts";
import type { Duration } from "./options.ts";
import type { TimeOfDay } from "./schedule.ts";

interface Named {
  /** What people are told has been missed; default: what it says, such as `by 07:00`. Each of a DAG's has another one. */
  readonly name?: string;
}

/** So long after something that every run, or every run of a schedule, has. */
export interface DeadlineWithin extends Named {
  /**
   * `"due"` (default): when its schedule has it due, or somebody asked for it; `"logicalDate"`: where its interval begins (a run
   * without one has no such deadline); `"queued"`: when it was put in the queue, however late that was.
   */
  readonly from?: DeadlineReference;
  readonly within: Duration;
  readonly by?: never;
  readonly timezone?: never;
}

/** A time of day: the next one after the run is due. */
export interface DeadlineBy extends Named {
  /**
   * `"07:00"`. Where clocks skip it, it is as much later as they go forward; where they show it twice, it is the first time.
   */
  readonly by: TimeOfDay;
  /** IANA name; default: the DAG's. */
  readonly timezone?: string;
  readonly from?: never;
  readonly within?: never;
}

export type Deadline = DeadlineWithin | DeadlineBy;
