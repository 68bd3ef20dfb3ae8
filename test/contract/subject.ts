import { afterEach, beforeEach, expect } from "vitest";

/** What a contract suite tests: something fresh and empty for each test. */
export interface Subject {
  /** Resolves once indexes show what has been written, where they follow late. */
  readonly settle?: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Makes the subject before each test of the enclosing `describe`, closes it after, and gives the present one. */
export function freshly<S extends Subject>(make: () => Promise<S>): () => S {
  let subject: S | undefined;
  beforeEach(async () => {
    subject = await make();
  });
  afterEach(async () => {
    await subject?.close();
    subject = undefined;
  });
  return () => {
    if (subject === undefined) throw new Error("the subject exists only while a test runs");
    return subject;
  };
}

/** Runs the body on a fresh subject of its own: for properties, which need one for each of their cases. */
export async function withSubject<S extends Subject>(
  make: () => Promise<S>,
  body: (subject: S) => Promise<void>,
): Promise<void> {
  const subject = await make();
  try {
    await body(subject);
  } finally {
    await subject.close();
  }
}

/** As many calls at once as there are numbers below `count`. */
export const atOnce = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

export const countOf = <T>(values: readonly T[], wanted: T): number =>
  values.filter((value) => value === wanted).length;

/** The value, which the test knows to be there. */
export function present<T>(value: T | undefined): T {
  expect(value).toBeDefined();
  return value as T;
}
