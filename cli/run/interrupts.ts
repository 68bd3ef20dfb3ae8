/** Ctrl-C and its like, in two steps: the first asks, the second insists. */

export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  /** The signals do again what they do by themselves. */
  release(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function catchInterrupts(): Interrupts {
  const [first, second] = [new AbortController(), new AbortController()];
  const onSignal = (): void => (first.signal.aborted ? second : first).abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    first: first.signal,
    second: second.signal,
    release() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
