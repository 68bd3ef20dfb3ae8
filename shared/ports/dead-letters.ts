/** Messages that were delivered too often without being taken: what becomes of each is decided, never forgotten. */
export interface DeadLetter {
  readonly id: string;
  readonly body: string;
}

export interface DeadLetters {
  /** A few of those that wait, hidden from others for a while; none if there are none. */
  receive(): Promise<readonly DeadLetter[]>;
  /** Those that were decided. One that cannot be removed comes again. */
  remove(letters: readonly DeadLetter[]): Promise<void>;
}
