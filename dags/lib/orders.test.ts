import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aFolder } from "../../test/builders/folder.ts";
import { ORDERS_HEADER, ordersCsv, realOrders } from "../../test/builders/orders.ts";
import { withDuckDB, type DuckDB } from "./duckdb.ts";
import { inspectOrders, readOrders, writeDay, type OrdersRead } from "./orders.ts";

let folder: Awaited<ReturnType<typeof aFolder>>;
let duckdb: DuckDB;
let close: () => void;
let closed: Promise<void>;
beforeAll(async () => {
  folder = await aFolder();
  // One database for all of them.
  await new Promise<void>((opened) => {
    closed = withDuckDB(new AbortController().signal, async (database) => {
      duckdb = database;
      opened();
      await new Promise<void>((end) => (close = end));
    });
  });
});
afterAll(async () => {
  close();
  await closed;
  await folder.remove();
});

async function read(content: string | Uint8Array): Promise<OrdersRead> {
  const path = join(folder.path, "orders.csv");
  await writeFile(path, content);
  return readOrders(duckdb, path);
}

const orders = () =>
  duckdb.rows("select customer_id, order_date::varchar as day, cds, cents from orders order by line");

const GOOD = ordersCsv("00001,19970101,1,11.77");

describe("what is read", () => {
  test("values have types: ids are text, days are dates, money is whole cents", async () => {
    expect(await read(ordersCsv("00001,19970101,12,11.77", "2,19970228,1,5", "3,19961231,1,0.1"))).toEqual({
      dates: ["1996-12-31", "1997-01-01", "1997-02-28"],
      fault: null,
    });
    expect(await orders()).toEqual([
      { customer_id: "00001", day: "1997-01-01", cds: 12, cents: 1177 },
      { customer_id: "2", day: "1997-02-28", cds: 1, cents: 500 },
      { customer_id: "3", day: "1996-12-31", cds: 1, cents: 10 },
    ]);
  });

  test.each([
    ["CRLF", `${ORDERS_HEADER}\r\n00001,19970101,1,11.77\r\n`],
    ["no end of the last line", `${ORDERS_HEADER}\n00001,19970101,1,11.77`],
    ["a byte order mark", `\uFEFF${GOOD}`],
    ["quotes", `"customer_id","date","number_of_cds","dollar_value"\n"00001","19970101","1","11.77"\n`],
    ["blank lines", `${ORDERS_HEADER}\n\n00001,19970101,1,11.77\n\n`],
  ])("a file with %s is read like any other", async (_, content) => {
    expect(await read(content)).toEqual({ dates: ["1997-01-01"], fault: null });
    expect(await orders()).toEqual([{ customer_id: "00001", day: "1997-01-01", cds: 1, cents: 1177 }]);
  });

  test("cents are exact where floating point is not", async () => {
    const amounts = ["0.29", "0.57", "1.15", "4.35", "999999999.99"];

    await read(ordersCsv(...amounts.map((amount) => `1,19970101,1,${amount}`)));

    expect((await orders()).map(({ cents }) => cents)).toEqual([29, 57, 115, 435, 99_999_999_999]);
  });
});

const BAD: readonly (readonly [what: string, content: string | Uint8Array, reason: RegExp])[] = [
  ["is empty", "", /the columns are "", expected "customer_id,date/],
  ["has a header only", `${ORDERS_HEADER}\n`, /it has no orders/],
  ["has no header", "00001,19970101,1,11.77\n", /the columns are "00001,19970101,1,11.77"/],
  ["has its columns in another order", GOOD.replace("customer_id,date", "date,customer_id"), /the columns are "date,/],
  ["lacks a column", "customer_id,date,number_of_cds\n1,19970101,1\n", /line 1: .*Columns: 4 Found: 3/],
  ["has a column more", ordersCsv("1,19970101,1,1.00,new"), /line 2: .*Columns: 4 Found: 5/],
  ["has a day that does not exist", ordersCsv("1,19970231,1,1.00"), /line 2: date is "19970231", expected a day/],
  ["has a day in another form", ordersCsv("1,1997-01-01,1,1.00"), /line 2: date is "1997-01-01"/],
  ["has no amount", ordersCsv("1,19970101,1,"), /line 2: dollar_value is "", expected dollars/],
  ["has text for an amount", ordersCsv("1,19970101,1,n/a"), /dollar_value is "n\/a"/],
  ["has fractions of a cent", ordersCsv("1,19970101,1,1.005"), /dollar_value is "1.005"/],
  ["has a comma in an amount", ordersCsv('1,19970101,1,"1,00"'), /dollar_value is "1,00"/],
  ["has an amount without end", ordersCsv(`1,19970101,1,${"9".repeat(400)}`), /dollar_value is "9{40}"/],
  ["has half a CD", ordersCsv("1,19970101,0.5,1.00"), /number_of_cds is "0.5"/],
  ["has a strange customer", ordersCsv("'; drop table orders; --,19970101,1,1.00"), /customer_id is "'; drop table/],
  ["has control characters", ordersCsv("0\u0000\u001b[31m,19970101,1,1.00"), /customer_id is "0\\u0000\\u001b\[31m"/],
  ["has a line break within a value", ordersCsv('"1\n2",19970101,1,1.00'), /customer_id is "1\\n2"/],
  ["has a quote that is not closed", ordersCsv('"1,19970101,1,1.00'), /line 2: Value with unterminated quote/],
  [
    "is not UTF-8",
    Buffer.from("customer_id,date,number_of_cds,dollar_value\n\xff,1,1,1\n", "latin1"),
    /Invalid unicode/,
  ],
  ["is no text", Buffer.from([0x1f, 0x8b, 8, 0, 0xff, 10, 13, 10, 0]), /line 1: Invalid unicode/],
  ["is one endless line", "x".repeat(3_000_000), /Maximum line size/],
  [
    "has orders of more than a month",
    ordersCsv(...Array.from({ length: 32 }, (_, day) => `1,1997${day < 16 ? "01" : "03"}${(day % 16) + 10},1,1.00`)),
    /it has orders of 32 days; a file brings 31/,
  ],
];

describe("what is refused", () => {
  test.each(BAD)("a file that %s", async (_, content, reason) => {
    const { dates, fault } = await read(content);

    expect(dates).toEqual([]);
    expect(fault).toMatch(reason);
    expect(fault?.length).toBeLessThan(400);
  });

  test("of many faults the first ones are told, each with its line", async () => {
    const { fault } = await read(ordersCsv("1,19970101,1,1.00", "x,y,z,1.00", "1,19970101,1,x", "1,x,1,1.00"));

    expect(fault).toBe(
      'line 3: customer_id is "x", expected digits such as 00001; line 3: date is "y", expected a day such as 19970131; ' +
        'line 3: number_of_cds is "z", expected a whole number such as 2',
    );
  });

  test("whatever a file holds, it is read or refused, and never brings the task down", async () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: fc.constantFrom("1", ",", '"', "\n", "\r", "'", "\\", "\0", "é", "-", ".", " ", "0", "9") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), garbage, async (withHeader, rest) => {
        const { dates, fault } = await read(Buffer.concat([Buffer.from(withHeader ? GOOD : ""), Buffer.from(rest)]));

        expect(fault === null).toBe(dates.length > 0);
      }),
      { numRuns: 150 },
    );
  });

  test("a file that is not there is nobody's bad data", async () => {
    await expect(readOrders(duckdb, join(folder.path, "missing.csv"))).rejects.toThrow("No files found");
  });
});

describe("what is written", () => {
  test("the same orders give the same bytes", async () => {
    const csv = join(folder.path, "day.csv");
    await writeFile(csv, realOrders("1997-01-29"));
    const write = (name: string): Promise<Buffer> =>
      withDuckDB(new AbortController().signal, async (own) => {
        await readOrders(own, csv);
        await writeDay(own, "1997-01-29", join(folder.path, name));
        return readFile(join(folder.path, name));
      });

    expect(await write("one.parquet")).toEqual(await write("two.parquet"));
  });

  test("facts are read back from all files together", async () => {
    const paths = ["1997-01-01", "1997-01-02"].map((day) => join(folder.path, `${day}.parquet`));
    await read(ordersCsv("1,19970101,3,5.00", "2,19970102,2,0.50"));
    await writeDay(duckdb, "1997-01-01", paths[0] ?? "");
    await writeDay(duckdb, "1997-01-02", paths[1] ?? "");

    expect(await inspectOrders(duckdb, paths)).toEqual({
      schema: "customer_id VARCHAR, order_date DATE, cds INTEGER, cents BIGINT",
      orders: 2,
      first: "1997-01-01",
      last: "1997-01-02",
      fewestCds: 2,
      lowestCents: 50,
      cents: 550,
    });
  });
});
