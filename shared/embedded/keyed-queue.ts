/**
 * A queue in memory whose messages are taken together by what they are about. While one batch of a key is being handled, the
 * key's next messages gather; other keys go on beside it. So a record has one decision at a time, for all that has come.
 */
import { QUEUE_DELAY_MS_MAX, type Queue } from "../ports/queue.ts";

/** Messages of one key that are handled together at the most. */
const KEYED_BATCH_MAX = 256;
/** A message that failed for a passing reason comes again after this long at first, then after twice as long, ... */
const AGAIN_AFTER_MS = 50;
/** ... so often; then it is given up. */
const AGAIN_MAX = 8;

export interface KeyedQueue<Message> extends Queue<Message> {
  /** Resolves once nothing is waiting or being handled; delayed messages do not count. */
  idle(): Promise<void>;
  /** Nothing is handled any more, and what is sent is lost; resolves when what is being handled is done. */
  close(): Promise<void>;
}

export interface KeyedQueueOptions<Message> {
  readonly keyOf: (message: Message) => string;
  /** Returns the messages that failed for a passing reason. */
  readonly handle: (messages: readonly Message[]) => Promise<readonly Message[]>;
  /** Takes in a message that was given up; if it rejects, again after as long as the last wait. Default: it is dropped. */
  readonly onDead?: (message: Message) => Promise<void>;
}

interface Entry<Message> {
  readonly message: Message;
  readonly failures: number;
}

/** Does something later, unless the timers are cleared before. */
const laterBy =
  (timers: Set<NodeJS.Timeout>) =>
  (delayMs: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, delayMs);
    timers.add(timer);
  };

export function createKeyedQueue<Message>({
  keyOf,
  handle,
  onDead = async () => undefined,
}: KeyedQueueOptions<Message>): KeyedQueue<Message> {
  const waiting = new Map<string, Entry<Message>[]>();
  const busy = new Map<string, Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();
  const state = { closed: false };

  const add = (entries: readonly Entry<Message>[]): void => {
    if (state.closed) return;
    for (const entry of entries) {
      const key = keyOf(entry.message);
      const line = waiting.get(key);
      if (line === undefined) waiting.set(key, [entry]);
      else line.push(entry);
      if (!busy.has(key)) busy.set(key, work(key));
    }
  };
  const later = laterBy(timers);
  const addLater = (entries: readonly Entry<Message>[], delayMs: number): void => later(delayMs, () => add(entries));
  const giveUp = (message: Message): void => {
    if (state.closed) return;
    onDead(message).catch(() => later(AGAIN_AFTER_MS * 2 ** (AGAIN_MAX - 1), () => giveUp(message)));
  };
  const work = async (key: string): Promise<void> => {
    // One turn of the event loop, so that what one commit set free is taken together.
    await new Promise((resolve) => void setImmediate(resolve));
    for (let line = waiting.get(key); line !== undefined && !state.closed; line = waiting.get(key)) {
      const batch = line.splice(0, KEYED_BATCH_MAX);
      if (line.length === 0) waiting.delete(key);
      await take(batch);
    }
    busy.delete(key);
  };
  const take = async (batch: readonly Entry<Message>[]): Promise<void> => {
    const failures = new Map(batch.map((entry) => [entry.message, entry.failures + 1]));
    const failed = await handle(batch.map((entry) => entry.message)).catch(() => batch.map((entry) => entry.message));
    for (const message of failed) {
      const count = failures.get(message) ?? 1;
      if (count <= AGAIN_MAX) addLater([{ message, failures: count }], AGAIN_AFTER_MS * 2 ** (count - 1));
      else giveUp(message);
    }
  };
  const settled = async (): Promise<void> => {
    while (busy.size > 0) await Promise.all(busy.values());
  };

  return {
    async send(messages, { delayMs = 0 } = {}) {
      const entries = messages.map((message) => ({ message, failures: 0 }));
      if (delayMs > 0) addLater(entries, Math.min(delayMs, QUEUE_DELAY_MS_MAX));
      else add(entries);
      return { refused: [] };
    },
    idle: settled,
    async close() {
      state.closed = true;
      waiting.clear();
      for (const timer of timers) clearTimeout(timer);
      await settled();
    },
  };
}
