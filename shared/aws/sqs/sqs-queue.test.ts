import { afterEach, expect, test } from "vitest";
import { fault, json, jsonOf, startWire, type Wire, type WireAnswer } from "../../../test/contract/aws/wire.ts";
import { instant, plus } from "../../core/time.ts";
import type { Queue } from "../../ports/queue.ts";
import { TIMER_HORIZON_MS, type TimerTarget } from "../../ports/timers.ts";
import { dagId } from "../../core/ids.ts";
import { createClients } from "../clients.ts";
import { MESSAGE_BYTES_MAX, createSqsQueue } from "./sqs-queue.ts";
import { createQueueTimers } from "./timers.ts";

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly DelaySeconds?: number;
}

let wire: Wire | undefined;
afterEach(async () => wire?.close());

interface Subject {
  readonly queue: Queue<string>;
  /** The entries of each batch that was sent. */
  readonly batches: () => readonly Entry[][];
}

async function queueThat(answer: (entries: readonly Entry[]) => WireAnswer): Promise<Subject> {
  const entriesOf = (request: Parameters<typeof jsonOf>[0]) => (jsonOf(request) as { Entries: Entry[] }).Entries;
  const started = await startWire((request) => answer(entriesOf(request)));
  wire = started;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const { sqs } = createClients({ region: "eu-west-1", endpoint: started.endpoint, credentials });
  return {
    queue: createSqsQueue({
      client: sqs,
      queueUrl: "https://sqs.eu-west-1/1/q",
      encode: (text) => JSON.stringify(text),
    }),
    batches: () => started.requests.map(entriesOf),
  };
}

const accepted = (): WireAnswer => json({ Successful: [], Failed: [] });
const texts = (count: number): string[] => Array.from({ length: count }, (_, n) => `m${n}`);

test("messages that the queue refuses come back, whichever batch they were in", async () => {
  const refused = new Set(['"m3"', '"m14"']);
  const { queue } = await queueThat((entries) =>
    json({
      Failed: entries
        .filter(({ MessageBody }) => refused.has(MessageBody))
        .map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: false })),
    }),
  );

  const answer = await queue.send(texts(20));

  expect(answer.refused.toSorted()).toEqual(["m14", "m3"]);
});

test("ten messages go into a call", async () => {
  const { queue, batches } = await queueThat(accepted);

  await queue.send(texts(25));

  expect(
    batches()
      .map((batch) => batch.length)
      .toSorted((a, b) => b - a),
  ).toEqual([10, 10, 5]);
});

test("no call carries more bytes than SQS takes", async () => {
  const { queue, batches } = await queueThat(accepted);
  const large = "x".repeat(300_000);

  await queue.send(Array.from({ length: 10 }, () => large));

  for (const batch of batches()) {
    const bytes = batch.reduce((total, { MessageBody }) => total + Buffer.byteLength(MessageBody), 0);
    expect(bytes).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  }
  expect(batches().flat()).toHaveLength(10);
});

test("a message that no queue takes is refused with its size and the limit, before anything is sent", async () => {
  const { queue, batches } = await queueThat(accepted);

  const sent = queue.send(["small", "x".repeat(MESSAGE_BYTES_MAX)]);

  await expect(sent).rejects.toMatchObject({
    code: "PAYLOAD_TOO_LARGE",
    message: expect.stringMatching(/1048578 bytes.*1048576/) as string,
  });
  expect(batches()).toEqual([]);
});

test.each([
  [0, undefined],
  [-5, undefined],
  [1, 1],
  [1_000, 1],
  [1_001, 2],
  [900_000, 900],
  [10_000_000, 900],
])(
  "a delay of %i ms becomes %s whole seconds: late rather than early, 15 minutes at the most",
  async (delayMs, seconds) => {
    const { queue, batches } = await queueThat(accepted);

    await queue.send(["m"], { delayMs });

    expect(batches()[0]?.[0]?.DelaySeconds).toBe(seconds);
  },
);

test("characters that SQS refuses travel as escapes", async () => {
  const { queue, batches } = await queueThat(accepted);

  await queue.send(["😀 \uFFFF \0 \uD800 é"]);

  const body = batches()[0]?.[0]?.MessageBody ?? "";
  expect(body).toBe('"\\ud83d\\ude00 \\uffff \\u0000 \\ud800 é"');
  expect(JSON.parse(body)).toBe("😀 \uFFFF \0 \uD800 é");
});

test("a fault of SQS reaches the caller, who decides whether the sweep will do", async () => {
  const { queue } = await queueThat(() => fault("QueueDoesNotExist", "no such queue"));

  await expect(queue.send(texts(30))).rejects.toThrow("no such queue");
});

test("a timer beyond the horizon is left to the due index", async () => {
  const sent: (readonly [TimerTarget, number | undefined])[] = [];
  const timers = createQueueTimers<TimerTarget>(
    {
      async send(messages, options) {
        for (const message of messages) sent.push([message, options?.delayMs]);
        return { refused: [] };
      },
    },
    (target) => target,
  );
  const [now, target] = [instant(1_000), { kind: "dag", id: dagId("orders") } as const];

  await timers.arm(target, plus(now, TIMER_HORIZON_MS + 1), now);
  await timers.arm(target, plus(now, TIMER_HORIZON_MS), now);

  expect(sent).toEqual([[target, TIMER_HORIZON_MS]]);
});
