import { describe, expect, test } from "vitest";
import * as harness from "./harness.ts";

/** The names of the tests that a file declares, and what they did as they ran. */
async function collected(declare: (log: (...said: readonly unknown[]) => void) => void) {
  const log: unknown[][] = [];
  const tests = await harness.collect(() => Promise.resolve(declare((...said) => void log.push([...said]))));
  for (const { run } of tests) await run().catch((error: unknown) => log.push([(error as Error).message]));
  return { names: tests.map(({ name }) => name), log };
}

describe("test files, while mutants are tried,", () => {
  test("have their tests under the names of their groups, told apart by their order", async () => {
    const { names } = await collected(() => {
      harness.describe("a", () => {
        harness.test("one", () => undefined);
        harness.test("one", () => undefined);
        harness.describe("b", () => harness.test("two", () => undefined));
      });
      harness.test("three", () => undefined);
    });

    expect(names).toEqual(["a > one", "a > one (2)", "a > b > two", "three"]);
  });

  test("give the parts of a row to each, and the row itself to for", async () => {
    const rows = [
      ["x", 1],
      ["y", 2],
    ];
    const { names, log } = await collected((said) => {
      harness.test.each(rows)("%s is %i", (...parts) => said(...parts));
      harness.test.for(rows)("%s too", (row) => said(row));
      harness.describe.each([7])("in %i", (only) => harness.test("t", () => said(only)));
    });

    expect(names).toEqual(["x is 1", "y is 2", "x too", "y too", "in 7 > t"]);
    expect(log).toEqual([["x", 1], ["y", 2], [["x", 1]], [["y", 2]], [7]]);
  });

  test("are cleaned up after each test, also one that fails", async () => {
    const { log } = await collected((said) => {
      harness.afterEach(() => said("after"));
      harness.test("fails", () => {
        throw new Error("no");
      });
    });

    expect(log).toEqual([["after"], ["no"]]);
  });
});
