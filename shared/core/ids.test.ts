import { describe, expect, test } from "vitest";
import { anAttemptKey } from "../../test/builders/index.ts";
import {
  attemptKeyText,
  commitId,
  dagId,
  dagOfRun,
  idFault,
  limitPool,
  poolId,
  runId,
  taskId,
  triggerId,
  versionHash,
} from "./ids.ts";

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
    ["prototype", "is a reserved name"],
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
  ["dag", "d".repeat(80)],
  ["task", "t".repeat(120)],
  ["pool", "p".repeat(80)],
  ["run", "r".repeat(200)],
] as const)("a %s may be called '%s'", (kind, value) => {
  expect(idFault(kind, value)).toBeUndefined();
});

test("a value outside the grammar does not become an id", () => {
  expect(() => dagId("a/b")).toThrow(/dag id "a\/b" has "\/" at position 2/);
  expect(() => taskId("a$onFailure")).toThrow(TypeError);
  expect(() => versionHash("abc")).toThrow(TypeError);
  expect(() => triggerId("a/b")).toThrow(/^trigger id "a\/b" has "\/" at position 2/);
  expect(() => runId("a/b")).toThrow(/^run id "a\/b" has "\/" at position 2/);
});

test("a version is 64 hex digits in lower case, and nothing beside them", () => {
  expect(versionHash("0123456789abcdef".repeat(4))).toHaveLength(64);
  expect(() => versionHash(`${"0".repeat(64)}\n`)).toThrow(TypeError);
  expect(() => versionHash(`x${"0".repeat(64)}`)).toThrow(TypeError);
  expect(() => versionHash("ABC")).toThrow('version "ABC" is not a content hash');
});

describe("a pool", () => {
  test("of a limit is named by what it limits", () => {
    expect(limitPool("task", "orders.group.load")).toBe("task:orders.group.load");
  });

  test.each(["warehouse", "dag:orders", "task:orders.load", "task:orders.group.load"])("may be '%s'", (name) => {
    expect(poolId(name)).toBe(name);
  });

  test.each([
    "ware.house",
    "dag:",
    "dag:a.b",
    "dag:orders\nx",
    "xdag:orders",
    "task:orders",
    "task:orders.",
    "task:.load",
    "task:a/b.load",
    "task:orders.a/b",
    "host:orders",
    "p".repeat(81),
    `dag:${"d".repeat(81)}`,
    `task:${"d".repeat(81)}.load`,
  ])("may not be %j", (name) => {
    expect(() => poolId(name)).toThrow(TypeError);
  });

  test("that may not be says why", () => {
    expect(() => poolId("a/b")).toThrow(/^pool id "a\/b" has "\/" at position 2; letters/);
  });
});

test("a commit id is taken as it is", () => {
  expect(commitId("c-1")).toBe("c-1");
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
