/** The key of dispatch tokens: in the engine's table, which no executor can read, made by the first who asks for it. */
import { randomBytes } from "node:crypto";
import { getItem, putIf, type Item, type Table } from "./dynamo.ts";
import { damaged } from "./records.ts";
import { TOKEN_KEY } from "./keys.ts";

const KEY_BYTES = 32;

/** The same key for everybody, whoever is first. Throws RECORD_DAMAGED if something else lies in its place. */
export async function openTokenKey(table: Table): Promise<Uint8Array> {
  const stored = await getItem(table, TOKEN_KEY);
  if (stored !== undefined) return keyOf(stored);
  const fresh = { ...TOKEN_KEY, key: randomBytes(KEY_BYTES) };
  const put = await putIf(table, fresh, "the key of dispatch tokens", {
    condition: "attribute_not_exists(#pk)",
    names: { "#pk": "pk" },
  });
  if ("written" in put) return fresh.key;
  return keyOf(put.found ?? fresh);
}

function keyOf(item: Item): Uint8Array {
  const key = item["key"];
  if (key instanceof Uint8Array && key.length === KEY_BYTES) return key;
  throw damaged(item, `has no key of ${KEY_BYTES} bytes`);
}
