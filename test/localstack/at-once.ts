import type { StoredAttempt } from "../../shared/core/attempt.ts";
import type { AttemptKey } from "../../shared/core/ids.ts";

/** The most slots that attempts held at the same time, as their executors saw it. */
export function mostAtOnce(attempts: readonly StoredAttempt[], slotsOf: (key: AttemptKey) => number): number {
  const changes = attempts.flatMap(({ key, item }) => {
    if (item.status !== "finished") throw new Error(`${key.taskId} is ${item.status}`);
    return [
      { at: item.startedAt, slots: slotsOf(key) },
      { at: item.endedAt, slots: -slotsOf(key) },
    ];
  });
  // Who ends frees its slots for who begins at the same millisecond.
  const inOrder = changes.toSorted((a, b) => a.at - b.at || a.slots - b.slots);
  let held = 0;
  return inOrder.reduce((most, { slots }) => Math.max(most, (held += slots)), 0);
}
