import { describe, expect, test } from "vitest";
import { aSchedule } from "../../../test/builders/index.ts";
import { MISSED_BEFORE_MS_MAX, deadlinesOf, type DeadlineFacts } from "./deadline.ts";
import type { DeadlineSpec } from "../manifest.ts";
import { instant, iso, parseInstant, plus } from "../time.ts";

const HOUR_MS = 3_600_000;
const at = (text: string) => parseInstant(text) ?? instant(Number.NaN);

/** The run of 1 March, due at 04:00 the next morning, and queued then. */
const facts = (overrides: Partial<DeadlineFacts> = {}): DeadlineFacts => ({
  runType: "scheduled",
  logicalDate: at("2026-03-01T00:00:00Z"),
  dueAt: at("2026-03-02T04:00:00Z"),
  queuedAt: at("2026-03-02T04:00:00Z"),
  ...overrides,
});
const within = (from: "due" | "logicalDate" | "queued", hours: number): DeadlineSpec => ({
  name: from,
  from,
  withinMs: hours * HOUR_MS,
});
const by = (hour: number, minute = 0, timezone = "UTC"): DeadlineSpec => ({
  name: "by",
  by: hour * 60 + minute,
  timezone,
});
const timesOf = (deadlines: readonly DeadlineSpec[], of = facts(), schedule = aSchedule()): readonly string[] =>
  deadlinesOf({ deadlines, schedule }, of).map((deadline) => iso(deadline.at));

describe("deadlines of a run", () => {
  test("count from when it was due, however late it was queued", () => {
    expect(timesOf([within("due", 2)], facts({ queuedAt: at("2026-03-02T05:30:00Z") }))).toEqual([
      "2026-03-02T06:00:00Z",
    ]);
  });

  test("count from its logical date", () => {
    expect(timesOf([within("logicalDate", 30)])).toEqual(["2026-03-02T06:00:00Z"]);
  });

  test("count from its logical date only where it has one", () => {
    expect(timesOf([within("logicalDate", 30), within("due", 1)], facts({ logicalDate: null }))).toEqual([
      "2026-03-02T05:00:00Z",
    ]);
  });

  test("count from when it was queued", () => {
    expect(timesOf([within("queued", 2)], facts({ queuedAt: at("2026-03-02T05:30:00Z") }))).toEqual([
      "2026-03-02T07:30:00Z",
    ]);
  });

  test("are a time of day, the next one after it was due", () => {
    expect([timesOf([by(7)]), timesOf([by(3, 59)]), timesOf([by(4)])].flat()).toEqual([
      "2026-03-02T07:00:00Z",
      "2026-03-03T03:59:00Z",
      "2026-03-03T04:00:00Z",
    ]);
  });

  test("are a time of day on a clock of their own", () => {
    expect(timesOf([by(7, 0, "America/New_York")])).toEqual(["2026-03-02T12:00:00Z"]);
  });

  test("are as much later as clocks go forward, where these skip the time", () => {
    const due = at("2026-03-08T06:00:00Z");

    expect(timesOf([by(2, 30, "America/New_York")], facts({ dueAt: due, queuedAt: due }))).toEqual([
      "2026-03-08T07:30:00Z",
    ]);
  });

  test("are the first of two times that clocks show alike", () => {
    const due = at("2026-11-01T04:00:00Z");

    expect(timesOf([by(1, 30, "America/New_York")], facts({ dueAt: due, queuedAt: due }))).toEqual([
      "2026-11-01T05:30:00Z",
    ]);
  });

  test("come in their order, whatever that of the DAG", () => {
    expect(timesOf([by(7), within("due", 1)])).toEqual(["2026-03-02T05:00:00Z", "2026-03-02T07:00:00Z"]);
  });

  test("are none of a backfill's run", () => {
    expect(timesOf([within("queued", 1), by(7)], facts({ runType: "backfill" }))).toEqual([]);
  });

  describe("which the schedule's run missed before it came into being", () => {
    const lateBy = (lateMs: number): DeadlineFacts => facts({ queuedAt: plus(at("2026-03-02T05:00:00Z"), lateMs) });

    test.for([
      ["a moment before a day has passed", MISSED_BEFORE_MS_MAX - 1, 1],
      ["a day later", MISSED_BEFORE_MS_MAX, 0],
    ] as const)("count until %s", ([, lateMs, count]) => {
      expect(timesOf([within("due", 1)], lateBy(lateMs))).toHaveLength(count);
    });

    test("count longer where no later date is due: the run of a week is still wanted", () => {
      const weekly = aSchedule({ expression: "0 4 * * 1", interval: "week" });
      const [three, seven] = [3, 7].map((days) =>
        timesOf([within("due", 1)], lateBy(days * MISSED_BEFORE_MS_MAX), weekly),
      );

      expect([three?.length, seven?.length]).toEqual([1, 0]);
    });

    test("count longer where there is no later date at all", () => {
      const last = aSchedule({ end: at("2026-03-02T00:00:00Z") });

      expect(timesOf([within("due", 1)], lateBy(9 * MISSED_BEFORE_MS_MAX), last)).toHaveLength(1);
    });
  });

  test("which are over as somebody asks for a run are none of it", () => {
    const asked = facts({ runType: "manual", queuedAt: at("2026-03-02T06:00:00Z"), dueAt: at("2026-03-02T06:00:00Z") });

    expect(timesOf([within("logicalDate", 30), within("due", 1)], asked)).toEqual(["2026-03-02T07:00:00Z"]);
  });
});
