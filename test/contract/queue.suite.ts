import { describe, expect, test } from "vitest";
import type { Instant } from "../../shared/core/time.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import { type Subject, atOnce, freshly } from "./subject.ts";

export interface QueueSubject<Message> extends Subject {
  readonly queue: Queue<Message>;
  /** A message that differs from those of other numbers, about `bytes` long where that is given. */
  readonly message: (n: number, bytes?: number) => Message;
  /** Takes messages off the queue as they come, until there are `count` of them or `waitMs` have passed. */
  readonly receive: (count: number, waitMs: number) => Promise<readonly Message[]>;
  /** The clock by which delays are measured. */
  readonly now: () => Instant;
}

/** Long enough for any delivery; a test that passes does not wait for it. */
const PATIENCE_MS = 20_000;
/** How late a delayed message may come: the port counts in seconds, and the receiver has to look. */
const LATE_MS_MAX = 3_000;

/** The contract of `Queue`. At least once and in any order: nothing here counts doubles or asks for an order. */
export function queueContract<Message>(make: () => Promise<QueueSubject<Message>>): void {
  const subject = freshly(make);
  const send = (...args: Parameters<Queue<Message>["send"]>): ReturnType<Queue<Message>["send"]> =>
    subject().queue.send(...args);
  const messages = (count: number, bytes?: number): Message[] =>
    Array.from({ length: count }, (_, n) => subject().message(n, bytes));
  const texts = (received: readonly Message[]): string[] =>
    [...new Set(received.map((message) => JSON.stringify(message)))].toSorted();

  describe("Queue", () => {
    test("a message that was sent is received as it was sent", async () => {
      expect(await send([subject().message(1)])).toEqual({ refused: [] });

      expect(await subject().receive(1, PATIENCE_MS)).toEqual([subject().message(1)]);
    });

    test("sending nothing is nothing", async () => {
      expect(await send([])).toEqual({ refused: [] });
    });

    test("of more messages than one call carries, all are received", async () => {
      await send(messages(25));

      expect(texts(await subject().receive(25, PATIENCE_MS))).toEqual(texts(messages(25)));
    });

    test("of more bytes than one call carries, all are received", async () => {
      await send(messages(12, 60_000));

      expect(texts(await subject().receive(12, PATIENCE_MS))).toEqual(texts(messages(12, 60_000)));
    });

    test("what many send at once is all received", async () => {
      await atOnce(20, (n) => send([subject().message(n)]));

      expect(texts(await subject().receive(20, PATIENCE_MS))).toEqual(texts(messages(20)));
    });

    test.each([[700], [1_200]])(
      "a message delayed by %i ms is received after that, and soon after",
      async (delayMs) => {
        const sentAt = subject().now();
        await send([subject().message(1)], { delayMs });

        const received = await subject().receive(1, PATIENCE_MS);

        const waitedMs = subject().now() - sentAt;
        expect(received).toEqual([subject().message(1)]);
        expect(waitedMs).toBeGreaterThanOrEqual(delayMs);
        expect(waitedMs).toBeLessThan(delayMs + LATE_MS_MAX);
      },
    );

    test("a delayed message holds up none that was sent after it", async () => {
      await send([subject().message(1)], { delayMs: 60_000 });
      await send([subject().message(2)]);

      expect(await subject().receive(1, PATIENCE_MS)).toEqual([subject().message(2)]);
    });
  });
}
