import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ObjectStore } from "../../shared/core/task-host.ts";
import type { ObjectStoreSubject } from "./object-store-subject.ts";

/** Keys that S3 takes and that a careless adapter loses, changes or mixes up. */
export const ODD_KEYS: readonly string[] = [
  "hello+world.jpg",
  "100%.csv",
  "100%25.csv",
  "a%2Fb",
  "a%2fb",
  "a b",
  " leading and trailing ",
  "#hash",
  'it\'s "quoted".csv',
  "new\nline",
  "tab\tand\rreturn",
  "back\\slash",
  "naïve/日本/😀.csv",
  "e\u0301 decomposed",
  "é composed",
  "2026-03-02T12:00:00Z.json",
  "a?b=c&d*|<e>;$f`g",
  ".hidden",
  ".hidden/.also",
  "..",
  ".",
  "../outside",
  "a/../b",
  "a/./b",
  "...",
  "trailing/",
  "trailing//",
  "a//b",
  "/leading",
  "//",
  "/",
  "%%",
  "%%..",
  "%=a",
  "%&a",
  "%",
  "con",
  "CON.txt",
  "ends with dot.",
  "__proto__",
  "constructor/prototype",
  "-rf",
  "~",
  "l".repeat(255),
  "l".repeat(256),
  "l".repeat(1024),
  `${"é".repeat(200)}/${"x".repeat(300)}/end`,
  `${"d/".repeat(500)}end`,
];

/** Each of the two is an object, and one is the folder of the other. */
const NESTED: readonly (readonly string[])[] = [
  ["a", "a/b"],
  ["a/b", "a"],
  ["a", "a/"],
  ["a/", "a/b"],
  ["a", "a/b", "a/b/c", "a/b/c/d"],
  ["a/b/c/d", "a/b/c", "a/b", "a"],
  ["a/b", "a", "%=a", "%=a/b"],
  ["..", "../..", "../../x"],
  ["n".repeat(300), `${"n".repeat(300)}/x`],
];

const briefly = (key: string): string => (key.length > 40 ? `${key.slice(0, 20)}… of ${key.length} characters` : key);

/** The part of the contract of `ObjectStore` that is about keys: any text of 1 to 1,024 bytes in UTF-8. */
export function objectKeys(subject: () => ObjectStoreSubject, unable: readonly string[]): void {
  const able = (key: string): boolean => !unable.includes(key);
  const store = (): ObjectStore => subject().store;
  const bucket = (): string => subject().bucket;
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = async (key: string): Promise<string | undefined> => {
    const object = await store().get(bucket(), key);
    return object === undefined ? undefined : new TextDecoder().decode(object.body);
  };

  describe("ObjectStore: keys", () => {
    test.each(ODD_KEYS.filter(able).map((key) => [briefly(key), key]))("%j is a key like any other", async (_, key) => {
      await store().put(bucket(), key, bytes("content"));

      expect(await text(key)).toBe("content");
      expect((await store().list(bucket(), "")).map((info) => info.key)).toEqual([key]);
      expect((await store().list(bucket(), key)).map((info) => info.key)).toEqual([key]);
      await store().delete(bucket(), key);
      expect(await store().list(bucket(), "")).toEqual([]);
    });

    test("all odd keys live side by side, each with its own content", async () => {
      const keys = ODD_KEYS.filter(able);
      for (const key of keys) await store().put(bucket(), key, bytes(`of ${key}`));

      expect((await store().list(bucket(), "")).map((info) => info.key)).toEqual(keys.toSorted());
      expect(await Promise.all(keys.map(text))).toEqual(keys.map((key) => `of ${key}`));
    });

    test.each(NESTED.filter((keys) => keys.every(able)).map((keys) => [keys.map(briefly), keys] as const))(
      "a key may be the folder of another, put in this order: %j",
      async (_, keys) => {
        for (const key of keys) await store().put(bucket(), key, bytes(`first of ${key}`));
        for (const key of keys) await store().put(bucket(), key, bytes(`of ${key}`));

        expect(await Promise.all(keys.map(text))).toEqual(keys.map((key) => `of ${key}`));
        expect((await store().list(bucket(), "")).map((info) => info.key)).toEqual(keys.toSorted());
        for (const [index, key] of keys.entries()) {
          await store().delete(bucket(), key);
          expect((await store().list(bucket(), "")).map((info) => info.key)).toEqual(keys.slice(index + 1).toSorted());
        }
      },
    );

    test("any keys, put and deleted in any order, are there exactly as a map has them", async () => {
      const part = fc.constantFrom("a", "b", "", ".", "..", "%=a", "%%", "a%");
      const key = fc
        .array(part, { minLength: 1, maxLength: 3 })
        .map((parts) => parts.join("/"))
        .filter((joined) => joined !== "" && able(joined));
      const step = fc.record({ key, call: fc.constantFrom("put", "put", "delete") });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const model = new Map<string, string>();
          for (const [index, { key: name, call }] of steps.entries()) {
            if (call === "put") {
              model.set(name, `${index}`);
              await store().put(bucket(), name, bytes(`${index}`));
            } else {
              model.delete(name);
              await store().delete(bucket(), name);
            }
          }
          const listed = await store().list(bucket(), "");
          const found = await Promise.all(listed.map(async (info) => [info.key, await text(info.key)]));
          expect(found).toEqual([...model].toSorted(([a], [b]) => (a < b ? -1 : 1)));
          for (const name of model.keys()) await store().delete(bucket(), name);
        }),
        { numRuns: 25 },
      );
    });

    test.each([
      ["an empty key", ""],
      ["more than 1,024 bytes", "é".repeat(513)],
      ["half a surrogate pair", "a\uD800b"],
    ])("%s is refused, and the message says what a key is", async (_, key) => {
      const put = store().put(bucket(), key, bytes("x"));

      await expect(put).rejects.toMatchObject({
        code: "INVALID_KEY",
        message: expect.stringContaining("1024 bytes") as string,
      });
    });
  });
}
