import { expect, test } from "vitest";
import { withDuckDB, type Row, type Values } from "./duckdb.ts";

const rows = (sql: string, values?: Values, { signal } = new AbortController()): Promise<readonly Row[]> =>
  withDuckDB(signal, (duckdb) => duckdb.rows(sql, values));

test("what comes from outside is a value, whatever it holds", async () => {
  const text = "it's; drop table x; -- $text \\ \n \u{1f600}";

  expect(
    await rows("select $text as text, $list[1] as item, $count as count", { text, list: [text], count: 3 }),
  ).toEqual([{ text, item: text, count: 3 }]);
});

test("64-bit integers are numbers as long as numbers can hold them", async () => {
  expect(await rows("select 9007199254740991::bigint as cents")).toEqual([{ cents: Number.MAX_SAFE_INTEGER }]);
  await expect(rows("select 9007199254740992::bigint as cents")).rejects.toThrow(
    "cents is 9007199254740992, more than a number can hold exactly: cast it to text",
  );
});

test("a query ends when the attempt is aborted", async () => {
  const attempt = new AbortController();

  const endless = rows("select count(*) as n from range(1000000000000) where range % 7 = 3", {}, attempt);
  setTimeout(() => attempt.abort(), 200); // It has begun by then.

  await expect(endless).rejects.toThrow("Interrupted");
});

test("no query begins in an attempt that was aborted", async () => {
  const attempt = new AbortController();
  attempt.abort(new Error("timed out"));

  await expect(rows("select 1 as one", {}, attempt)).rejects.toThrow("timed out");
});
