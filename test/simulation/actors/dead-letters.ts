import type { Dispatch } from "../../../shared/core/attempt.ts";
import type { RunMessage } from "../../../shared/contract/messages.ts";
import { takeDead } from "../../../shared/app/dead-letters.ts";
import { engineOf } from "../../../shared/simulated/ports/wiring.ts";
import type { SimulatedQueue } from "../queue.ts";
import type { World } from "../world.ts";
import { SCHEDULER_SKEW_MS_MAX, startConsumer } from "./consumer.ts";

const BATCH_MAX = 10;
const TIMEOUT_MS = 60_000;
const VISIBILITY_MS = 360_000;

/** The function that takes in what the queues have given up. */
export function startDeadLetters(world: World): void {
  const consume = <Message extends Dispatch | RunMessage>(name: string, queue: SimulatedQueue<Message>): void =>
    startConsumer(world, {
      name,
      queue,
      hosts: 1,
      slotsPerHost: 1,
      batchMax: BATCH_MAX,
      skewMsMax: SCHEDULER_SKEW_MS_MAX,
      visibilityMs: () => VISIBILITY_MS,
      timeoutMs: () => TIMEOUT_MS,
      async handle(process, messages) {
        const engine = engineOf(world, process);
        const failed = messages.map(async (message) =>
          takeDead(engine, message).then(
            () => [],
            () => [message],
          ),
        );
        return (await Promise.all(failed)).flat();
      },
    });
  consume("dead-events", world.deadEvents);
  consume("dead-tasks", world.deadTasks);
}
