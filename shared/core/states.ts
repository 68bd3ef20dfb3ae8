/** The states of runs and tasks, and every fact about a state, in one table. */

/** In this order for ever: the packed form of a run stores the position (4 bits). */
export const TASK_STATES = [
  "none",
  "scheduled",
  "queued",
  "running",
  "success",
  "failed",
  "skipped",
  "upstream_failed",
  "up_for_retry",
  "up_for_reschedule",
  "deferred",
  "restarting",
  "removed",
] as const;
export type TaskState = (typeof TASK_STATES)[number];

interface TaskStateFacts {
  /** Nothing will change it but an operator. */
  readonly terminal: boolean;
  /** An attempt of it may have code running, or a message on its way that could start some. */
  readonly inFlight: boolean;
  /** Where it may go without an operator. */
  readonly next: readonly TaskState[];
}

const AFTER_ATTEMPT = ["success", "failed", "skipped", "up_for_retry", "restarting"] as const;

export const TASK_STATE: Readonly<Record<TaskState, TaskStateFacts>> = {
  none: {
    terminal: false,
    inFlight: false,
    // A mapped task waits for its instances as `deferred`.
    next: ["scheduled", "queued", "deferred", "skipped", "upstream_failed", "failed", "removed"],
  },
  scheduled: { terminal: false, inFlight: false, next: ["queued", "skipped", "failed", "removed"] },
  queued: { terminal: false, inFlight: true, next: ["running", ...AFTER_ATTEMPT, "deferred"] },
  running: { terminal: false, inFlight: true, next: [...AFTER_ATTEMPT, "deferred", "up_for_reschedule"] },
  success: { terminal: true, inFlight: false, next: [] },
  failed: { terminal: true, inFlight: false, next: [] },
  skipped: { terminal: true, inFlight: false, next: [] },
  upstream_failed: { terminal: true, inFlight: false, next: [] },
  up_for_retry: { terminal: false, inFlight: false, next: ["scheduled", "queued", "skipped", "failed"] },
  up_for_reschedule: { terminal: false, inFlight: false, next: ["scheduled", "queued", "skipped", "failed"] },
  deferred: {
    terminal: false,
    inFlight: false,
    next: ["scheduled", "queued", "success", "skipped", "failed", "up_for_retry", "upstream_failed"],
  },
  restarting: {
    terminal: false,
    inFlight: true,
    next: ["queued", "running", "success", "failed", "skipped", "up_for_retry", "deferred"],
  },
  removed: { terminal: true, inFlight: false, next: [] },
};

export const RUN_STATES = ["queued", "running", "success", "failed", "cancelled"] as const;
export type RunState = (typeof RUN_STATES)[number];

export const isRunEnded = (state: RunState): boolean => state !== "queued" && state !== "running";

export const RUN_TYPES = ["scheduled", "manual", "backfill", "asset", "event"] as const;
export type RunType = (typeof RUN_TYPES)[number];
