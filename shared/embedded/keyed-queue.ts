/**
 * A queue in memory whose messages are taken together by what they are about. While one batch of a key is being handled, the
 * key's next messages gather; other keys go on beside it. So a record has one decision at a time, for all that has come.
 */
import { QUEUE_DELAY_MS_MAX, type Queue } from "../ports/queue.ts";

/** Messages of one key that are handled together at the most. */
const KEYED_BATCH_MAX = 256;
/** A message that failed for a passing reason comes again after this long at first, then after twice as long, ... */
const AGAIN_AFTER_MS = 50;
/** ... so often; then it is dropped, and the sweep finds what it told. */
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
}

interface Entry<Message> {
  readonly message: Message;
  readonly failures: number;
}

export function createKeyedQueue<Message>({ keyOf, handle }: KeyedQueueOptions<Message>): KeyedQueue<Message> {
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
  const addLater = (entries: readonly Entry<Message>[], delayMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      add(entries);
    }, delayMs);
    timers.add(timer);
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
