import { describe, expect, test } from "vitest";
import type { Manifest } from "../../core/manifest.ts";
import { compileModule } from "../compile.ts";
import { dag, every, task, type DagOptions } from "../index.ts";

const HOUR_MS = 3_600_000;
const load = task("load", { run: () => {} });

/** As somebody may write them who does not heed the types. */
const compiled = (deadlines: unknown, options: Partial<DagOptions<undefined>> = {}) => {
  const given = { schedule: every.day({ at: "04:00" }), ...options, tasks: [load], deadlines };
  const exports = { orders: dag("orders", given as DagOptions<undefined>) };
  return compileModule({ file: "orders.dag.ts", exports });
};
const specsOf = (deadlines: unknown, options?: Partial<DagOptions<undefined>>): Manifest["deadlines"] =>
  compiled(deadlines, options).manifests[0]?.deadlines ?? [];
const problemsOf = (deadlines: unknown, options?: Partial<DagOptions<undefined>>): readonly string[] =>
  compiled(deadlines, options).problems.map(
    ({ code, level, message, help }) =>
      `${level === "warning" ? "warning " : ""}${code} ${message}${help === undefined ? "" : ` (${help})`}`,
  );

describe("the deadlines of a DAG", () => {
  test("are none unless it has some", () => {
    expect(specsOf(undefined)).toEqual([]);
  });

  test("count from when a run is due, and are called what they say", () => {
    expect(specsOf([{ within: "2h" }])).toEqual([{ name: "2h after it is due", from: "due", withinMs: 2 * HOUR_MS }]);
  });

  test("are a time of day on the clock of the DAG", () => {
    expect(specsOf([{ by: "07:00" }], { timezone: "Europe/London" })).toEqual([
      { name: "by 07:00", by: 420, timezone: "Europe/London" },
    ]);
  });

  test("are called after their clock, where it is one of their own", () => {
    expect(specsOf([{ by: "07:00" }, { by: "07:00", timezone: "Asia/Tokyo" }]).map(({ name }) => name)).toEqual([
      "by 07:00",
      "by 07:00 (Asia/Tokyo)",
    ]);
  });

  test("have a name and a clock of their own", () => {
    expect(specsOf([{ name: "board", by: "07:30", timezone: "Asia/Tokyo" }])).toEqual([
      { name: "board", by: 450, timezone: "Asia/Tokyo" },
    ]);
  });

  test("count from the logical date if they are long enough", () => {
    expect([
      specsOf([{ from: "logicalDate", within: "29h1m" }]).length,
      problemsOf([{ from: "logicalDate", within: "30h" }]),
    ]).toEqual([1, []]);
  });
});

describe("what is wrong with a deadline is told", () => {
  test.for([
    [
      "a negative time",
      [{ within: "-2h" }],
      "DAG027 dag 'orders': deadlines[0].within is \"-2h\" (text): the run would be late before it could begin",
    ],
    [
      "no time at all",
      [{ within: "0s" }],
      'DAG006 dag \'orders\': deadlines[0].within is "0s" (text), which is no time at all, expected a duration such as "30s", "10m" or "1h30m"',
    ],
    [
      "an unknown reference",
      [{ from: "logical_date", within: "30h" }],
      'DAG005 dag \'orders\': deadlines[0].from is "logical_date" (text), expected one of "due", "logicalDate", "queued"; did you mean \'logicalDate\'?',
    ],
    [
      "an unknown option",
      [{ after: "2h", within: "2h" }],
      "DAG004 dag 'orders': there is no option 'deadlines[0].after' (the options here are name, from, within, by, timezone)",
    ],
    [
      "neither of two",
      [{ from: "due" }],
      "DAG027 dag 'orders': deadlines[0] has neither of `within` and `by`; it takes one of them",
    ],
    [
      "both of two",
      [{ within: "2h", by: "07:00" }],
      "DAG027 dag 'orders': deadlines[0] has both of `within` and `by`; it takes one of them",
    ],
    [
      "no time of day",
      [{ by: "7am" }],
      'DAG027 dag \'orders\': deadlines[0].by is "7am" (text), expected a time such as "07:00"',
    ],
    [
      "an unknown zone",
      [{ by: "07:00", timezone: "Europe/Londn" }],
      'DAG008 dag \'orders\': deadlines[0].timezone is "Europe/Londn" (text), expected an IANA name such as "Europe/London" or "UTC"; did you mean \'Europe/London\'?',
    ],
    [
      "a zone that nothing reads",
      [{ within: "2h", timezone: "UTC" }],
      "DAG027 dag 'orders': deadlines[0].timezone goes with `by`, not with `within`",
    ],
    [
      "a reference that nothing reads",
      [{ by: "07:00", from: "due" }],
      "DAG027 dag 'orders': deadlines[0].from goes with `within`, not with `by`",
    ],
    [
      "a name of two lines",
      [{ name: "a\nb", within: "2h" }],
      "DAG027 dag 'orders': deadlines[0].name is \"a\\nb\" (text), expected a line of text of up to 60 letters",
    ],
    [
      "two of one name",
      [{ within: "2h" }, { within: "120m" }],
      "DAG002 dag 'orders': two of its deadlines have the name '2h after it is due'",
    ],
    [
      "no list",
      { within: "2h" },
      "DAG005 dag 'orders': deadlines is an object, expected a list such as [{ within: \"2h\" }] (write `deadlines: [{ ... }]`)",
    ],
    [
      "no deadline",
      ["2h"],
      'DAG005 dag \'orders\': deadlines[0] is "2h" (text), expected an object such as { within: "2h" } or { by: "07:00" }',
    ],
    [
      "too many",
      ["1h", "2h", "3h", "4h", "5h", "6h"].map((within) => ({ within })),
      "DAG027 dag 'orders': it has 6 deadlines; at most 5 are allowed",
    ],
  ] as const)("%s", ([, given, message]) => {
    expect(problemsOf(given)).toEqual([message]);
  });

  test("one that every run has missed before it is due", () => {
    expect(problemsOf([{ from: "logicalDate", within: "2h" }])).toEqual([
      "DAG027 dag 'orders': deadlines[0].within is 2h, but the run of 2025-12-31 is due 1d 4h after its logical date: it would have missed it by then (make it longer, or count from the time at which it is due: `from: \"due\"`)",
    ]);
  });

  test("one that some runs have missed before they are due: of a day with 25 hours", () => {
    const options = { schedule: every.day(), timezone: "Europe/London" };

    expect(problemsOf([{ from: "logicalDate", within: "24h30m" }], options)).toEqual([
      expect.stringContaining("the run of 2026-10-25 is due 1d 1h after its logical date") as string,
    ]);
  });

  test("one that few runs have, as a warning", () => {
    expect(problemsOf([{ from: "logicalDate", within: "2h" }], { schedule: null })).toEqual([
      "warning DAG027 dag 'orders': deadlines[0]: without a schedule, only runs that are started with an interval have a logical date (count from \"due\", which every run has)",
    ]);
  });

  test("a time of day that clocks skip, as a warning", () => {
    expect(problemsOf([{ by: "01:30" }], { timezone: "Europe/London" })).toEqual([
      "warning DAG019 dag 'orders': deadlines[0].by: clocks in Europe/London skip 01:30 on some days, such as 2026-03-29; it is 2026-03-29T02:30:00+01:00 then",
    ]);
  });
});
