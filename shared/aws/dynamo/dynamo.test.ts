import { afterEach, describe, expect, test } from "vitest";
import { fault, json, jsonOf, startWire, type Wire, type WireAnswer } from "../../../test/contract/aws/wire.ts";
import { createClients } from "../clients.ts";
import { BATCH_TRIES_MAX, itemBytes, readItems, type Table } from "./dynamo.ts";

interface Asked {
  readonly RequestItems: { readonly t: { readonly Keys: readonly unknown[]; readonly ConsistentRead: boolean } };
}

const keyOf = (n: number) => ({ pk: `p${n}`, sk: "s" });
const keys = (count: number) => Array.from({ length: count }, (_, n) => keyOf(n));

let wire: Wire | undefined;
afterEach(async () => wire?.close());

/** A table that answers as told, and the waits that it made us take. */
async function tableThat(
  answer: (asked: Asked, index: number) => WireAnswer,
): Promise<Table & { waits: number[]; wire: Wire }> {
  const started = await startWire((request, index) => answer(jsonOf(request) as Asked, index));
  wire = started;
  const credentials = { accessKeyId: "a", secretAccessKey: "b" };
  const { dynamo } = createClients({ region: "eu-west-1", endpoint: started.endpoint, credentials });
  const waits: number[] = [];
  return { client: dynamo, tableName: "t", pause: async (ms) => waits.push(ms), waits, wire: started };
}

/** Answers for the first `take` of the keys, and leaves the others. */
function part(asked: Asked, take: number): WireAnswer {
  const { Keys } = asked.RequestItems.t;
  const left = Keys.slice(take);
  return json({
    Responses: { t: Keys.slice(0, take) },
    UnprocessedKeys: left.length === 0 ? {} : { t: { Keys: left, ConsistentRead: true } },
  });
}

describe("reading many items", () => {
  test("asks again for what was left unprocessed, until all is there", async () => {
    const table = await tableThat((asked) => part(asked, 4));

    const items = await readItems(table, keys(10));

    expect([...items.values()]).toEqual(keys(10));
    expect(table.wire.requests).toHaveLength(3);
    expect(table.waits).toEqual([]);
  });

  test("waits at random, longer each time, while nothing comes at all", async () => {
    const table = await tableThat((asked, index) => part(asked, index < 3 ? 0 : 10));

    expect((await readItems(table, keys(2))).size).toBe(2);

    expect(table.waits).toHaveLength(3);
    for (const [index, ms] of table.waits.entries()) expect(ms).toBeLessThan(25 * 2 ** (index + 1));
  });

  test(`gives up, as unavailable, after ${BATCH_TRIES_MAX} tries in a row that gave nothing`, async () => {
    const table = await tableThat((asked) => part(asked, 0));

    await expect(readItems(table, keys(2))).rejects.toMatchObject({ code: "UNAVAILABLE", retryable: true });

    expect(table.wire.requests).toHaveLength(BATCH_TRIES_MAX);
  });

  test("asks for a hundred keys at a time, each once, as they are now", async () => {
    const table = await tableThat((asked) => part(asked, 100));

    await readItems(table, [...keys(150), ...keys(150)]);

    const asked = table.wire.requests.map((request) => (jsonOf(request) as Asked).RequestItems.t);
    expect(asked.map(({ Keys }) => Keys.length).toSorted((a, b) => b - a)).toEqual([100, 50]);
    expect(asked.every(({ ConsistentRead }) => ConsistentRead)).toBe(true);
  });

  test("asks nothing for no keys", async () => {
    const table = await tableThat((asked) => part(asked, 0));

    expect((await readItems(table, [])).size).toBe(0);

    expect(table.wire.requests).toEqual([]);
  });

  test("a fault of DynamoDB reaches the caller as it is", async () => {
    const table = await tableThat(() => fault("ResourceNotFoundException", "no table 't'"));

    await expect(readItems(table, keys(1))).rejects.toThrow("no table 't'");
  });
});

describe("the size of an item", () => {
  test("is the UTF-8 of its names and values", () => {
    expect(itemBytes({ pk: "é", b: new Uint8Array(10), gone: undefined })).toBe(2 + 2 + 1 + 10);
  });

  test("takes a number for the most that one can take", () => {
    expect(itemBytes({ n: 1 })).toBe(1 + 21);
  });
});
