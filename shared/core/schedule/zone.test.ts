import { describe, expect, test } from "vitest";
import type { Period } from "../manifest.ts";
import { instant, iso, parseInstant, type Instant } from "../time.ts";
import {
  changeBefore,
  firstInstant,
  isTimezone,
  lastPeriod,
  localDate,
  localIso,
  offsetAt,
  showingOf,
  startOfDate,
  type WallTime,
} from "./zone.ts";

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

  test("when the clock skips it, where the skip begins before midnight", () => {
    expect(iso(startOfDate("America/Toronto", "1919-03-31"))).toBe("1919-03-31T04:30:00Z");
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
    ["week", "UTC", "2026-03-02T00:00:00Z", "2026-02-23T00:00:00Z - 2026-03-02T00:00:00Z"],
    ["week", "UTC", "1969-12-25T00:00:00Z", "1969-12-15T00:00:00Z - 1969-12-22T00:00:00Z"],
    ["month", "UTC", "2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z - 2026-03-01T00:00:00Z"],
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

describe("an instant as a local clock shows it", () => {
  test.each([
    ["America/New_York", "2026-03-08T07:30:00Z", "2026-03-08T03:30:00-04:00"],
    ["Asia/Kathmandu", "2026-03-08T07:30:00.250Z", "2026-03-08T13:15:00.250+05:45"],
    ["America/St_Johns", "2026-07-01T02:29:59Z", "2026-06-30T23:59:59-02:30"],
    ["UTC", "2026-03-08T07:30:00Z", "2026-03-08T07:30:00+00:00"],
    ["Pacific/Kiritimati", "2026-12-31T10:00:00Z", "2027-01-01T00:00:00+14:00"],
  ])("in %s at %s: %s", (timezone, then, shown) => {
    expect(localIso(timezone, at(then))).toBe(shown);
  });
});

describe("a reading of a clock in New York is shown", () => {
  const showing = (reading: string): readonly string[] => {
    const { at: times, unchanged } = showingOf("America/New_York", Date.parse(`${reading}Z`) as WallTime);
    return [times.map(iso).join(" and "), iso(unchanged)];
  };

  test.each([
    ["once", "2026-03-02T12:00", "2026-03-02T17:00:00Z", "2026-03-02T17:00:00Z"],
    [
      "once, just before the clock skips",
      "2026-03-08T01:59:59.999",
      "2026-03-08T06:59:59.999Z",
      "2026-03-08T06:59:59.999Z",
    ],
    ["never, where the clock skips it", "2026-03-08T02:00", "", "2026-03-08T07:00:00Z"],
    ["once, right after the skip", "2026-03-08T03:00", "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"],
    [
      "twice, where the clock is put back",
      "2026-11-01T01:00",
      "2026-11-01T05:00:00Z and 2026-11-01T06:00:00Z",
      "2026-11-01T05:00:00Z",
    ],
    ["once, after it was put back", "2026-11-01T02:00", "2026-11-01T07:00:00Z", "2026-11-01T06:00:00Z"],
  ])("%s: %s", (_, reading, times, unchanged) => {
    expect(showing(reading)).toEqual([times, unchanged]);
  });
});

describe("the change of a clock within a day before", () => {
  const change = (until: string): unknown => {
    const found = changeBefore("America/New_York", at(until));
    return found && [iso(found.at), found.from / 3_600_000, found.to / 3_600_000];
  };

  test.each([
    ["2026-03-08T06:59:59.999Z", undefined],
    ["2026-03-08T07:00:00Z", ["2026-03-08T07:00:00Z", -5, -4]],
    ["2026-03-09T06:59:59.999Z", ["2026-03-08T07:00:00Z", -5, -4]],
    ["2026-03-09T07:00:00Z", undefined],
    ["2026-11-01T12:00:00Z", ["2026-11-01T06:00:00Z", -4, -5]],
  ])("%s is %j", (until, expected) => {
    expect(change(until)).toEqual(expected);
  });
});

test("the first instant of which something holds is found to the millisecond; the last looked at if there is none", () => {
  const first = (low: number, high: number, from: number): number =>
    firstInstant(instant(low), instant(high), (then) => then >= from);

  expect([first(0, 1_000, 333), first(0, 1_000, 1), first(0, 1_000, 1_000), first(0, 1_000, 2_000)]).toEqual([
    333, 1, 1_000, 1_000,
  ]);
});
