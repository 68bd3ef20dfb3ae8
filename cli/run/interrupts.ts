/** Ctrl-C and its like, in two steps: the first asks, the second insists. */

export interface Interrupts {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  /** Meanwhile the signals do what they do by themselves: for what lets nothing else happen while it waits. */
  without(act: () => void): void;
  release(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function catchInterrupts(): Interrupts {
  const [first, second] = [new AbortController(), new AbortController()];
  const onSignal = (): void => (first.signal.aborted ? second : first).abort();
  const take = (): void => {
    for (const signal of SIGNALS) process.on(signal, onSignal);
  };
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  take();
  return {
    first: first.signal,
    second: second.signal,
    without(act) {
      release();
      act();
      take();
    },
    release,
  };
}
