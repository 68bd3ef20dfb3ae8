import type { Queue } from "../../ports/queue.ts";
import { TIMER_HORIZON_MS, type TimerTarget, type Timers } from "../../ports/timers.ts";

/**
 * Timers as delayed messages to the queue that wakes records. What lies beyond the horizon is not armed: the due index has
 * it. Neither is what the queue refuses.
 */
export function createQueueTimers<Message>(queue: Queue<Message>, wake: (target: TimerTarget) => Message): Timers {
  return {
    async arm(target, at, now) {
      const delayMs = Math.max(0, at - now);
      if (delayMs <= TIMER_HORIZON_MS) await queue.send([wake(target)], { delayMs });
    },
  };
}
