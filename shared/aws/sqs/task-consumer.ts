/** A process that takes attempts from a queue by itself, as Lambda's event source does for a function. */
import { setTimeout as wait } from "node:timers/promises";
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Dispatch } from "../../core/attempt.ts";
import { parseDispatch } from "../../contract/messages.ts";
import { jittered } from "../batches.ts";
import type { QueueRecord } from "./sqs-batch.ts";

/** Of one ReceiveMessage. */
const BATCH_MAX = 10;
/** The longest that SQS lets a question wait for an answer. */
const WAIT_SECONDS = 20;
const FAULT_DELAY_MS = 500;
const FAULT_DELAY_MS_MAX = 30_000;

/** The longest that a request of the consumer's client may take: SQS answers a long poll late on purpose. */
export const POLL_REQUEST_MS_MAX = (WAIT_SECONDS + 10) * 1_000;

export interface TaskConsumerSettings<Claimed> {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** Attempts at work at once. */
  readonly slots: number;
  /** "not_ours": there is nothing to run. Throws if nobody knows: the message then comes again. */
  readonly claim: (dispatch: Dispatch) => Promise<Claimed | "not_ours">;
  /** Once `control` aborts the attempt is to be handed back. */
  readonly run: (dispatch: Dispatch, claimed: Claimed, control: AbortController) => Promise<void>;
  /** A message that nobody can read; it is removed. */
  readonly onInvalid: (record: QueueRecord, error: unknown) => void;
  /** The work goes on: what failed is tried again, here or by the sweep. */
  readonly onFault: (what: string, error: unknown) => void;
  /** Told how many are at work, whenever that changes. Nothing is received before it has resolved. */
  readonly onBusy?: (atWork: number) => Promise<void>;
  readonly waitSeconds?: number;
}

export interface TaskConsumer {
  /**
   * Receives no more, and lets what is at work end within `graceMs`; what has not is aborted with `reason`. Resolves once
   * nothing is at work.
   */
  stop(graceMs: number, reason: Error): Promise<void>;
}

interface State {
  readonly atWork: Map<Promise<void>, AbortController>;
  readonly stopping: AbortController;
  /** Tells the loop, which waits for a free slot, that there may be one. */
  wake: (() => void) | undefined;
}

/**
 * Takes attempts from now on. A message is removed as soon as its attempt is claimed: from then on the claim's lease says
 * whether somebody works on it, however long it takes, and a worker that dies is found by the sweep.
 */
export function consumeTasks<Claimed>(settings: TaskConsumerSettings<Claimed>): TaskConsumer {
  const state: State = { atWork: new Map(), stopping: new AbortController(), wake: undefined };
  const loop = receiveLoop(settings, state);
  return {
    async stop(graceMs, reason) {
      state.stopping.abort();
      state.wake?.();
      const over = new AbortController();
      const grace = wait(graceMs, undefined, { signal: over.signal }).then(
        () => state.atWork.forEach((control) => control.abort(reason)),
        () => undefined,
      );
      await loop;
      while (state.atWork.size > 0) await Promise.all(state.atWork.keys());
      over.abort();
      await grace;
    },
  };
}

async function receiveLoop<Claimed>(settings: TaskConsumerSettings<Claimed>, state: State): Promise<void> {
  const { slots, onBusy, onFault } = settings;
  const { atWork, stopping } = state;
  let told = 0;
  for (let faults = 0; !stopping.signal.aborted;) {
    if (told !== atWork.size) await onBusy?.((told = atWork.size));
    if (atWork.size >= slots) {
      await new Promise<void>((resolve) => (state.wake = resolve));
      continue;
    }
    try {
      const messages = await receive(settings, slots - atWork.size);
      faults = 0;
      if (stopping.signal.aborted) await handBack(settings, messages);
      else for (const message of messages) begin(settings, state, message);
    } catch (error) {
      onFault("no attempts could be received", error);
      const delayMs = jittered(FAULT_DELAY_MS, faults++, FAULT_DELAY_MS_MAX);
      await wait(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
}

async function receive<Claimed>(
  { client, queueUrl, waitSeconds = WAIT_SECONDS }: TaskConsumerSettings<Claimed>,
  free: number,
): Promise<readonly Message[]> {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: Math.min(free, BATCH_MAX),
      WaitTimeSeconds: waitSeconds,
    }),
  );
  return Messages;
}

/** Somebody else can have them at once. */
async function handBack<Claimed>(
  { client, queueUrl }: TaskConsumerSettings<Claimed>,
  messages: readonly Message[],
): Promise<void> {
  if (messages.length === 0) return;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({
    Id: String(index),
    ReceiptHandle,
    VisibilityTimeout: 0,
  }));
  await client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
}

function begin<Claimed>(settings: TaskConsumerSettings<Claimed>, state: State, message: Message): void {
  const control = new AbortController();
  const work = attempt(settings, message, control)
    .catch((error: unknown) => settings.onFault("an attempt could not be claimed, run or finished", error))
    .finally(() => {
      state.atWork.delete(work);
      state.wake?.();
    });
  state.atWork.set(work, control);
}

async function attempt<Claimed>(
  settings: TaskConsumerSettings<Claimed>,
  { MessageId = "", Body = "", ReceiptHandle }: Message,
  control: AbortController,
): Promise<void> {
  const { client, queueUrl, claim, run, onInvalid, onFault } = settings;
  const remove = (): Promise<unknown> =>
    client
      .send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }))
      // It comes again, and finds the claim.
      .catch((error: unknown) => onFault("a message could not be removed", error));
  let dispatch: Dispatch;
  try {
    dispatch = parseDispatch(Body);
  } catch (error) {
    onInvalid({ messageId: MessageId, body: Body }, error);
    await remove();
    return;
  }
  const claimed = await claim(dispatch);
  await remove();
  if (claimed !== "not_ours") await run(dispatch, claimed, control);
}
