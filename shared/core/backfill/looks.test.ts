import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, NOON, SECOND_MS, aBackfill, aBackfillPlan, aSchedule } from "../../../test/builders/index.ts";
import { iso, plus, type Instant } from "../time.ts";
import { backfillDates } from "./dates.ts";
import { HELD_LOOK_AFTER_MS, START_AGAIN_AFTER_MS, decideBackfill } from "./decide.ts";
import type { Backfill, BackfillEvent } from "./record.ts";

const DAILY = aSchedule();
const decide = (backfill: Backfill, events: readonly BackfillEvent[], now: Instant = NOON, isHeld = false) =>
  decideBackfill(backfill, DAILY, events, now, isHeld);
const begun = (): Backfill => decide(aBackfill(), []).backfill;
const WAKE: BackfillEvent = { type: "wake" };
const CANCEL: BackfillEvent = { type: "cancel", by: "ada", reason: "wrong" };
const started = (backfill: Backfill, epoch = 0): BackfillEvent[] =>
  backfill.active.map(({ runId }) => ({ type: "date_started", runId, epoch }));

describe("the dates of a backfill", () => {
  test("by chance are in the same order wherever they are worked out", () => {
    const days = (seed: number) =>
      backfillDates(DAILY, aBackfillPlan({ order: "random", seed }))
        .map(({ logicalDate }) => iso(logicalDate).slice(8, 10))
        .join(" ");

    expect([days(7), days(8), days(4_000_000_000)]).toEqual(["28 27 01 26", "28 01 27 26", "26 01 27 28"]);
  });

  test("of instants begin with the very instant that was given, and end before the other", () => {
    const hourly = aSchedule({ expression: "0 * * * *", interval: "none" });
    const dates = backfillDates(hourly, aBackfillPlan({ spans: [{ start: plus(NOON, -2 * HOUR_MS), end: NOON }] }));

    expect(dates.map(({ logicalDate }) => iso(logicalDate).slice(11, 16))).toEqual(["10:00", "11:00"]);
  });

  test("of a schedule that is over end with it", () => {
    const over = aSchedule({ end: plus(NOON, -3 * DAY_MS) });

    expect(backfillDates(over, aBackfillPlan()).length).toBeLessThan(backfillDates(DAILY, aBackfillPlan()).length);
  });
});

describe("a backfill is looked at", () => {
  test("after half a minute as long as a run has not been seen to start, and not for those that have", () => {
    const backfill = begun();
    expect(backfill.due).toBe(plus(NOON, START_AGAIN_AFTER_MS));

    const later = plus(NOON, SECOND_MS);
    expect(decide(backfill, started(backfill), later).backfill.due).toBeNull();
    expect(decide({ ...backfill, due: NOON }, [WAKE], plus(NOON, START_AGAIN_AFTER_MS)).backfill.due).toBe(
      plus(NOON, 2 * START_AGAIN_AFTER_MS),
    );
  });

  test("again and again once it is cancelled, until its runs have ended", () => {
    const backfill = begun();
    const running = decide(backfill, started(backfill)).backfill;
    const cancelled = decide(running, [CANCEL]).backfill;

    expect(cancelled.due).toBe(plus(NOON, START_AGAIN_AFTER_MS));
    expect(decide({ ...cancelled, active: [], due: NOON }, [WAKE]).backfill.due).toBeNull();
  });

  test("for its DAG, while that is paused, only if it has dates left to take up", () => {
    const due = (backfill: Partial<Backfill>) =>
      decide(aBackfill({ due: NOON, ...backfill }), [WAKE], NOON, true).backfill.due;

    expect(due({})).toBe(plus(NOON, HELD_LOOK_AFTER_MS));
    expect(due({ state: "paused" })).toBeNull();
    expect(due({ taken: 5, active: begun().active.map((date) => ({ ...date, epoch: 0 })) })).toBeNull();
  });

  test("sooner, if somebody finds that it should have been", () => {
    const backfill = { ...begun(), due: null };

    expect(decide(backfill, [WAKE])).toMatchObject({
      changed: true,
      backfill: { due: plus(NOON, START_AGAIN_AFTER_MS) },
    });
    expect(decide({ ...backfill, due: plus(NOON, DAY_MS) }, [WAKE]).changed).toBe(true);
    expect(decide({ ...backfill, due: plus(NOON, SECOND_MS) }, [WAKE]).changed).toBe(false);
  });
});

describe("a backfill", () => {
  test("asks only the run to end that was made while it was cancelled", () => {
    const backfill = begun();
    const [first] = started(backfill);
    const ended = (given: Backfill) => decide(given, first === undefined ? [] : [first]).commands;

    expect(ended(decide(backfill, [CANCEL]).backfill)).toEqual([
      { type: "cancel_run", runId: backfill.active[0]?.runId, by: "ada", reason: "wrong" },
    ]);
    expect(ended(backfill)).toEqual([]);
  });

  test("hears that a run has started once", () => {
    const backfill = begun();
    const running = decide(backfill, started(backfill, 1)).backfill;

    expect(decide(running, started(backfill, 1)).changed).toBe(false);
    expect(decide(running, started(backfill, 0)).changed).toBe(false);
    expect(decide(running, started(backfill, 2)).backfill.active.map(({ epoch }) => epoch)).toEqual([2, 2]);
  });

  test("is not over while it has taken up nothing yet", () => {
    expect(decide(aBackfill(), [WAKE], NOON, true).backfill.state).toBe("running");
  });

  test("takes up no more dates than there are", () => {
    const backfill = decide(aBackfill({ count: 4, taken: 3 }), []).backfill;

    expect([backfill.taken, backfill.active.length]).toEqual([4, 1]);
  });
});
