import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMemoryQueue, QUEUE_MESSAGES_MAX, QUEUE_TRIES_MAX, type MemoryQueueOptions } from "./queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue of texts, one batch of at most ten at a time; `batches` is what it was given to handle. */
function aQueue(overrides: Partial<MemoryQueueOptions<string>> = {}) {
  const batches: (readonly string[])[] = [];
  const dead: string[] = [];
  const queue = createMemoryQueue<string>({
    async handle(batch) {
      batches.push(batch);
    },
    batchMax: 10,
    concurrency: () => 1,
    onDead: (message) => dead.push(message),
    ...overrides,
  });
  return { queue, batches, dead };
}

test("messages sent in the same breath come in one batch, in order", async () => {
  const { queue, batches } = aQueue();

  await Promise.all([queue.send(["a", "b"]), queue.send(["c"])]);

  expect(batches).toEqual([["a", "b", "c"]]);
});

test("a batch has at most its number of messages", async () => {
  const { queue, batches } = aQueue({ batchMax: 2 });

  await queue.send(["a", "b", "c"]);
  await queue.idle();

  expect(batches).toEqual([["a", "b"], ["c"]]);
});

test("only so many batches are in hand at once", async () => {
  const open: (() => void)[] = [];
  const { queue } = aQueue({
    batchMax: 1,
    concurrency: () => 2,
    handle: async () => new Promise((done) => open.push(() => done())),
  });

  await queue.send(["a", "b", "c"]);
  await Promise.resolve();
  const atFirst = open.length;
  open[0]?.();
  await vi.waitFor(() => expect(open).toHaveLength(3));

  expect(atFirst).toBe(2);
});

test("a delayed message comes after its delay and not before", async () => {
  const { queue, batches } = aQueue();
  await queue.send(["later"], { delayMs: 1_000 });

  await vi.advanceTimersByTimeAsync(999);
  const before = batches.length;
  await vi.advanceTimersByTimeAsync(1);

  expect([before, batches]).toEqual([0, [["later"]]]);
});

test("only the messages that failed come again", async () => {
  const tried: string[] = [];
  const { queue, dead } = aQueue({
    async handle(batch) {
      tried.push(...batch);
      return tried.length === 2 ? ["b"] : [];
    },
  });

  await queue.send(["a", "b"]);
  await vi.runAllTimersAsync();

  expect([tried, dead, queue.size()]).toEqual([["a", "b", "b"], [], 0]);
});

test("a message that fails every time is dead after its number of tries", async () => {
  let tries = 0;
  const { queue, dead } = aQueue({
    async handle() {
      tries++;
      throw new Error("no disk");
    },
  });

  await queue.send(["a"]);
  await vi.runAllTimersAsync();

  expect([tries, dead, queue.size()]).toEqual([QUEUE_TRIES_MAX, ["a"], 0]);
});

test("more messages than it can hold come back refused", async () => {
  const { queue } = aQueue({ handle: async () => new Promise(() => undefined) });
  const many = Array.from({ length: QUEUE_MESSAGES_MAX }, (_, index) => String(index));

  const { refused } = await queue.send([...many, "one too many"]);

  expect(refused).toEqual(["one too many"]);
});

test("a closed queue refuses what comes and hands out nothing more", async () => {
  const { queue, batches } = aQueue();
  await queue.send(["delayed"], { delayMs: 10 });

  await queue.close();
  const { refused } = await queue.send(["a"]);
  await vi.runAllTimersAsync();

  expect([refused, batches]).toEqual([["a"], []]);
});

test("closing waits for what is in hand", async () => {
  let finish: (() => void) | undefined;
  const { queue } = aQueue({ handle: async () => new Promise((done) => (finish = done)) });
  await queue.send(["a"]);
  await Promise.resolve();
  let closed = false;

  const closing = queue.close().then(() => (closed = true));
  await Promise.resolve();
  const before = closed;
  finish?.();
  await closing;

  expect(before).toBe(false);
});
