/**
 * Makes dags/data/orders from the published data set: `node scripts/split-orders.ts CDNOW_master.txt [FOLDER]`.
 * One CSV for each day of January 1997; the values are those of the original, character by character, in its order.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Of the file in the PyPI package `lifetimes` 0.11.3: lifetimes/datasets/CDNOW_master.txt. */
const SHA256 = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef";
const MONTH = "199701";
const HEADER = "customer_id,date,number_of_cds,dollar_value";

const [original, folder = join(import.meta.dirname, "../dags/data/orders")] = process.argv.slice(2);
if (original === undefined || !existsSync(original)) {
  if (original !== undefined) console.error(`there is no file ${original}`);
  console.error("usage: node scripts/split-orders.ts CDNOW_master.txt [FOLDER]; dags/data/SOURCE.md says where it is");
  process.exit(2);
}
const bytes = readFileSync(original);
const found = createHash("sha256").update(bytes).digest("hex");
if (found !== SHA256) {
  console.error(`${original} has the SHA-256 ${found}; the data set has ${SHA256}: see dags/data/SOURCE.md`);
  process.exit(1);
}

const days = new Map<string, string[]>();
for (const line of bytes.toString("ascii").split("\r\n").slice(1)) {
  if (line === "") continue; // After the last line's end.
  const values = line.trim().split(/ +/);
  const date = values[1] ?? "";
  if (!date.startsWith(MONTH)) continue;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  days.set(day, [...(days.get(day) ?? []), values.join(",")]);
}

mkdirSync(folder, { recursive: true });
for (const [day, rows] of days) writeFileSync(join(folder, `${day}.csv`), `${[HEADER, ...rows].join("\n")}\n`);
console.log(`${days.size} files in ${folder}`);
