import {
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { describe } from "vitest";
import { freshQueue } from "../../../scripts/emulators/resources.ts";
import { createSqsQueue } from "../../../shared/aws/sqs/sqs-queue.ts";
import { createQueueTimers } from "../../../shared/aws/sqs/timers.ts";
import { instant, type Instant } from "../../../shared/core/time.ts";
import type { TimerTarget } from "../../../shared/ports/timers.ts";
import { queueContract } from "../queue.suite.ts";
import { timersContract, type Woken } from "../timers.suite.ts";
import { fauxqsClients } from "./subjects.ts";

interface Note {
  readonly n: number;
  readonly text: string;
}

const now = (): Instant => instant(Date.now());

/** Takes messages off a queue until there are `count` or the time is over. */
async function receive<T>(
  client: SQSClient,
  queueUrl: string,
  { count, waitMs, decode }: { readonly count: number; readonly waitMs: number; readonly decode: (body: string) => T },
): Promise<T[]> {
  const received: T[] = [];
  const until = Date.now() + waitMs;
  while (received.length < count && Date.now() < until) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0) continue;
    for (const { Body = "" } of Messages) received.push(decode(Body));
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
  return received;
}

describe("on SQS", () => {
  const clients = fauxqsClients();
  const { sqs } = clients;
  const closing = (queueUrl: string) => async (): Promise<void> => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
  };

  queueContract<Note>(async () => {
    const queueUrl = await freshQueue(clients);
    return {
      queue: createSqsQueue<Note>({ client: sqs, queueUrl, encode: (note) => JSON.stringify(note) }),
      message: (n, bytes = 20) => ({ n, text: `naïve 日本 😀 <&>"'\n\0\uFFFF\uD800${"x".repeat(bytes)}` }),
      receive: (count, waitMs) => receive(sqs, queueUrl, { count, waitMs, decode: (body) => JSON.parse(body) as Note }),
      now,
      close: closing(queueUrl),
    };
  });

  timersContract(async () => {
    const queueUrl = await freshQueue(clients);
    const queue = createSqsQueue<TimerTarget>({ client: sqs, queueUrl, encode: (target) => JSON.stringify(target) });
    const decode = (body: string): Woken => ({ target: JSON.parse(body) as TimerTarget, at: now() });
    return {
      timers: createQueueTimers(queue, (target) => target),
      now,
      woken: (count, waitMs) => receive(sqs, queueUrl, { count, waitMs, decode }),
      close: closing(queueUrl),
    };
  });
});
