import { expect, test } from "vitest";
import { shown } from "./shown.ts";

test.each<[string, unknown, string]>([
  ["a text as JSON has it", 'a "day"', '"a \\"day\\"" (text)'],
  ["sixty letters of a text", "x".repeat(60), `"${"x".repeat(60)}" (text)`],
  ["no more letters of a text", "x".repeat(61), `"${"x".repeat(60)}…" (text)`],
  ["a number", 1.5, "1.5 (a number)"],
  ["a number that is none", NaN, "NaN (a number)"],
  ["a bigint", 7n, "7 (a bigint)"],
  ["a boolean", true, "true (a boolean)"],
  ["a function", () => 1, "a function"],
  ["undefined", undefined, "undefined"],
  ["a symbol", Symbol("s"), "a symbol"],
  ["null", null, "null"],
  ["a list", [1], "a list"],
  ["an object", { a: 1 }, "an object"],
  ["an object of a class by its name", new URLSearchParams(), "an object (URLSearchParams)"],
  ["a Date by its name", new Date(0), "an object (Date)"],
  ["an object without a class", Object.create(null), "an object"],
])("whoever wrote it is shown %s", (_what, value, text) => {
  expect(shown(value)).toBe(text);
});
