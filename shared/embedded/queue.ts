/**
 * A queue in memory: what it holds is gone with the process, as a lost message would be; the records know, and the sweep
 * asks them.
 */
import { QUEUE_DELAY_MS_MAX, type Queue } from "../ports/queue.ts";

/** Messages that a queue holds; what comes beyond is refused, and left to the sweep. */
export const QUEUE_MESSAGES_MAX = 200_000;
/** A message that was handled in vain this often is dead. */
export const QUEUE_TRIES_MAX = 6;
/** The delay before a message is handled again; doubled with each further time, up to the longest. */
export const QUEUE_RETRY_MS = 100;
export const QUEUE_RETRY_MS_MAX = 10_000;

export interface MemoryQueueOptions<Message> {
  /** Handles a batch; gives back the messages that must be tried again. A rejection means all of them. */
  handle(batch: readonly Message[]): Promise<readonly Message[] | void>;
  readonly batchMax: number;
  /** Batches in hand at the same time, at least one; asked anew before each. */
  concurrency(): number;
  /** A message was tried `QUEUE_TRIES_MAX` times in vain. Must not throw. */
  onDead(message: Message, error: unknown): void;
}

export interface MemoryQueue<Message> extends Queue<Message> {
  /** Messages that wait, are delayed or in hand. */
  size(): number;
  /** Resolves as soon as none waits, is delayed or in hand. */
  idle(): Promise<void>;
  /** Hands out nothing more and refuses what comes; resolves once nothing is in hand. */
  close(): Promise<void>;
}

interface Entry<Message> {
  readonly message: Message;
  tries: number;
}

interface State<Message> {
  readonly options: MemoryQueueOptions<Message>;
  /** First in, first out, from `head` on. */
  ready: Entry<Message>[];
  head: number;
  readonly delays: Set<NodeJS.Timeout>;
  size: number;
  batches: number;
  pumping: boolean;
  closed: boolean;
  waiters: (() => void)[];
}

export function createMemoryQueue<Message>(options: MemoryQueueOptions<Message>): MemoryQueue<Message> {
  const state: State<Message> = {
    options,
    ready: [],
    head: 0,
    delays: new Set(),
    size: 0,
    batches: 0,
    pumping: false,
    closed: false,
    waiters: [],
  };
  return {
    async send(messages, { delayMs = 0 } = {}) {
      const room = state.closed ? 0 : Math.max(0, QUEUE_MESSAGES_MAX - state.size);
      const taken = messages.slice(0, room).map((message) => ({ message, tries: 0 }));
      state.size += taken.length;
      putLater(state, taken, Math.min(delayMs, QUEUE_DELAY_MS_MAX));
      return { refused: messages.slice(room) };
    },
    size: () => state.size,
    idle: async () => until(state, () => state.size === 0),
    async close() {
      state.closed = true;
      for (const delay of state.delays) clearTimeout(delay);
      await until(state, () => state.batches === 0);
    },
  };
}

function putLater<Message>(state: State<Message>, entries: readonly Entry<Message>[], delayMs: number): void {
  if (entries.length === 0) return;
  if (delayMs <= 0) return put(state, entries);
  const delay = setTimeout(() => {
    state.delays.delete(delay);
    put(state, entries);
  }, delayMs);
  state.delays.add(delay);
}

function put<Message>(state: State<Message>, entries: readonly Entry<Message>[]): void {
  for (const entry of entries) state.ready.push(entry);
  if (state.pumping) return;
  state.pumping = true;
  queueMicrotask(() => pump(state)); // What is sent in the same breath goes into the same batch.
}

function pump<Message>(state: State<Message>): void {
  state.pumping = false;
  while (!state.closed && state.head < state.ready.length && state.batches < Math.max(1, state.options.concurrency())) {
    state.batches++;
    void work(state, nextBatch(state));
  }
}

function nextBatch<Message>(state: State<Message>): readonly Entry<Message>[] {
  const batch = state.ready.slice(state.head, state.head + state.options.batchMax);
  state.head += batch.length;
  if (state.head === state.ready.length || state.head > 10_000) {
    state.ready = state.ready.slice(state.head); // Rarely, so that a long queue is not copied for each batch.
    state.head = 0;
  }
  return batch;
}

async function work<Message>(state: State<Message>, batch: readonly Entry<Message>[]): Promise<void> {
  try {
    const failed = await state.options.handle(batch.map(({ message }) => message));
    const again = new Set(failed ?? []);
    if (again.size === 0) state.size -= batch.length;
    else finish(state, batch, (entry) => again.has(entry.message), new Error("its handler asked for it again"));
  } catch (error) {
    finish(state, batch, () => true, error);
  }
  state.batches--;
  pump(state);
  if (state.waiters.length > 0) for (const check of state.waiters.splice(0)) check();
}

function finish<Message>(
  state: State<Message>,
  batch: readonly Entry<Message>[],
  isFailed: (entry: Entry<Message>) => boolean,
  error: unknown,
): void {
  for (const entry of batch) {
    if (isFailed(entry) && ++entry.tries < QUEUE_TRIES_MAX && !state.closed) {
      putLater(state, [entry], Math.min(QUEUE_RETRY_MS * 2 ** (entry.tries - 1), QUEUE_RETRY_MS_MAX));
      continue;
    }
    state.size--;
    if (entry.tries >= QUEUE_TRIES_MAX) state.options.onDead(entry.message, error);
  }
}

async function until<Message>(state: State<Message>, holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((check) => state.waiters.push(check));
}
