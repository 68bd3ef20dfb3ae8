import { describe, expect, test } from "vitest";
import { NOON } from "../../../../test/builders/index.ts";
import { CAUSE_TEXTS_LENGTH_MAX, packDetails, unpackDetails, type DetailTables } from "./detail-codec.ts";
import { runId } from "../../ids.ts";
import { packedReader, packedWriter } from "./packed.ts";
import type { TaskDetail } from "../../run.ts";
import { plus } from "../../time.ts";

type Details = readonly (TaskDetail | undefined)[];

function pack(details: Details): { readonly tables: DetailTables; readonly bytes: Uint8Array } {
  const writer = packedWriter();
  const tables = packDetails(details, NOON, writer);
  return { tables, bytes: writer.bytes() };
}
const unpack = ({ tables, bytes }: ReturnType<typeof pack>, slots: number): Details =>
  unpackDetails(tables, slots, NOON, packedReader(bytes, 0));
const back = (details: Details): Details => unpack(pack(details), details.length);

const SINCE: TaskDetail = { since: plus(NOON, 5) };
const RULE = { code: "rule", text: "all_success: 'a' failed" } as const;
const ERROR = { code: "error", text: "no disk", class: "transient", name: "Error" } as const;
const FULL: TaskDetail = {
  since: plus(NOON, -1),
  due: plus(NOON, 2),
  queuedAt: plus(NOON, 3),
  firstFailureAt: plus(NOON, 4),
  lease: plus(NOON, 5),
  sends: 1,
  losses: 2,
  triesBefore: 3,
  length: 4,
  taken: 5,
  cause: ERROR,
  target: { to: "retry", class: "lost", text: "gone" },
  reason: "lost",
  chosen: ["a", "b"],
  unmappable: ["load: no list"],
  child: runId("load.run-1"),
};

describe("what is known of a task is the same after it has been stored,", () => {
  test.each(Object.keys(FULL).filter((name) => name !== "since"))("its %s", (name) => {
    const detail = { since: NOON, [name]: FULL[name as keyof TaskDetail] } as TaskDetail;

    expect(back([undefined, detail, undefined])).toStrictEqual([undefined, detail, undefined]);
  });

  test("all of it, and nothing of a task of which nothing is known", () => {
    expect(back([FULL, undefined, SINCE])).toStrictEqual([FULL, undefined, SINCE]);
    expect([back([undefined, undefined]), back([])]).toEqual([[undefined, undefined], []]);
  });

  test("whatever it has in common with the one before", () => {
    const details: Details = [
      FULL,
      { ...FULL, due: plus(NOON, 9) },
      { ...FULL, cause: RULE, target: { to: "failed", cause: RULE } },
      { ...FULL, cause: { ...ERROR }, chosen: ["a"] },
      { ...FULL, chosen: [] },
      { since: FULL.since, due: plus(NOON, 9) },
      { since: FULL.since },
      SINCE,
    ];

    expect(back(details)).toStrictEqual(details);
  });

  test("however many share it, and with whom", () => {
    const details: Details = [SINCE, SINCE, undefined, SINCE, FULL, FULL, FULL, SINCE];
    const read = back(details);

    expect(read).toStrictEqual(details);
    expect([read[0] === read[1], read[4] === read[6], read[0] === read[7]]).toEqual([true, true, false]);
  });

  test("which two that say the same but are two stay", () => {
    const read = back([SINCE, { ...SINCE }]);

    expect([read[0] === read[1], read]).toEqual([false, [SINCE, SINCE]]);
  });
});

test("rows of one shape are told once, and what they have in common is not told again", () => {
  const waiting = Array.from({ length: 100 }, (_, n): TaskDetail => ({ ...FULL, due: plus(NOON, n) }));

  expect(back(waiting)).toStrictEqual(waiting);
  expect(pack(waiting).bytes.length).toBeLessThan(250);
  expect(pack(waiting.map((detail) => structuredClone(detail))).bytes).toEqual(pack(waiting).bytes);
  expect(pack(waiting).tables).toEqual({
    texts: ["no disk"],
    causes: [{ code: "error", class: "transient", name: "Error" }],
    targets: [FULL.target],
    reasons: ["lost"],
    names: ["a", "b", "load: no list", "load.run-1"],
  });
});

test("it is packed as it has been, so that what was stored before can still be read", () => {
  const { bytes } = pack([undefined, FULL, FULL, { ...FULL, sends: 6 }, SINCE]);

  expect(bytes.join(" ")).toBe(
    "3 0 1 2 255 255 3 0 1 1 4 6 8 10 1 2 3 4 5 0 0 0 0 2 0 1 1 2 3 1 0 1 255 255 3 223 255 3 1 6 2 0 1 1 0 1 12",
  );
});

describe("texts of causes", () => {
  const withTexts = (count: number, length: number): Details =>
    Array.from({ length: count }, (_, n) => ({
      since: NOON,
      cause: { code: "rule", text: String(n).padEnd(length, "x") } as const,
    }));
  const lengths = (details: Details) => pack(details).tables.texts.map((text) => text.length);

  test("are whole while all of them have room together, and each within its share otherwise", () => {
    const part = CAUSE_TEXTS_LENGTH_MAX / 4;

    expect(lengths(withTexts(4, part))).toEqual([part, part, part, part]);
    expect(lengths(withTexts(5, part))).toEqual(Array.from({ length: 5 }, () => CAUSE_TEXTS_LENGTH_MAX / 5));
  });
});

describe("what cannot be what was stored is refused:", () => {
  const read = (numbers: readonly number[], slots: number, tables: Partial<DetailTables> = {}) => {
    const writer = packedWriter();
    for (const number of numbers) writer.count(number);
    const all = { texts: [], causes: [], targets: [], reasons: [], names: [], ...tables };
    return () => unpackDetails(all, slots, NOON, packedReader(writer.bytes(), 0));
  };

  test("a shape that was not told", () => {
    expect(read([1, 1], 1)).toThrow(new RangeError("packed details point to shape 1 of 0"));
  });

  test("a gap, or tasks, beyond the last", () => {
    expect(read([1, 0, 3, 1, 1, 0, 1, 0], 2)).toThrow(new RangeError("packed details reach to slot 3 of 2"));
    expect(read([1, 0, 0, 2, 1, 0, 1, 0], 1)).toThrow(new RangeError("packed details reach to slot 2 of 1"));
  });

  test("an entry that its table has not", () => {
    expect(read([1, 0, 0, 1, 1024, 0, 1, 0], 1)).toThrow(new RangeError("packed details point to entry 0 of 0"));
  });
});
