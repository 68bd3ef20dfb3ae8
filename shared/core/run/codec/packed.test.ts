import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packedReader, packedWriter } from "./packed.ts";

const counted = (...values: readonly number[]): Uint8Array => {
  const writer = packedWriter();
  for (const value of values) writer.count(value);
  return writer.bytes();
};

describe("packed numbers", () => {
  test("have seven bits a byte, the lowest first", () => {
    expect([...counted(0, 127, 128, 16_384)]).toEqual([0, 127, 128, 1, 128, 128, 1]);
  });

  test("that are differences are short whatever their sign", () => {
    const writer = packedWriter();
    for (const value of [0, -1, 1, -64, 63]) writer.difference(value);

    expect([...writer.bytes()]).toEqual([0, 1, 2, 127, 126]);
  });

  test("read back as they were written, however many and however large", () => {
    const aNumber = fc.maxSafeInteger().map((value) => Math.trunc(value / 4));
    fc.assert(
      fc.property(fc.array(aNumber, { maxLength: 300, size: "max" }), fc.nat(3), (values, start) => {
        const writer = packedWriter();
        for (const value of values) {
          writer.count(Math.abs(value));
          writer.difference(value);
        }
        const reader = packedReader(Uint8Array.from([...new Uint8Array(start).fill(255), ...writer.bytes()]), start);

        expect(values.map(() => [reader.count(), reader.difference()])).toEqual(
          values.map((value) => [Math.abs(value), value === 0 ? 0 : value]),
        );
      }),
      { numRuns: 50 },
    );
  });

  test("that end too soon are refused", () => {
    expect(() => packedReader(Uint8Array.from([5, 128]), 1).count()).toThrow(
      new RangeError("2 packed bytes end in the middle of a number"),
    );
  });
});
