import { describe, expect, test } from "vitest";
import { aManifest, aSchedule } from "../../test/builders/index.ts";
import { iso } from "../../shared/core/time.ts";
import { intervalOf, type Covers } from "./covers.ts";

/** The interval as `start/end`, or the message of the refusal. */
function covered(covers: Covers, schedule: Parameters<typeof aSchedule>[0] | null = {}): string | undefined {
  const spec = schedule === null ? null : aSchedule(schedule);
  const manifest = aManifest({ schedule: spec, timezone: spec?.timezone ?? "UTC" });
  try {
    const interval = intervalOf(manifest, covers);
    return interval === undefined ? undefined : `${iso(interval.start)}/${iso(interval.end)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("--date", () => {
  test("is the local day, 23 hours long where clocks go forward", () => {
    expect(covered({ date: "2026-03-08" }, { timezone: "America/New_York" })).toBe(
      "2026-03-08T05:00:00Z/2026-03-09T04:00:00Z",
    );
  });

  test("is the week, from Monday, that it lies in", () => {
    const weekly = { interval: "week" } as const;
    expect(["2026-03-02", "2026-03-04", "2026-03-08"].map((date) => covered({ date }, weekly))).toEqual(
      Array.from({ length: 3 }, () => "2026-03-02T00:00:00Z/2026-03-09T00:00:00Z"),
    );
  });

  test("is the month that it lies in, of December too", () => {
    expect(covered({ date: "2026-12-31" }, { interval: "month" })).toBe("2026-12-01T00:00:00Z/2027-01-01T00:00:00Z");
  });

  test("that does not exist is refused, with the last day that does", () => {
    expect(covered({ date: "2026-02-30" })).toBe(
      "--date is '2026-02-30', a day that does not exist; the last of that month is 2026-02-28",
    );
  });

  test.each(["yesterday", "2026-2-3", "2026-13-01", "03/01/2026", ""])("%j is refused, with the form", (date) => {
    expect(covered({ date })).toBe(`--date is '${date}'; expected a date as YYYY-MM-DD, such as 2026-03-01`);
  });

  test("names no interval of a DAG without a schedule", () => {
    expect(covered({ date: "2026-03-01" }, null)).toContain("has no schedule");
  });

  test.each([
    ["hour", "covers an hour"],
    ["cron", "covers from one firing of '0 4 * * *' (UTC) to the next"],
    ["none", "covers an instant"],
  ] as const)("is not what a run by a schedule of %s covers", (interval, text) => {
    expect(covered({ date: "2026-03-01" }, { interval })).toContain(text);
  });
});

describe("--interval", () => {
  test("of dates goes from the start of one local day to the start of another", () => {
    expect(covered({ interval: "2026-03-01/2026-03-08" }, { timezone: "Europe/London" })).toBe(
      "2026-03-01T00:00:00Z/2026-03-08T00:00:00Z",
    );
  });

  test("takes instants in any zone", () => {
    expect(covered({ interval: "2026-03-01T04:00:00+01:00/2026-03-01T05:30Z" })).toBe(
      "2026-03-01T03:00:00Z/2026-03-01T05:30:00Z",
    );
  });

  test.each([
    ["2026-03-02/2026-03-01", "not after its start 2026-03-02T00:00:00Z"],
    ["2026-03-01/2026-03-01", "not after its start"],
    ["2026-03-01", "expected START/END"],
    ["2026-03-01/2026-03-02/2026-03-03", "expected START/END"],
    ["2026-03-01T04:00:00/2026-03-02", "has no time zone (add Z, or +01:00)"],
    ["today/2026-03-02", "'today' is no instant"],
    ["2026-02-30/2026-03-02", "a day that does not exist"],
  ])("%s is refused", (interval, text) => {
    expect(covered({ interval })).toContain(text);
  });

  test("does not go with --date", () => {
    expect(covered({ date: "2026-03-01", interval: "2026-03-01/2026-03-02" })).toContain("give one of them");
  });
});

test("nothing said is nothing covered: the schedule decides", () => {
  expect(covered({})).toBeUndefined();
});
