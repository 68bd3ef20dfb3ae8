/** Remembers what a report needs, as it happens. */
import type { StoredAttempt } from "../../core/attempt.ts";
import { attemptKeyText, type RunId } from "../../core/ids.ts";
import { isRunEnded } from "../../core/states.ts";
import type { Instant } from "../../core/time.ts";
import { createPoolWaits } from "./pool-waits.ts";
import { UNWATCHED, type Watch } from "../../simulated/watch.ts";

export interface Recorder {
  readonly watch: Watch;
  /** By run, then by attempt. */
  readonly attempts: ReadonlyMap<RunId, ReadonlyMap<string, StoredAttempt>>;
  /** By pool: milliseconds that each task which waited for its slots did so. */
  readonly poolWaits: ReadonlyMap<string, readonly number[]>;
  /** The most runs that were at work at once. */
  activeRunsMax(): number;
  /** Whether every record has come to rest. */
  isQuiet(): boolean;
}

/** `onDue`: a record says when it needs a look. */
export function createRecorder(onDue: (due: Instant) => void): Recorder {
  const attempts = new Map<RunId, Map<string, StoredAttempt>>();
  const restless = new Set<string>();
  const active = new Set<RunId>();
  let activeRunsMax = 0;
  const waits = createPoolWaits();
  const noteDue = (id: string, due: Instant | null, rests: boolean): void => {
    if (due !== null) onDue(due);
    if (rests && due === null) restless.delete(id);
    else restless.add(id);
  };
  const watch: Watch = {
    ...UNWATCHED,
    runChanged(change) {
      const { after } = change;
      waits.note(change);
      noteDue(after.runId, after.due, isRunEnded(after.state));
      // A wide map is held in several records, which are parts of one run.
      if ("parent" in after.origin) return;
      if (after.state === "running") active.add(after.runId);
      else active.delete(after.runId);
      activeRunsMax = Math.max(activeRunsMax, active.size);
    },
    dagChanged: ({ after }) => noteDue(after.dagId, after.due, true),
    attemptChanged({ key, after }) {
      const ofRun = attempts.get(key.runId) ?? new Map<string, StoredAttempt>();
      attempts.set(key.runId, ofRun);
      ofRun.set(attemptKeyText(key), { key, item: after });
    },
  };
  return {
    watch,
    attempts,
    poolWaits: waits.found,
    activeRunsMax: () => activeRunsMax,
    isQuiet: () => restless.size === 0,
  };
}
