import { describe, expect, test } from "vitest";
import type { Period } from "./manifest.ts";
import { instant, iso, parseInstant, type Instant } from "./time.ts";
import { isTimezone, lastPeriod, localDate, offsetAt, startOfDate } from "./zone.ts";

const at = (text: string): Instant => parseInstant(text) ?? instant(NaN);
const covered = (period: Period, timezone: string, due: string): string => {
  const { start, end } = lastPeriod(period, timezone, at(due));
  return `${iso(start)} - ${iso(end)}`;
};

test("a zone's offset is what its clocks are ahead of UTC", () => {
  const hours = (timezone: string, then: string): number => offsetAt(timezone, at(then)) / 3_600_000;

  expect(hours("America/New_York", "2026-01-01T00:00:00Z")).toBe(-5);
  expect(hours("America/St_Johns", "2026-07-01T00:00:00Z")).toBe(-2.5);
  expect(hours("Asia/Kathmandu", "2026-07-01T00:00:00Z")).toBe(5.75);
  expect(hours("Pacific/Apia", "2011-12-30T09:59:59.999Z")).toBe(-10);
  expect(hours("Pacific/Apia", "2011-12-30T10:00:00Z")).toBe(14);
});

describe("a local date begins", () => {
  test.each([
    ["America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"],
    ["America/New_York", "2026-03-09", "2026-03-09T04:00:00Z"],
    ["Europe/London", "2026-06-01", "2026-05-31T23:00:00Z"],
    ["Pacific/Kiritimati", "2026-06-01", "2026-05-31T10:00:00Z"],
    ["Pacific/Pago_Pago", "2026-06-01", "2026-06-01T11:00:00Z"],
  ])("in %s on %s at %s", (timezone, date, start) => {
    expect(iso(startOfDate(timezone, date))).toBe(start);
  });

  test("when the clock skips midnight, where it does", () => {
    expect(iso(startOfDate("Africa/Cairo", "2026-04-24"))).toBe("2026-04-23T22:00:00Z");
    expect(localDate("Africa/Cairo", at("2026-04-23T21:59:59Z"))).toBe("2026-04-23");
    expect(localDate("Africa/Cairo", at("2026-04-23T22:00:00Z"))).toBe("2026-04-24");
  });

  test("the first time, where the clock shows midnight twice", () => {
    expect(iso(startOfDate("America/Havana", "2026-11-01"))).toBe("2026-11-01T04:00:00Z");
  });

  test("after the hour that is repeated, where the clock goes back at midnight", () => {
    expect(iso(startOfDate("America/Sao_Paulo", "2018-02-18"))).toBe("2018-02-18T03:00:00Z");
  });

  test("together with the next one, if the zone skipped it", () => {
    expect(iso(startOfDate("Pacific/Apia", "2011-12-30"))).toBe("2011-12-30T10:00:00Z");
    expect(iso(startOfDate("Pacific/Apia", "2011-12-31"))).toBe("2011-12-30T10:00:00Z");
  });
});

describe("the last whole period is", () => {
  test.each<[Period, string, string, string]>([
    ["hour", "UTC", "2026-03-02T12:00:00Z", "2026-03-02T11:00:00Z - 2026-03-02T12:00:00Z"],
    ["hour", "UTC", "2026-03-02T12:59:59.999Z", "2026-03-02T11:00:00Z - 2026-03-02T12:00:00Z"],
    ["hour", "America/St_Johns", "2026-03-02T12:45:00Z", "2026-03-02T11:30:00Z - 2026-03-02T12:30:00Z"],
    ["hour", "America/New_York", "2026-03-08T07:15:00Z", "2026-03-08T06:00:00Z - 2026-03-08T07:00:00Z"],
    ["hour", "America/New_York", "2026-11-01T06:15:00Z", "2026-11-01T05:00:00Z - 2026-11-01T06:00:00Z"],
    ["day", "UTC", "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z - 2026-03-02T00:00:00Z"],
    ["day", "America/New_York", "2026-03-09T08:00:00Z", "2026-03-08T05:00:00Z - 2026-03-09T04:00:00Z"],
    ["day", "Europe/London", "2026-10-26T04:00:00Z", "2026-10-24T23:00:00Z - 2026-10-26T00:00:00Z"],
    ["week", "Europe/London", "2026-03-30T03:00:00Z", "2026-03-23T00:00:00Z - 2026-03-29T23:00:00Z"],
    ["week", "UTC", "2026-03-01T23:59:59Z", "2026-02-16T00:00:00Z - 2026-02-23T00:00:00Z"],
    ["month", "America/New_York", "2026-12-01T12:00:00Z", "2026-11-01T04:00:00Z - 2026-12-01T05:00:00Z"],
    ["month", "UTC", "2026-01-15T00:00:00Z", "2025-12-01T00:00:00Z - 2026-01-01T00:00:00Z"],
  ])("the %s in %s at %s: %s", (period, timezone, due, expected) => {
    expect(covered(period, timezone, due)).toBe(expected);
  });

  test("an hour of ninety minutes where the clock goes back by half an hour", () => {
    expect(covered("hour", "Australia/Lord_Howe", "2026-04-04T15:40:00Z")).toBe(
      "2026-04-04T14:00:00Z - 2026-04-04T15:30:00Z",
    );
  });

  test("an hour of ninety minutes where the clock skips half an hour, and with it a full hour", () => {
    expect(covered("hour", "Australia/Lord_Howe", "2026-10-03T16:00:00Z")).toBe(
      "2026-10-03T14:30:00Z - 2026-10-03T16:00:00Z",
    );
  });

  test("the day before the one that the zone skipped", () => {
    expect(covered("day", "Pacific/Apia", "2011-12-30T14:00:00Z")).toBe("2011-12-29T10:00:00Z - 2011-12-30T10:00:00Z");
  });
});

test("names of time zones are those of the IANA database", () => {
  expect(["UTC", "Europe/London", "Pacific/Apia"].map(isTimezone)).toEqual([true, true, true]);
  expect(["Europe/Londn", "", "Mars/Olympus"].map(isTimezone)).toEqual([false, false, false]);
});
