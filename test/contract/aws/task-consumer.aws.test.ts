import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { freshQueue } from "../../../scripts/emulators/resources.ts";
import { consumeTasks, type TaskConsumer, type TaskConsumerSettings } from "../../../shared/aws/sqs/task-consumer.ts";
import type { Dispatch } from "../../../shared/core/attempt.ts";
import { aDispatch, anAttemptKey } from "../../builders/attempt.ts";
import { fauxqsClients } from "./subjects.ts";

const { sqs } = fauxqsClients();
let queueUrl: string;
let consumer: TaskConsumer | undefined;
/** What happened, in order. */
let told: string[];
beforeEach(async () => {
  queueUrl = await freshQueue(fauxqsClients());
  told = [];
});
afterEach(async () => {
  await consumer?.stop(0, new Error("the test is over"));
  consumer = undefined;
});

const STOPPED = new Error("the worker was stopped");
const dispatchOf = (attempt: number): Dispatch => aDispatch({ key: anAttemptKey({ attempt }) });

async function send(...bodies: readonly (Dispatch | string)[]): Promise<void> {
  for (const body of bodies) {
    const MessageBody = typeof body === "string" ? body : JSON.stringify(body);
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  }
}

/** Starts a consumer which tells what it does. */
function start(more: Partial<TaskConsumerSettings<string>> = {}): void {
  consumer = consumeTasks<string>({
    client: sqs,
    queueUrl,
    slots: 1,
    waitSeconds: 1,
    claim: async ({ key }) => {
      told.push(`claim ${key.attempt}`);
      return `claim of ${key.attempt}`;
    },
    run: async ({ key }, claimed) => {
      told.push(`run ${key.attempt} by ${claimed}`);
    },
    onInvalid: () => void told.push("invalid"),
    onFault: (what) => void told.push(what),
    ...more,
  });
}

/** Runs until it is aborted. */
const untilAborted: TaskConsumerSettings<string>["run"] = async ({ key }, _claimed, { signal }) => {
  told.push(`run ${key.attempt}`);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  told.push(`aborted ${key.attempt}: ${(signal.reason as Error).message}`);
};

const comesTo = (expected: readonly string[]): Promise<void> =>
  vi.waitFor(() => expect(told).toEqual(expected), { timeout: 5_000, interval: 20 });

/** What the queue has for whoever asks now. */
async function left(): Promise<number> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
  );
  return Messages.length;
}

describe("a consumer of attempts", () => {
  test("claims, removes the message, and runs", async () => {
    await send(dispatchOf(1));

    start({ run: untilAborted });

    await comesTo(["claim 1", "run 1"]);
    expect(await left()).toBe(0);
  });

  test("removes a message whose attempt somebody else has", async () => {
    await send(dispatchOf(1), dispatchOf(2));

    start({ claim: async ({ key }) => (key.attempt === 1 ? "not_ours" : "ours") });

    await comesTo(["run 2 by ours"]);
  });

  test("takes no more than it has places for", async () => {
    await send(dispatchOf(1), dispatchOf(2), dispatchOf(3));

    start({ slots: 2, run: untilAborted });

    await vi.waitFor(() => expect(told).toHaveLength(4), { timeout: 5_000, interval: 20 });
    expect(await left()).toBe(1);
  });

  test("leaves a message whose attempt nobody could say anything of, to come again", async () => {
    await send(dispatchOf(1));

    start({ claim: () => Promise.reject(new Error("the table does not answer")) });

    await comesTo(["an attempt could not be claimed, run or finished"]);
    await consumer?.stop(0, STOPPED);
    expect(told).not.toContain("a message could not be removed");
  });

  test("removes what nobody can read, and tells of it", async () => {
    await send("{}", dispatchOf(1));

    start();

    await comesTo(["invalid", "claim 1", "run 1 by claim of 1"]);
  });

  test("tells how many are at work before it takes more", async () => {
    await send(dispatchOf(1));

    start({ onBusy: async (atWork) => void told.push(`${atWork} at work`) });

    await comesTo(["claim 1", "1 at work", "run 1 by claim of 1", "0 at work"]);
  });
});

describe("a consumer that is told to stop", () => {
  test("lets what is at work end", async () => {
    await send(dispatchOf(1));
    let end = (): void => undefined;
    start({ run: () => new Promise((resolve) => (end = () => resolve(void told.push("ended")))) });
    await comesTo(["claim 1"]);

    const stopped = consumer?.stop(60_000, STOPPED);
    end();
    await stopped;

    expect(told).toEqual(["claim 1", "ended"]);
  });

  test("aborts what does not end in time, with the reason", async () => {
    await send(dispatchOf(1));
    start({ run: untilAborted });
    await comesTo(["claim 1", "run 1"]);

    await consumer?.stop(10, STOPPED);

    expect(told.at(-1)).toBe("aborted 1: the worker was stopped");
  });

  test("takes nothing that comes then", async () => {
    start();

    await consumer?.stop(0, STOPPED);
    await send(dispatchOf(1));

    expect(await left()).toBe(1);
  });
});
