import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createKeyedQueue } from "./keyed-queue.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a message that always fails is given up after a bounded number of tries", async () => {
  const dead: string[] = [];
  let tries = 0;
  const queue = createKeyedQueue<string>({
    keyOf: (message) => message,
    async handle(messages) {
      tries += 1;
      return messages;
    },
    onDead: async (message) => void dead.push(message),
  });

  await queue.send(["a"]);
  await vi.advanceTimersByTimeAsync(60_000);

  expect([tries, dead]).toEqual([9, ["a"]]);
});

test("what cannot be taken in as a dead letter now is taken in later", async () => {
  let looks = 0;
  const queue = createKeyedQueue<string>({
    keyOf: (message) => message,
    handle: async (messages) => messages,
    async onDead() {
      looks += 1;
      if (looks < 3) throw new Error("the store does not answer");
    },
  });

  await queue.send(["a"]);
  await vi.advanceTimersByTimeAsync(600_000);

  expect(looks).toBe(3);
});
