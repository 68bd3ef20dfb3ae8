import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ODD_KEYS } from "../../../test/contract/object-keys.ts";
import { keyOfPath, pathOfKey } from "./key-paths.ts";

const path = (key: string): string => pathOfKey(key, false).own.join("/");
const beside = (key: string): string => pathOfKey(key, false).beside.join("/");

describe("the path of a key", () => {
  test.each([
    ["raw/orders/2026-03-02.csv"],
    ["date=2026-03-02/part-0.parquet"],
    ["100%.csv"],
    ["a b+c#d'e"],
    ["日本/😀"],
    [".hidden"],
    ["a%20b"],
    ["..."],
  ])("of an ordinary key is the key: %j", (key) => {
    expect(path(key)).toBe(key);
  });

  test.each([
    ["a//b", "a/%%/b"],
    ["a/", "a/%%"],
    ["/a", "%%/a"],
    ["..", "%%.."],
    ["a/./b", "a/%%./b"],
    ["new\nline%", "%%new%0Aline%25"],
    ["%%", "%%%25%25"],
    ["%=a", "%%%25=a"],
  ])("of %j is escaped: %j", (key, expected) => {
    expect(path(key)).toBe(expected);
  });

  test("of a part that is too long is cut into folders", () => {
    expect(path(`raw/${"x".repeat(300)}`)).toBe(`raw/%&${"x".repeat(250)}/%%${"x".repeat(50)}`);
  });

  test("of a long part is cut between characters, never inside of one", () => {
    const names = pathOfKey("é".repeat(400), false).own;

    expect(names.map((name) => name.slice(2)).join("")).toBe("é".repeat(400));
    expect(names.every((name) => name.isWellFormed() && Buffer.byteLength(name) <= 255)).toBe(true);
  });

  test("where a folder has its name is beside that", () => {
    expect([beside("a"), beside("raw/x.csv"), beside("a/..")]).toEqual(["%=a", "raw/%=x.csv", "a/%=.."]);
  });

  test("on Windows escapes what that refuses", () => {
    const names = ["a:b", "a\\b", "what?", "dot.", "con", "con.txt"].map((key) => pathOfKey(key, true).own.join("/"));

    expect(names).toEqual(["%%a%3Ab", "%%a%5Cb", "%%what%3F", "%%dot%2E", "%%con", "%%con.txt"]);
  });
});

describe("the key of a path", () => {
  const anyKey = fc
    .array(
      fc.oneof(
        fc.string({ unit: "binary", maxLength: 12 }),
        fc.constantFrom("", ".", "..", "%%", "%=", "%&", "%25", "a", "x".repeat(300)),
        fc.string({ unit: fc.constantFrom("%", "=", "&", "2", "5", "0", "A", "\n", "."), maxLength: 8 }),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join("/"))
    .filter((key) => key !== "" && key.isWellFormed() && Buffer.byteLength(key) <= 1024);

  test.each([false, true])("is the key again, from its own path and from beside (Windows: %s)", (windows) => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const paths = pathOfKey(key, windows);
        expect([keyOfPath(paths.own, windows), keyOfPath(paths.beside, windows)]).toEqual([key, key]);
      }),
      { numRuns: 500 },
    );
  });

  test("no two keys have a path in common", () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        fc.pre(a !== b);
        const paths = [a, b].flatMap((key) =>
          Object.values(pathOfKey(key, false)).map((names: string[]) => names.join("/")),
        );
        expect(new Set(paths).size).toBe(4);
      }),
      { numRuns: 500 },
    );
  });

  test("every name is one that a file can have, and leads nowhere else", () => {
    fc.assert(
      fc.property(fc.oneof(anyKey, fc.constantFrom(...ODD_KEYS)), (key) => {
        for (const name of Object.values(pathOfKey(key, false)).flat() as string[]) {
          expect(name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0")).toBe(false);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["an escaped name that needs no escape", ["%%plain"]],
    ["an escape in small letters", ["%%a%0ab"]],
    ["an escape that is none", ["%%a%zz"]],
    ["a piece without an end", ["%&abc"]],
    ["a piece that was not needed", ["%&abc", "%%def"]],
    ["a piece before a plain name", ["%&abc", "def"]],
    ["a folder with the name of one beside", ["%=a", "b"]],
    ["an escaped slash", ["%%a%2Fb"]],
    ["nothing", []],
  ])("of %s there is none", (_, names) => {
    expect(keyOfPath(names, false)).toBeUndefined();
  });
});
