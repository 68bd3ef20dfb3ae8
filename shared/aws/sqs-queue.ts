import { SendMessageBatchCommand, type SQSClient, type SendMessageBatchRequestEntry } from "@aws-sdk/client-sqs";
import { FreshetError } from "../core/errors.ts";
import { QUEUE_DELAY_MS_MAX, type Queue } from "../ports/queue.ts";
import { batchesOf, eachAtOnce, type BatchLimits } from "./batches.ts";

/** Bytes of one message, and of all messages of a batch together. SQS takes 1 MiB by now; not every queue is set to it. */
export const MESSAGE_BYTES_MAX = 256 * 1024;
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

/** SQS knows whole seconds; a message may be late, not early. */
function wholeSeconds(delayMs: number): number {
  if (delayMs <= QUEUE_DELAY_MS_MAX) return Math.ceil(Math.max(0, delayMs) / 1000);
  throw new RangeError(`a message was to be delayed by ${delayMs} ms; at most ${QUEUE_DELAY_MS_MAX} ms are possible`);
}

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
    `a message takes ${Math.ceil(bytes / 1024)} KB; a queue takes ${MESSAGE_BYTES_MAX / 1024} KB: ` +
      "put large params into storage and pass their key",
  );
}
