/**
 * The places between two effects at which a process may die, by name. In production they do nothing; tests kill the process
 * there, or throw, and show that recovery completes the run.
 */
export const CRASH_POINTS = [
  "run:loaded",
  "run:committed",
  "run:operated",
  "run:dispatched",
  "run:closed-attempt",
  "run:told-dag",
  "dag:committed",
  "pool:committed",
  "pool:told-run",
  "dag:started-run",
  "start:put-run",
  "child:put-run",
  "attempt:claimed",
  "attempt:ran",
  "attempt:stored-output",
  "attempt:finished",
  "arrive:put-inbox",
  "window:put-run",
  "window:took-arrivals",
  "register:put-version",
  "register:put-pools",
  "backfill:committed",
  "backfill:started-date",
] as const;
export type CrashPointName = (typeof CRASH_POINTS)[number];

export type CrashPoint = (name: CrashPointName) => void;
export const noCrash: CrashPoint = () => {};
