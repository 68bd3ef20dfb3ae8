/**
 * What Lambda's event sources do around our handlers: receive a batch, call the handler, delete what it has done. Of the
 * receives those that brought something are counted: what an idle poll costs does not depend on the tasks.
 */
import { DeleteMessageBatchCommand, ReceiveMessageCommand, type Message, type SQSClient } from "@aws-sdk/client-sqs";
import type { CallCounter } from "../../shared/aws/clients/call-counter.ts";

/** Short, so that a consumer that is to stop does. */
const POLL_SECONDS = 1;

export interface Consumer {
  /** Takes what is still in the queue, and ends. */
  stop(): Promise<void>;
  /** Sizes of the batches that came. */
  readonly batches: number[];
}

export interface ConsumerSettings {
  /** Uncounted. */
  readonly sqs: SQSClient;
  readonly counter: CallCounter;
  readonly queueUrl: string;
  /** Messages of one batch at the most. */
  readonly batchSize: number;
  /** Batches in work at once. */
  readonly concurrency: number;
  /** Answers with the positions of the messages that are to come again. */
  readonly handle: (bodies: readonly string[]) => Promise<readonly number[]>;
}

export function startConsumer(settings: ConsumerSettings): Consumer {
  const batches: number[] = [];
  const state = { stopping: false };
  const poll = async (): Promise<void> => {
    for (;;) {
      const messages = await receive(settings);
      if (messages.length === 0) {
        if (state.stopping) return;
        continue;
      }
      batches.push(messages.length);
      const failed = new Set(await settings.handle(messages.map(({ Body = "" }) => Body)));
      await remove(
        settings,
        messages.filter((_, index) => !failed.has(index)),
      );
    }
  };
  const polls = Array.from({ length: settings.concurrency }, poll);
  return {
    batches,
    async stop() {
      state.stopping = true;
      await Promise.all(polls);
    },
  };
}

async function receive({ sqs, counter, queueUrl, batchSize }: ConsumerSettings): Promise<readonly Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: batchSize, WaitTimeSeconds: POLL_SECONDS }),
  );
  if (Messages.length > 0) counter.record("SQS.ReceiveMessage");
  return Messages;
}

async function remove({ sqs, counter, queueUrl }: ConsumerSettings, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  counter.record("SQS.DeleteMessageBatch");
}
