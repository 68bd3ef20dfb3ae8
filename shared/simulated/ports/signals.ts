/** Queues, timers and the bus as one process reaches them; and its ids, tokens and faults. */
import { createHash } from "node:crypto";
import type { Dispatch } from "../../core/attempt.ts";
import { attemptKeyText, commitId } from "../../core/ids.ts";
import { parseDispatch, parseRunMessage, wakeMessage, type RunMessage } from "../../contract/messages.ts";
import type { Ids, Tokens } from "../../ports/clock.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import type { FaultLog } from "../../ports/fault-log.ts";
import type { Queue } from "../../ports/queue.ts";
import type { Timers } from "../../ports/timers.ts";
import type { Process } from "../process.ts";
import { digestOf } from "../random.ts";
import type { QueueEnd, SimulatedWorld } from "../world.ts";

function queueOf<Message extends RunMessage | Dispatch>(
  world: SimulatedWorld,
  process: Process,
  queue: QueueEnd<Message>,
  parse: (body: string) => Message,
): Queue<Message> {
  return {
    send: (messages, options) =>
      process.call("send", () => {
        const refused: Message[] = [];
        for (const message of messages) {
          if (world.faults.strikes("queue:refused")) {
            refused.push(message);
            continue;
          }
          world.watch.sent({ by: process.name, at: world.kernel.now(), message });
          world.trace?.(() => `${process.name} sent ${describe(message)}`);
          queue.accept(world.wire ? parse(JSON.stringify(message)) : message, options?.delayMs ?? 0);
        }
        return { refused };
      }),
  };
}

export const eventsOf = (world: SimulatedWorld, process: Process): Queue<RunMessage> =>
  queueOf(world, process, world.events, parseRunMessage);

export const tasksOf = (
  world: SimulatedWorld,
  process: Process,
  executor: keyof SimulatedWorld["tasks"],
): Queue<Dispatch> => queueOf(world, process, world.tasks[executor], parseDispatch);

function describe(message: RunMessage | Dispatch): string {
  if (!("type" in message)) return `dispatch ${attemptKeyText(message.key)}`;
  switch (message.type) {
    case "completed":
      return `completed ${attemptKeyText(message.key)} ${message.outcome.kind}`;
    case "wake_run":
      return `wake ${message.runId}`;
    case "wake_dag":
      return `wake ${message.dagId}`;
    case "wake_pool":
      return `wake pool ${message.poolId}`;
    case "wake_backfill":
      return `wake ${message.backfillId}`;
    case "object_created":
      return `object ${message.object.bucket}/${message.object.key}@${message.object.version}`;
    default:
      return "unknown message";
  }
}

/** Timers are delayed messages, as the cloud has them. */
export function timersOf(world: SimulatedWorld, process: Process): Timers {
  return {
    arm: (target, at, now) =>
      process.call("send", () => {
        if (world.faults.strikes("timer:dropped")) return;
        const wake = wakeMessage(target);
        const delayMs = (): number => Math.max(0, at - now) + world.random.next() * world.faults.pace.timerLateMsMax;
        world.events.accept(wake, delayMs());
        if (world.faults.strikes("timer:doubled")) world.events.accept(wake, delayMs());
      }),
  };
}

export const busOf = (world: SimulatedWorld, process: Process): EventBus => ({
  publish: (facts) =>
    process.call("bus", () => {
      for (const fact of facts) world.watch.published({ by: process.name, at: world.kernel.now(), fact });
    }),
});

export const idsOf = (world: SimulatedWorld): Ids => ({
  commitId: () => commitId(`commit-${world.count()}`),
  owner: () => `owner-${world.count()}`,
  suffix: () => world.count().toString(36).padStart(4, "0"),
  random: () => world.random.next(),
  digest: (text) => createHash("sha256").update(text).digest("hex").slice(0, 32),
});

const TOKEN_KEY = "only the scheduler has it";
const tokenOf = (key: Parameters<Tokens["sign"]>[0]): string => digestOf(`${TOKEN_KEY}#${attemptKeyText(key)}`);
export const TOKENS: Tokens = { sign: tokenOf, verify: (key, token) => token === tokenOf(key) };

/** A record that failed is left alone for so long. */
const KNOWN_FOR_MS = 300_000;

export const faultLogOf = (world: SimulatedWorld, process: Process): FaultLog => ({
  record(fault) {
    if (!process.alive) return;
    world.recordedFaults.push(fault);
    world.watch.faulted(fault);
  },
  isKnown: (kind, id, now) =>
    world.recordedFaults.some((fault) => fault.kind === kind && fault.id === id && fault.at + KNOWN_FOR_MS > now),
  list: () => world.recordedFaults,
});
