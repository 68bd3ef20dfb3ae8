import { describe, expect, test } from "vitest";
import type { BlobStore } from "../../shared/ports/blob-store.ts";
import { type Subject, atOnce, freshly } from "./subject.ts";

export interface BlobStoreSubject extends Subject {
  readonly store: BlobStore;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const KEY = `bundles/${"0".repeat(64)}.mjs`;

/** The contract of `BlobStore`. */
export function blobStoreContract(make: () => Promise<BlobStoreSubject>): void {
  const subject = freshly(make);
  const store = (): BlobStore => subject().store;
  const text = async (key: string): Promise<string | undefined> => {
    const body = await store().get(key);
    return body === undefined ? undefined : new TextDecoder().decode(body);
  };

  describe("BlobStore: put and get", () => {
    test("a blob that nobody put is undefined", async () => {
      expect(await store().get(KEY)).toBeUndefined();
      expect(await store().range(KEY, 0, 10)).toBeUndefined();
    });

    test("a blob comes back byte for byte", async () => {
      const body = Uint8Array.from({ length: 256 }, (_, n) => n);

      await store().put(KEY, body);

      expect(Buffer.compare((await store().get(KEY)) ?? bytes(""), body)).toBe(0);
    });

    test("putting it again changes nothing", async () => {
      await store().put(KEY, bytes("the code"));
      await store().put(KEY, bytes("the code"));

      expect(await text(KEY)).toBe("the code");
    });

    test("many put the same blob at once, and it is there whole", async () => {
      await atOnce(20, () => store().put(KEY, bytes("the code")));

      expect(await text(KEY)).toBe("the code");
    });

    test("an empty blob is there, and empty", async () => {
      await store().put(KEY, new Uint8Array());

      expect((await store().get(KEY))?.byteLength).toBe(0);
    });

    test("a view into a larger buffer is put as the view alone", async () => {
      const buffer = Buffer.from("before-inside-after");

      await store().put(KEY, buffer.subarray(7, 13));

      expect(await text(KEY)).toBe("inside");
    });

    test("a large blob is kept whole", async () => {
      const body = Buffer.alloc(6 * 1024 * 1024, "0123456789");

      await store().put(KEY, body);

      expect(Buffer.compare((await store().get(KEY)) ?? bytes(""), body)).toBe(0);
    });

    test.each([
      ["outputs/orders.run-1/extract/-/1"],
      ["outputs/orders.run-1/$onFailure/-/1"],
      ["outputs/orders.scheduled-2026-03-02T04:00:00Z/a.b/10/2"],
      ["a"],
      ["a b+c%20#d'é日本😀"],
    ])("takes the key %j", async (key) => {
      await store().put(key, bytes(key));

      expect(await text(key)).toBe(key);
    });

    test("keys that begin alike are different blobs", async () => {
      const keys = ["a", "a/b", "a/b/c", "a.b", "ab"];
      for (const key of keys) await store().put(key, bytes(key));

      expect(await Promise.all(keys.map(text))).toEqual(keys);
    });

    test.each([["../outside"], ["a/../../outside"], ["/etc/passwd"], ["a//b"], ["."], [".."]])(
      "a key that looks like a way out, %j, is a name like any other, or is refused",
      async (key) => {
        const put = await store()
          .put(key, bytes("kept in"))
          .then(
            () => "kept",
            (error: unknown) => error,
          );

        if (put === "kept") expect(await text(key)).toBe("kept in");
        else expect(put).toMatchObject({ code: "INVALID_KEY" });
      },
    );
  });

  describe("BlobStore: range", () => {
    const range = async (start: number, end: number): Promise<string> => {
      await store().put(KEY, bytes("0123456789"));
      return new TextDecoder().decode(await store().range(KEY, start, end));
    };

    test.each([
      ["from its beginning", 0, 3, "012"],
      ["in its middle, without the last", 4, 6, "45"],
      ["to its end", 7, 10, "789"],
      ["past its end is shorter", 8, 99, "89"],
      ["all of it", 0, 10, "0123456789"],
      ["from its end on is empty", 10, 12, ""],
      ["far past its end is empty", 500, 600, ""],
      ["of no width is empty", 3, 3, ""],
    ])("%s", async (_, start, end, expected) => {
      expect(await range(start, end)).toBe(expected);
    });

    test("of an empty blob is empty", async () => {
      await store().put(KEY, new Uint8Array());

      expect((await store().range(KEY, 0, 5))?.byteLength).toBe(0);
    });

    test("many ranges at once give each its own", async () => {
      await store().put(KEY, bytes("0123456789"));

      const ranges = await atOnce(10, (n) => store().range(KEY, n, n + 1));

      expect(ranges.map((body) => new TextDecoder().decode(body))).toEqual("0123456789".split(""));
    });
  });
}
