import { expect, test } from "vitest";
import { didYouMean, nearest } from "./problem.ts";

const TASKS = ["extract", "transform", "load"];

test.each([
  ["extrat", "extract"],
  ["Extract", "extract"],
  ["trasnform", "transform"],
  ["laod", "load"],
  ["extract", "extract"],
])("'%s' was meant to be '%s'", (given, meant) => {
  expect(nearest(given, TASKS)).toBe(meant);
});

test.each(["publish", "", "x", "extraction_of_everything"])("'%s' is like none of them", (given) => {
  expect([nearest(given, TASKS), didYouMean(given, TASKS)]).toEqual([undefined, ""]);
});

test("of two the nearer one is meant, of two as near the first", () => {
  expect(nearest("loads", ["leads", "load"])).toBe("leads");
  expect(nearest("lode", ["load", "lode2"])).toBe("lode2");
  expect(nearest("lod", ["load", "lord"])).toBe("load");
});

test("a slip of the finger is two letters, or one in three of a long name", () => {
  expect([nearest("abc", ["a"]), nearest("abc", ["abcdef"])]).toEqual(["a", undefined]);
  expect([nearest("abcdefghijkl", ["abcdefgh"]), nearest("abcdefghijkl", ["abcdefg"])]).toEqual([
    "abcdefgh",
    undefined,
  ]);
});

test("letters before and after the name count too", () => {
  expect([nearest("load", ["xxloab"]), nearest("a", ["bcd"])]).toEqual([undefined, undefined]);
});

test("there is nothing near if there is nothing", () => {
  expect(nearest("load", [])).toBeUndefined();
});

test("the question ends a sentence", () => {
  expect(didYouMean("extrat", TASKS)).toBe("; did you mean 'extract'?");
});
