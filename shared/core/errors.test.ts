import { describe, expect, test } from "vitest";
import { FreshetError, assertNever } from "./errors.ts";

describe("a fault", () => {
  test("says whether the same may succeed later", () => {
    expect([new FreshetError("CONTENTION", "busy").retryable, new FreshetError("USAGE", "what?").retryable]).toEqual([
      true,
      false,
    ]);
  });

  test("has a code, a message, and no problems or cause unless they are given", () => {
    const error = new FreshetError("USAGE", "what?");

    expect([error.name, error.code, error.message, error.problems, "cause" in error]).toEqual([
      "FreshetError",
      "USAGE",
      "what?",
      [],
      false,
    ]);
  });

  test("keeps what it came from, and every problem", () => {
    const cause = new Error("connection refused");
    const problems = [{ code: "DAG003", level: "error" as const, message: "two tasks are called 'load'" }];

    expect(new FreshetError("INVALID_DAG", "1 problem", { cause, problems })).toMatchObject({ cause, problems });
  });
});

test("a value that no branch expects is shown", () => {
  expect(() => assertNever({ kind: "new" } as never)).toThrow('unexpected value {"kind":"new"}');
});
