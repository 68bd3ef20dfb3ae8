/** Takes in a batch of the run-event queue: all events of a record together, one decision and one commit for them. */
import { FreshetError, assertNever } from "../core/errors.ts";
import type { RunEvent } from "../core/events.ts";
import type { RunMessage } from "../contract/messages.ts";
import { toBackfill, toDag, toPool, toRun, type Addressed } from "./addressed.ts";
import { advanceBackfill, advanceDag, advancePool, advanceRun } from "./advance.ts";
import { arrive } from "./arrive.ts";
import { CONTENTION_DELAY_MS_MAX, CONTENTION_RETRIES_MAX, type Engine } from "./engine.ts";

/**
 * Handles messages of any mix. What is contended goes back to the queue with a delay, a bounded number of times; a record
 * that cannot be decided becomes a visible fault. Returns the messages that failed for a passing reason, to be redelivered.
 */
export async function handleRunMessages(
  engine: Engine,
  messages: readonly RunMessage[],
): Promise<readonly RunMessage[]> {
  const groups = Map.groupBy(messages, (message) => recordOf(message));
  const failed = await Promise.all([...groups.values()].map((group) => handleGroup(engine, group)));
  return failed.flat();
}

/** The record that a message is about; arrivals of one bucket are put together. */
export function recordOf(message: RunMessage): string {
  switch (message.type) {
    case "completed":
      return `run#${message.key.runId}`;
    case "wake_run":
      return `run#${message.runId}`;
    case "wake_dag":
      return `dag#${message.dagId}`;
    case "wake_pool":
      return `pool#${message.poolId}`;
    case "wake_backfill":
      return `backfill#${message.backfillId}`;
    case "object_created":
      return `bucket#${message.object.bucket}`;
    default:
      return assertNever(message);
  }
}

async function handleGroup(engine: Engine, group: readonly RunMessage[]): Promise<readonly RunMessage[]> {
  try {
    await applyGroup(engine, group);
    return [];
  } catch (error) {
    if (error instanceof FreshetError && error.code === "CONTENTION") return sendAgain(engine, group);
    if (error instanceof FreshetError && error.retryable) return group;
    recordFault(engine, group, error);
    return [];
  }
}

async function applyGroup(engine: Engine, group: readonly RunMessage[]): Promise<void> {
  const objects = group.flatMap((message) => (message.type === "object_created" ? [message.object] : []));
  if (objects.length > 0) return arrive(engine, objects);
  const events = group.flatMap((message) => eventsOf(engine, message));
  const runEvents = events.flatMap((item) => (item.kind === "run" ? [item.event] : []));
  const [first] = events;
  if (first?.kind === "run") await advanceRun(engine, first.id, runEvents);
  if (first?.kind === "pool") {
    const poolEvents = events.flatMap((item) => (item.kind === "pool" ? [item.event] : []));
    await advancePool(engine, first.id, poolEvents);
  }
  if (first?.kind === "backfill") {
    const backfillEvents = events.flatMap((item) => (item.kind === "backfill" ? [item.event] : []));
    await advanceBackfill(engine, first.id, backfillEvents);
  }
  if (first?.kind === "dag") {
    const wakes = events.flatMap((item) => (item.kind === "dag" && item.event.type === "wake" ? [item.event] : []));
    await advanceDag(engine, first.id, [{ type: "wake", all: wakes.some(({ all }) => all) }]);
  }
}

/** A completion without the scheduler's proof was not sent by what was dispatched: it says nothing. */
function eventsOf(engine: Engine, message: RunMessage): readonly Addressed[] {
  switch (message.type) {
    case "completed": {
      const { key, epoch, outcome, token } = message;
      if (!engine.tokens.verify(key, token)) return [];
      const event: RunEvent = { type: "completed", key, epoch, outcome };
      return [toRun(key.runId, event)];
    }
    case "wake_run":
      return [toRun(message.runId, wakeOfRun(message))];
    case "wake_dag":
      return [toDag(message.dagId, wakeOf(message))];
    case "wake_pool":
      return [toPool(message.poolId, { ...wakeOf(message), tell: message.tell === true })];
    case "wake_backfill":
      return [toBackfill(message.backfillId, wakeOf(message))];
    case "object_created":
      return [];
    default:
      return assertNever(message);
  }
}

const wakeOf = ({ all }: { readonly all?: boolean }): { readonly type: "wake"; readonly all: boolean } => ({
  type: "wake",
  all: all === true,
});

const wakeOfRun = (message: Extract<RunMessage, { type: "wake_run" }>): Extract<RunEvent, { type: "wake" }> => ({
  ...wakeOf(message),
  tell: message.tell === true,
  ...(message.attempt === undefined ? {} : { attempt: message.attempt }),
});

/** Returns the messages, as they came, that the queue did not take again. */
async function sendAgain(engine: Engine, group: readonly RunMessage[]): Promise<readonly RunMessage[]> {
  const again = new Map<RunMessage, RunMessage>();
  const redelivered: RunMessage[] = [];
  for (const message of group) {
    const tries = (message.tries ?? 0) + 1;
    if (tries <= CONTENTION_RETRIES_MAX) again.set({ ...message, tries }, message);
    // Nobody looks into an inbox whose DAG was not told: only this message says that there is something.
    else if (message.type === "object_created") redelivered.push(message);
  }
  const delayMs = Math.ceil(engine.ids.random() * CONTENTION_DELAY_MS_MAX);
  const messages = [...again.keys()];
  // A queue that cannot be reached must not reject for the other records of the batch, which are still being handled.
  const { refused } = await engine.events.send(messages, { delayMs }).catch(() => ({ refused: messages }));
  return [...redelivered, ...refused.flatMap((message) => again.get(message) ?? [])];
}

function recordFault(engine: Engine, group: readonly RunMessage[], error: unknown): void {
  const [first] = group;
  if (first === undefined) return;
  const [kind = "message", id = ""] = recordOf(first).split("#", 2);
  engine.faults.record({
    kind: kind === "run" || kind === "dag" || kind === "pool" || kind === "backfill" ? kind : "message",
    id,
    code: error instanceof FreshetError ? error.code : "UNEXPECTED",
    message: error instanceof Error ? error.message : String(error),
    at: engine.clock.now(),
  });
}
