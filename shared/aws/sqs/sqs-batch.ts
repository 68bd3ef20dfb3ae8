/** Batches of an SQS event source: parsed, handled, and answered message by message. */

/** As much of Lambda's record as is needed. */
export interface QueueRecord {
  readonly messageId: string;
  readonly body: string;
}

export interface BatchReply {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/**
 * Handles a batch: only what `handle` returns comes again (all of it, if it throws). What `parse` refuses is told to
 * `onInvalid` and acknowledged: it would be refused each time.
 */
export async function handleBatch<Message extends object>(
  records: readonly QueueRecord[],
  parse: (body: string) => Message,
  handle: (messages: readonly Message[]) => Promise<readonly Message[]>,
  onInvalid: (record: QueueRecord, error: unknown) => void,
): Promise<BatchReply> {
  const idOf = new Map<Message, string>();
  for (const record of records) {
    try {
      idOf.set(parse(record.body), record.messageId);
    } catch (error) {
      onInvalid(record, error);
    }
  }
  const failed = await handle([...idOf.keys()]);
  return { batchItemFailures: failed.map((message) => ({ itemIdentifier: idOf.get(message) ?? "" })) };
}
