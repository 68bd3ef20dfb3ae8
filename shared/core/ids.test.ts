import { describe, expect, test } from "vitest";
import { anAttemptKey } from "../../test/builders/index.ts";
import { attemptKeyText, dagId, dagOfRun, idFault, runId, taskId, versionHash } from "./ids.ts";

describe("an id that cannot be one says what is wrong and where", () => {
  const allowed = "letters, digits, '_' and '-' are allowed";

  test.each<[unknown, string]>([
    ["a#b", `has "#" at position 2; ${allowed}`],
    ["a/b", `has "/" at position 2; ${allowed}`],
    ["..", `has "." at position 1; ${allowed}`],
    ["my dag", `has " " at position 3; ${allowed}`],
    ["täglich", `has "ä" at position 2; ${allowed}`],
    ["a😀b", `has "😀" at position 2; ${allowed}`],
    ["a\nb", `has "\\n" at position 2; ${allowed}`],
    ["a\u202eb", `has "\u202e" at position 2; ${allowed}`],
    ["__proto__", "is a reserved name"],
    ["constructor", "is a reserved name"],
    ["toString", "is a reserved name"],
    ["", "is empty"],
    ["x".repeat(300), "has 300 characters; at most 80 are allowed"],
    [7, "is number, not a string"],
    [null, "is null, not a string"],
    [undefined, "is undefined, not a string"],
  ])("%j", (value, fault) => {
    expect(idFault("dag", value)).toBe(fault);
  });

  test.each([
    ["a..b", "has an empty name beside a '.'"],
    [".a", "has an empty name beside a '.'"],
    ["a.", "has an empty name beside a '.'"],
    ["a$b", `has "$" at position 2; letters, digits, '_' and '-', and '.' between names, are allowed`],
    ["x".repeat(121), "has 121 characters; at most 120 are allowed"],
  ])("of a task: '%s'", (value, fault) => {
    expect(idFault("task", value)).toBe(fault);
  });
});

test.each([
  ["dag", "daily_orders-2"],
  ["task", "group.extract"],
  ["trigger", "new-files"],
  ["run", "orders.scheduled.20260302T000000Z"],
  ["run", `${"d".repeat(80)}.${"t".repeat(80)}.000001`],
] as const)("a %s may be called '%s'", (kind, value) => {
  expect(idFault(kind, value)).toBeUndefined();
});

test("a value outside the grammar does not become an id", () => {
  expect(() => dagId("a/b")).toThrow(/dag id "a\/b" has "\/" at position 2/);
  expect(() => taskId("a$onFailure")).toThrow(TypeError);
  expect(() => versionHash("abc")).toThrow(TypeError);
  expect(versionHash("0".repeat(64))).toHaveLength(64);
});

test("an attempt has one text, and no two attempts the same", () => {
  const texts = [
    anAttemptKey(),
    anAttemptKey({ attempt: 11 }),
    anAttemptKey({ mapIndex: 1 }),
    anAttemptKey({ mapIndex: 1, attempt: 11 }),
    anAttemptKey({ taskId: taskId("extract.1") }),
  ].map(attemptKeyText);

  expect(texts[0]).toBe("orders.run-1#extract#-#1");
  expect(new Set(texts).size).toBe(texts.length);
});

test("a run's id begins with that of its DAG", () => {
  expect(dagOfRun(runId("orders.manual.20260302T000000Z-ab"))).toBe("orders");
});
