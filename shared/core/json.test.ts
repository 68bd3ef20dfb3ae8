import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JSON_DEPTH_MAX, canonicalJson, jsonFault } from "./json.ts";

describe("canonical JSON", () => {
  test("is the same whatever the order of keys", () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: "x" }] })).toBe('{"a":[{"c":"x","d":null}],"b":1}');
  });

  test("leaves out members that are undefined, and has null for items that are", () => {
    expect(canonicalJson({ a: undefined, b: [undefined, 1] })).toBe('{"b":[null,1]}');
  });

  test("orders keys by code units, and knows keys that are names of objects' own", () => {
    expect(canonicalJson(JSON.parse('{"é":1,"z":2,"__proto__":3,"10":4,"9":5}'))).toBe(
      '{"10":4,"9":5,"__proto__":3,"z":2,"é":1}',
    );
  });

  test("of any JSON reads back as the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("what JSON cannot carry is named, with its place", () => {
  class Money {
    amount = 1;
  }
  const circle: { inner?: unknown } = {};
  circle.inner = [circle];

  test.each<[string, unknown, string]>([
    ["a date", { rows: [1, { at: new Date(0) }] }, "$.rows[1].at: a Date"],
    ["a map", new Map(), "$: a Map"],
    ["a bigint", [1n], "$[0]: a bigint"],
    ["a function", { f: () => 1 }, "$.f: a function"],
    ["a symbol", { s: Symbol("s") }, "$.s: a symbol"],
    ["not a number", { x: NaN }, "$.x: NaN, which JSON cannot carry"],
    ["infinity", -Infinity, "$: -Infinity, which JSON cannot carry"],
    ["nothing in a list", [1, undefined], "$[1]: undefined"],
    ["a hole in a list", [1, , 2], "$[1]: undefined"], // oxlint-disable-line no-sparse-arrays -- the hole is the subject
    ["nothing", undefined, "$: undefined"],
    ["an object of a class", { price: new Money() }, "$.price: a Money"],
    ["bytes", new Uint8Array(2), "$: a Uint8Array"],
    ["an object of no known class", Object.create(Object.create(null)) as unknown, "$: a class"],
    ["what comes after members that it can carry", { a: 1, b: [2], c: () => 3 }, "$.c: a function"],
    ["a circle", circle, "$.inner[0]: a reference to something around it"],
  ])("%s", (_, value, fault) => {
    expect(jsonFault(value)).toBe(fault);
  });

  const nested = (levels: number): unknown => {
    let deep: unknown = 1;
    for (let level = 0; level < levels; level++) deep = [deep];
    return deep;
  };

  test("levels without end", () => {
    expect(jsonFault(nested(100_000))).toBe(`$${"[0]".repeat(13)}…: more than ${JSON_DEPTH_MAX} levels deep`);
  });

  test("the first level too many", () => {
    expect(jsonFault(nested(JSON_DEPTH_MAX))).toBeUndefined();
    expect(jsonFault(nested(JSON_DEPTH_MAX + 1))).toMatch(/levels deep$/);
  });
});

describe("what JSON can carry has no fault", () => {
  test("of any kind", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonFault(value)).toBeUndefined();
      }),
    );
  });

  test("also if it has a member that is undefined, the same object twice, or no prototype", () => {
    const twice = { a: 1 };

    expect(
      jsonFault({ b: undefined, first: twice, second: twice, bare: Object.create(null) as unknown }),
    ).toBeUndefined();
  });
});
