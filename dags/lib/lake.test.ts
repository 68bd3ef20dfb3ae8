import fc from "fast-check";
import { expect, test } from "vitest";
import { nameOf } from "./lake.ts";

test.each([
  ["raw/orders/1997-01-01.csv", "1997-01-01"],
  ["raw/orders/orders_eu.v2.csv", "orders_eu.v2"],
])("%s keeps its name", (key, name) => {
  expect(nameOf(key)).toBe(name);
});

test.each([
  ["raw/orders/eu/1997-01-01.csv", /^1997-01-01[.]csv~[0-9a-f]{16}$/],
  ["raw/orders/hello+world #1.csv", /^hello-world-1[.]csv~[0-9a-f]{16}$/],
  ["raw/orders/日本.csv", /^-[.]csv~[0-9a-f]{16}$/],
  [`raw/orders/${"x".repeat(900)}.csv`, /^x{40}~[0-9a-f]{16}$/],
])("%j keeps what can be read of its name", (key, name) => {
  expect(nameOf(key)).toMatch(name);
});

test("a name is one part of a path, and no two keys have the same", () => {
  const part = fc.constantFrom("a", "..", ".", "", " ", "é", "\n", "~", "a.csv", "raw", "x".repeat(50));
  const key = fc.array(part, { maxLength: 5 }).map((parts) => `raw/orders/${parts.join("/")}.csv`);
  fc.assert(
    fc.property(key, key, (one, other) => {
      expect(nameOf(one)).toMatch(/^[\w.~-]+$/);
      expect([".", ".."]).not.toContain(nameOf(one));
      expect(nameOf(one) === nameOf(other)).toBe(one === other);
    }),
  );
});
