import { describe, expect, test } from "vitest";
import { MAP_ITEM_BYTES_MAX } from "../../core/attempt.ts";
import { taskId } from "../../core/ids.ts";
import type { JsonValue } from "../../core/json.ts";
import type { BlobStore } from "../../ports/blob-store.ts";
import { mappedFacts, putList, readItem, readSmallItems } from "./list-output.ts";

const LOAD = taskId("load");

/** `read` counts the bytes that were asked for. */
function aBlobStore(): BlobStore & { readonly read: () => number } {
  const blobs = new Map<string, Uint8Array>();
  let bytes = 0;
  const counted = (body: Uint8Array | undefined): Uint8Array | undefined => {
    bytes += body?.length ?? 0;
    return body;
  };
  return {
    put: async (key, body) => void blobs.set(key, body),
    get: async (key) => counted(blobs.get(key)),
    range: async (key, start, end) => counted(blobs.get(key)?.slice(start, end)),
    read: () => bytes,
  };
}

const LISTS: readonly (readonly JsonValue[])[] = [
  [1, 2, 3],
  ["a", null, "ü, 世界", [null], null, { rows: [1, 2] }],
  [null],
  [],
  [true, false, "", {}],
];

describe("a list that tasks are mapped over", () => {
  test.each(LISTS.map((list) => [JSON.stringify(list), list] as const))("%s is read item by item", async (_, list) => {
    const blobs = aBlobStore();
    const { key, length } = await putList(blobs, "list.json", list, String);
    const read = await Promise.all(Array.from({ length }, async (_item, index) => readItem(blobs, key, index)));

    expect(read).toEqual(list.filter((item) => item !== null));
  });

  test.each(LISTS.map((list) => [JSON.stringify(list), list] as const))(
    "%s is also read as a whole",
    async (_, list) => {
      const blobs = aBlobStore();
      const { key, bytes } = await putList(blobs, "list.json", list, String);
      const body = (await blobs.get(key)) ?? new Uint8Array();

      expect(JSON.parse(new TextDecoder().decode(body))).toEqual(list);
      expect(body.length).toBe(bytes);
    },
  );

  test("costs an instance no more than its own item", async () => {
    const blobs = aBlobStore();
    const list = Array.from({ length: 10_000 }, (_, index) => `shard ${index} of the warehouse`);
    const { key } = await putList(blobs, "list.json", list, String);

    expect(await readItem(blobs, key, 9_999)).toBe(list[9_999]);
    expect(blobs.read()).toBeLessThan(50);
  });

  test.each(LISTS.map((list) => [JSON.stringify(list), list] as const))(
    "%s gives all items together",
    async (_, list) => {
      const blobs = aBlobStore();
      const { key, length } = await putList(blobs, "list.json", list, String);
      const read = length === 0 ? new Map() : await readSmallItems(blobs, key, 0, length - 1);

      expect([...read.values()]).toEqual(list.filter((item) => item !== null));
    },
  );

  test("leaves out items too large to be sent along", async () => {
    const blobs = aBlobStore();
    const { key } = await putList(blobs, "list.json", ["a", "x".repeat(5_000), "b"], String);

    expect(await readSmallItems(blobs, key, 0, 2)).toEqual(
      new Map([
        [0, "a"],
        [2, "b"],
      ]),
    );
    expect(await readSmallItems(blobs, key, 2, 2)).toEqual(new Map([[2, "b"]]));
  });

  test("is damaged if an item is asked for that it does not have", async () => {
    const blobs = aBlobStore();
    const { key } = await putList(blobs, "list.json", [1], String);

    await expect(readItem(blobs, key, 1)).rejects.toMatchObject({ code: "RECORD_DAMAGED" });
  });
});

describe("what is known of an output that tasks are mapped over", () => {
  test("is the number of items that are not null", () => {
    expect(mappedFacts([1, null, 2], [LOAD], {})).toEqual({ length: 2 });
  });

  test.each([
    ["an object", { rows: 1 }],
    ["a number", 3],
    ["a string", "abc"],
    ["nothing", undefined],
    ["nothing", null],
  ])("is that it is no list but %s", (kind, output) => {
    expect(mappedFacts(output, [LOAD], {})).toEqual({
      faults: { load: `expected a list, it gave ${kind}: let it return an array` },
    });
  });

  test("is an item that is too large", () => {
    const { faults } = mappedFacts(["a", "x".repeat(MAP_ITEM_BYTES_MAX)], [LOAD], {});

    expect(faults?.["load"]).toContain("item 1 has 262146 bytes; at most 262144 are allowed");
  });

  test("is two items of the same name", () => {
    const { faults } = mappedFacts(["a", "b", "c"], [LOAD], { load: ["x", "y", "x"] });

    expect(faults).toEqual({ load: 'items 0 and 2 have the same key "x"' });
  });

  test("is that an item has no name", () => {
    const keys = { load: "item 0: its key function gave a number, expected a text" };

    expect(mappedFacts(["a"], [LOAD], keys)).toEqual({ length: 1, faults: keys });
  });
});
