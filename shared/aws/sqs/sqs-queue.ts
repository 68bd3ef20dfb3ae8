import { SendMessageBatchCommand, type SQSClient, type SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import { FreshetError } from "../../core/errors.ts";
import { QUEUE_DELAY_MS_MAX, type Queue } from "../../ports/queue.ts";
import { batchesOf, eachAtOnce, type BatchLimits } from "../batches.ts";

/**
 * Bytes of one message, and of all messages of a batch together. The queue's MaximumMessageSize has to allow as much: a
 * dispatch carries the params of its run, and a record takes up to 350 KB.
 */
export const MESSAGE_BYTES_MAX = 1_048_576;
/** Of one SendMessageBatch. */
const BATCH: BatchLimits = { count: 10, bytes: MESSAGE_BYTES_MAX };
const BATCHES_AT_ONCE = 8;

export interface SqsQueueSettings<Message> {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** The body of the message: JSON of the versioned contract. */
  readonly encode: (message: Message) => string;
}

/** A standard queue. */
export function createSqsQueue<Message>({ client, queueUrl, encode }: SqsQueueSettings<Message>): Queue<Message> {
  return {
    async send(messages, { delayMs = 0 } = {}) {
      const delaySeconds = wholeSeconds(delayMs);
      const letters = messages.map((message) => letterOf(message, escaped(encode(message))));
      const refused: Message[] = [];
      await eachAtOnce(
        BATCHES_AT_ONCE,
        batchesOf(letters, BATCH, ({ bytes }) => bytes),
        async (batch) => {
          const Entries = batch.map(({ body }, index): SendMessageBatchRequestEntry => ({
            Id: String(index),
            MessageBody: body,
            ...(delaySeconds === 0 ? {} : { DelaySeconds: delaySeconds }),
          }));
          const { Failed } = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
          for (const { Id } of Failed ?? []) {
            const letter = batch[Number(Id)];
            if (letter !== undefined) refused.push(letter.message);
          }
        },
      );
      return { refused };
    },
  };
}

/** SQS knows whole seconds: a message may be late, not early. */
const wholeSeconds = (delayMs: number): number => Math.ceil(Math.min(Math.max(delayMs, 0), QUEUE_DELAY_MS_MAX) / 1000);

/** SQS refuses some characters; within JSON they stand in strings alone, where their escapes mean the same. */
const escaped = (json: string): string =>
  json.replaceAll(
    /[^\t\n\r -\uD7FF\uE000-\uFFFD]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

interface Letter<Message> {
  readonly message: Message;
  readonly body: string;
  readonly bytes: number;
}

function letterOf<Message>(message: Message, body: string): Letter<Message> {
  const bytes = Buffer.byteLength(body);
  if (bytes <= MESSAGE_BYTES_MAX) return { message, body, bytes };
  throw new FreshetError(
    "PAYLOAD_TOO_LARGE",
    `a message has ${bytes} bytes; a queue takes ${MESSAGE_BYTES_MAX}: ` +
      "put large params into storage and pass their key",
  );
}
