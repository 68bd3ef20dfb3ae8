import { DeleteMessageBatchCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { DeadLetters } from "../../ports/dead-letters.ts";

/** Of one ReceiveMessage. */
const BATCH = 10;
/** While a batch is decided nobody else gets it. */
const HIDDEN_SECONDS = 60;

/** The dead-letter queue of all queues. */
export function createDeadLetters(client: SQSClient, queueUrl: string): DeadLetters {
  const receipts = new Map<string, string>();
  return {
    async receive() {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: BATCH,
          VisibilityTimeout: HIDDEN_SECONDS,
          WaitTimeSeconds: 0,
        }),
      );
      return Messages.map(({ MessageId = "", Body = "", ReceiptHandle = "" }) => {
        receipts.set(MessageId, ReceiptHandle);
        return { id: MessageId, body: Body };
      });
    },
    async remove(letters) {
      if (letters.length === 0) return;
      const Entries = letters.map(({ id }, index) => ({ Id: String(index), ReceiptHandle: receipts.get(id) }));
      for (const { id } of letters) receipts.delete(id);
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    },
  };
}
