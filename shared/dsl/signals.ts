/** Ways for a task's function to end other than by its result: thrown, so that they leave from any depth. */

export type SignalKind = "skip" | "quarantine" | "permanent";

const SIGNAL = Symbol.for("freshet.signal");

/** Ends the task as skipped. */
export function skip(reason: string): never {
  throw signal("skip", reason, skip);
}

/** Ends the task as failed because the data is bad: it is not tried again, and a person is asked. */
export function quarantine(reason: string | Error): never {
  throw signal("quarantine", reason, quarantine);
}

/** Ends the task as failed in a way that another try cannot mend. */
export function permanent(reason: string | Error): never {
  throw signal("permanent", reason, permanent);
}

function signal(kind: SignalKind, reason: string | Error, callee: (...args: never) => never): Error {
  const error = reason instanceof Error ? reason : named(kind, reason, callee);
  // An error that was given keeps its name, its stack and its cause.
  Object.defineProperty(error, SIGNAL, { value: kind, configurable: true });
  return error;
}

const NAMES: Readonly<Record<SignalKind, string>> = { skip: "Skip", quarantine: "Quarantine", permanent: "Permanent" };

function named(kind: SignalKind, reason: string, callee: (...args: never) => never): Error {
  const error = new Error(reason);
  error.name = NAMES[kind];
  Error.captureStackTrace(error, callee);
  return error;
}

/** Which signal a thrown value is; undefined for any other error. */
export const signalOf = (thrown: unknown): SignalKind | undefined =>
  thrown instanceof Error ? (thrown as { readonly [SIGNAL]?: SignalKind })[SIGNAL] : undefined;
