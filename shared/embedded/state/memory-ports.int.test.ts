/** The ports that live in this process, by the suites that the AWS ones pass too. */
import { setTimeout as delay } from "node:timers/promises";
import { eventBusContract } from "../../../test/contract/event-bus.suite.ts";
import { queueContract } from "../../../test/contract/queue.suite.ts";
import { timersContract, type Woken } from "../../../test/contract/timers.suite.ts";
import type { Fact } from "../../core/events.ts";
import { createClock } from "../clock.ts";
import { createMemoryEventBus } from "../event-bus.ts";
import { createKeyedQueue } from "../keyed-queue.ts";
import { createMemoryTimers } from "../timers.ts";

/** Takes what has come, until there are `count` of them or `waitMs` have passed. */
async function take<Item>(come: Item[], count: number, waitMs: number): Promise<readonly Item[]> {
  for (const end = Date.now() + waitMs; come.length < count && Date.now() < end;) await delay(5);
  return come.splice(0);
}

interface Message {
  readonly n: number;
  readonly text: string;
}

queueContract<Message>(async () => {
  const come: Message[] = [];
  const queue = createKeyedQueue<Message>({
    keyOf: ({ n }) => `record-${n % 3}`,
    async handle(messages) {
      come.push(...messages);
      return [];
    },
  });
  return {
    queue,
    message: (n, bytes = 0) => ({ n, text: "x".repeat(bytes) }),
    receive: async (count, waitMs) => take(come, count, waitMs),
    now: () => createClock().now(),
    close: async () => queue.close(),
  };
});

timersContract(async () => {
  const clock = createClock();
  const come: Woken[] = [];
  const wake = (targets: readonly Woken["target"][]): void => {
    for (const target of targets) come.push({ target, at: clock.now() });
  };
  const timers = createMemoryTimers({ clock, wake });
  return {
    timers,
    now: () => clock.now(),
    woken: async (count, waitMs) => take(come, count, waitMs),
    close: async () => timers.close(),
  };
});

eventBusContract(async () => {
  const heard: Fact[] = [];
  const bus = createMemoryEventBus({ onFault: () => undefined });
  bus.subscribe((fact) => heard.push(fact));
  return { bus, heard: async () => heard, close: async () => undefined };
});
