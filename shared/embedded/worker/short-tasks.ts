/**
 * Which attempts may be sent to a worker before the one that it runs has ended. Waking a process costs more than a short
 * task, but what lies behind a long one waits for it: so only what has proved short goes ahead, and nothing behind anything
 * that was ever long.
 */
import type { RunnerInput } from "../../core/task-host.ts";

/** A task that takes no longer than this is short ... */
export const SHORT_TASK_MS = 5;
/** ... and one that takes longer than this is long; between them it may have been the machine that was busy. */
export const LONG_TASK_MS = 25;
/** What is sent ahead is of a bundle with this score: one for each short task, up to twice as much; halved by others. */
const SCORE_MIN = 32;
/** Bundles, and tasks that were once long, that are remembered; then the oldest is forgotten. */
const REMEMBERED_MAX = 2_000;

export interface ShortTasks {
  /** The code of an attempt has ended after this long. */
  ended(input: RunnerInput, ms: number): void;
  /** Native code of the bundle prints: by the clock alone it is known for which attempt. */
  printed(bundle: string): void;
  /** Whether it may be sent ahead, and others behind it. */
  isShort(input: RunnerInput): boolean;
}

export function createShortTasks(): ShortTasks {
  const scores = new Map<string, number>();
  const long = new Map<string, true>();
  const scoreOf = (input: RunnerInput): number => scores.get(input.dispatch.run.bundle) ?? 0;
  return {
    ended(input, ms) {
      if (ms > LONG_TASK_MS) remember(long, taskOf(input), true);
      const before = scoreOf(input);
      const score = ms > LONG_TASK_MS ? Math.min(before, 0) : ms > SHORT_TASK_MS ? before / 2 : before + 1;
      if (score <= 2 * SCORE_MIN) remember(scores, input.dispatch.run.bundle, score);
    },
    printed: (bundle) => remember(scores, bundle, Number.NEGATIVE_INFINITY),
    isShort: (input) => scoreOf(input) >= SCORE_MIN && (long.size === 0 || !long.has(taskOf(input))),
  };
}

/** Of a bundle: new code is a new task. */
const taskOf = ({ dispatch }: RunnerInput): string => `${dispatch.run.bundle}#${dispatch.key.taskId}`;

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED_MAX) map.delete(map.keys().next().value as string);
}
