import { describe, expect, test } from "vitest";
import { durationText, earliest, instant, iso, parseDate, parseDuration, parseInstant } from "./time.ts";

describe("an instant in ISO 8601", () => {
  test.each([
    ["2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"],
    ["2026-03-02T12:00Z", "2026-03-02T12:00:00Z"],
    ["2026-03-02T12:00:00.5Z", "2026-03-02T12:00:00.500Z"],
    ["2026-03-02T12:00:00+05:45", "2026-03-02T06:15:00Z"],
    ["2026-03-02T12:00:00.123Z", "2026-03-02T12:00:00.123Z"],
    ["2024-02-29T00:00:00-08:00", "2024-02-29T08:00:00Z"],
  ])("%s is %s", (text, expected) => {
    expect(iso(parseInstant(text) ?? instant(NaN))).toBe(expected);
  });

  test.each([
    "2026-02-30T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-03-02T25:00:00Z",
    "2026-03-02T12:60:00Z",
    "2026-03-02T12:00:00",
    "2026-03-02 12:00:00Z",
    "2026-03-02",
    "2026-03-02T12:00:00+99:99",
    "2026-03-02T12:00:00.1234Z",
    "2026-03-02T12:00:00.Z",
    "2026-03-02T12:00:00Z (noon)",
    "yesterday",
    "",
  ])("'%s' is none", (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});

describe("a date", () => {
  test("is a day of the calendar", () => {
    expect(parseDate("2024-02-29")).toEqual({ year: 2024, month: 2, day: 29 });
  });

  test.each([
    "2026-02-29",
    "2026-02-30",
    "2026-00-10",
    "2026-1-1",
    "26-01-01",
    "0026-01-01",
    "12026-01-01",
    "2026-13-01",
    "2026-01-32",
    "2026-01-01T00:00:00Z",
    "",
  ])("'%s' is none", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });
});

describe("a duration", () => {
  test.each([
    ["10m", 600_000],
    ["500ms", 500],
    ["1h30m", 5_400_000],
    ["2d", 172_800_000],
    ["1.5s", 1_500],
    ["1.25s", 1_250],
    ["1.5ms", 2],
    ["1m500ms", 60_500],
    ["0s", 0],
  ])("'%s' has %s ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["10", "m", "-1m", "1 m", "1w", "1h 30m", "10M", "1e3s", "", "36501d", "99999999999999d"])(
    "'%s' is none",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test.each([
    [0, "0ms"],
    [120, "120ms"],
    [999.6, "1s"],
    [2_500, "2.5s"],
    [9_949, "9.9s"],
    [9_950, "10s"],
    [45_400, "45s"],
    [59_499, "59s"],
    [59_500, "1m"],
    [60_000, "1m"],
    [90_000, "1m 30s"],
    [3_599_900, "1h"],
    [5_400_000, "1h 30m"],
    [90_061_000, "1d 1h"],
    [86_405_000, "1d 5s"],
  ])("of %s ms is written %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

test("the earliest of some times, of which some may be missing", () => {
  expect(earliest(undefined, instant(3), instant(2), undefined, instant(4))).toBe(2);
  expect(earliest(undefined)).toBeUndefined();
  expect(earliest()).toBeUndefined();
});

test("milliseconds are shown only where there are any", () => {
  expect([iso(instant(0)), iso(instant(1))]).toEqual(["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.001Z"]);
});
