/**
 * A queue of messages. At least once, in any order, late, or never: a message is a hint, and the sweep finds what a lost
 * one would have told.
 */
export interface Queue<Message> {
  /** Resolves once the queue has them. Those that it refused come back, to be sent again or left to the sweep. */
  send(
    messages: readonly Message[],
    options?: { readonly delayMs?: number },
  ): Promise<{ readonly refused: readonly Message[] }>;
}

/** The longest delay of a message. */
export const QUEUE_DELAY_MS_MAX = 900_000;
