import { describe, expect, test } from "vitest";
import { DST_DEFAULT, endOfMoment, readMoment, type Moment } from "./moment.ts";
import type { DstPolicy } from "../manifest.ts";
import { iso } from "../time.ts";

const NEW_YORK = "America/New_York";

const read = (text: string, timezone = NEW_YORK, dst: Partial<DstPolicy> = {}): Moment => {
  const moment = readMoment(text, timezone, { ...DST_DEFAULT, ...dst });
  if ("fault" in moment) throw new Error(moment.fault);
  return moment;
};

describe("a moment", () => {
  test.each([
    ["2026-03-01", "date", "2026-03-01T05:00:00Z"],
    ["2026-03-01T04:00", "time", "2026-03-01T09:00:00Z"],
    ["2026-03-01T23:59:58", "time", "2026-03-02T04:59:58Z"],
    ["2026-07-01T00:05", "time", "2026-07-01T04:05:00Z"],
    ["2026-03-01T04:00:00Z", "time", "2026-03-01T04:00:00Z"],
    ["2026-03-01T04:00+02:00", "time", "2026-03-01T02:00:00Z"],
  ])("'%s' in New York is a %s: %s", (text, precision, at) => {
    const moment = read(text);

    expect([moment.precision, moment.at.map(iso), moment.skipped]).toEqual([precision, [at], false]);
  });

  test.each([
    ["shift", ["2026-03-08T07:30:00Z"]],
    ["skip", []],
  ] as const)("that clocks skip: %s", (gap, at) => {
    const moment = read("2026-03-08T02:30", NEW_YORK, { gap });

    expect([moment.at.map(iso), moment.skipped, moment.precision]).toEqual([at, true, "time"]);
  });

  test.each([
    ["first", ["2026-11-01T05:30:00Z"]],
    ["second", ["2026-11-01T06:30:00Z"]],
    ["both", ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"]],
  ] as const)("that clocks show twice: %s", (fold, at) => {
    expect(read("2026-11-01T01:30", NEW_YORK, { fold }).at.map(iso)).toEqual(at);
  });

  test.each(["first", "second", "both"] as const)("that clocks show once is that one: %s", (fold) => {
    expect(read("2026-11-01T04:00", NEW_YORK, { fold }).at.map(iso)).toEqual(["2026-11-01T09:00:00Z"]);
  });

  test("is shifted, and the first of two, where nothing else is said", () => {
    expect(DST_DEFAULT).toEqual({ gap: "shift", fold: "first" });
  });
});

describe("what is no moment", () => {
  const fault = (text: string): unknown => readMoment(text, "UTC", DST_DEFAULT);

  test.each([
    "yesterday",
    "",
    "2026-13-01",
    "2026-00-31",
    "2026-3-1",
    "x2026-03-01",
    "2026-03-01 04:00",
    "2026-03-01T24:00",
    "2026-03-01T04:60",
    "2026-03-01T04:00:60",
    "2026-03-01T04:00:00x",
    "2026-03-01T4:00",
    "2026-03-01T",
    "2026-03-01 2026-03-01T04:00",
  ])("'%s' is told what was expected", (text) => {
    expect(fault(text)).toEqual({
      fault:
        'expected a date, a local time or an instant, such as "2026-03-01", "2026-03-01T04:00" or "2026-03-01T04:00:00Z"',
    });
  });

  test.each([
    ["2026-02-29", "2026-02-28"],
    ["2024-02-30", "2024-02-29"],
    ["2026-04-31T04:00", "2026-04-30"],
    ["2026-12-32", "2026-12-31"],
  ])("'%s' is told the last day of its month: %s", (text, last) => {
    expect(fault(text)).toEqual({ fault: `a day that does not exist; the last of that month is ${last}` });
  });
});

describe("what a moment names ends", () => {
  const end = (text: string): string | undefined => {
    const at = endOfMoment(text, read(text), NEW_YORK);
    return at && iso(at);
  };

  test("of a date, as the next day starts, also of one that is an hour shorter", () => {
    expect([end("2026-03-07"), end("2026-03-08"), end("2026-12-31")]).toEqual([
      "2026-03-08T05:00:00Z",
      "2026-03-09T04:00:00Z",
      "2027-01-01T05:00:00Z",
    ]);
  });

  test("of a time, at once", () => {
    expect(end("2026-03-07T12:00")).toBe("2026-03-07T17:00:00Z");
  });

  test("of one that is left out, never", () => {
    const text = "2026-03-08T02:30";

    expect(endOfMoment(text, read(text, NEW_YORK, { gap: "skip" }), NEW_YORK)).toBeUndefined();
  });
});
