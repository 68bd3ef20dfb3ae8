import { expect, test } from "vitest";
import { oneLine, shortened } from "./text.ts";

test("a text that is too long ends where it is cut, and shows it", () => {
  expect([shortened("abcdef", 6), shortened("abcdef", 4), shortened("abc", 0)]).toEqual(["abcdef", "abc…", "…"]);
});

test("a text is not cut within a letter of two halves", () => {
  expect(shortened("ab😀cd", 4)).toBe("ab\ufffd…");
});

test("a message of several lines becomes one, and moves no cursor", () => {
  expect(oneLine("\nfirst\r\n\tsecond \u001b[31mred\u0007")).toBe("first second  [31mred");
});
