import { describe, expect, test } from "vitest";
import { MINUTE_MS, NOON, aBackfill, aBackfillPlan, aSchedule } from "../../../test/builders/index.ts";
import { plus, type Instant } from "../time.ts";
import { START_AGAIN_AFTER_MS, decideBackfill, isBackfillOver, newBackfill, withSkipped } from "./decide.ts";
import { BACKFILL_SKIPS_MAX, type Backfill, type BackfillEvent, type SkippedDates } from "./record.ts";

const decide = (backfill: Backfill, events: readonly BackfillEvent[], now: Instant = NOON) =>
  decideBackfill(backfill, aSchedule(), events, now);
const tell = (backfill: Backfill, ...events: readonly BackfillEvent[]): Backfill => decide(backfill, events).backfill;
/** Two dates are taken up, nothing of them has been heard. */
const begun = (): Backfill => tell(aBackfill());
const nameOf = (backfill: Backfill, index: number): Backfill["active"][number]["runId"] =>
  backfill.active[index]?.runId as Backfill["active"][number]["runId"];
const FIRST = nameOf(begun(), 0);
const SECOND = nameOf(begun(), 1);
const OTHER = "orders.scheduled.20200101T000000Z" as typeof FIRST;

const started = (runId = FIRST, epoch = 0): BackfillEvent => ({ type: "date_started", runId, epoch });
const skipped = (runId = FIRST, reason = "in flight"): BackfillEvent => ({ type: "date_skipped", runId, reason });
const finished = (runId = FIRST, overrides = {}): BackfillEvent => ({
  type: "run_finished",
  runId,
  epoch: 0,
  state: "success",
  tookMs: 1_000,
  ...overrides,
});
const PAUSE: BackfillEvent = { type: "pause", by: "ann", reason: "month end" };
const RESUME: BackfillEvent = { type: "resume", by: "ann", reason: "" };
const CANCEL: BackfillEvent = { type: "cancel", by: "ann", reason: "wrong" };

describe("a backfill as it is made", () => {
  test("has taken up nothing, and is due at once", () => {
    const plan = aBackfillPlan();
    const { backfillId } = aBackfill();

    expect(newBackfill({ backfillId, plan, count: 5, by: "ada", now: NOON })).toEqual({
      schema: 1,
      backfillId,
      plan,
      by: "ada",
      createdAt: NOON,
      endedAt: null,
      state: "running",
      stopped: null,
      count: 5,
      taken: 0,
      active: [],
      ended: { success: 0, failed: 0, cancelled: 0 },
      took: { ms: 0, runs: 0 },
      skipped: [],
      due: NOON,
    });
  });

  test("takes up no more dates than there are", () => {
    expect(tell(aBackfill({ count: 1 }))).toMatchObject({ taken: 1, active: [{ place: 0, epoch: null, since: NOON }] });
  });

  test("of no date is complete at once", () => {
    expect(tell(aBackfill({ count: 0 }))).toMatchObject({ state: "completed", endedAt: NOON, due: null });
  });

  test("numbers its dates in its order", () => {
    const later = tell(begun(), finished());

    expect(later.active.map(({ place }) => place)).toEqual([1, 2]);
  });
});

describe("a date that was taken up", () => {
  test("is not taken up again once its run has been seen", () => {
    const { commands } = decide(tell(begun(), started()), [{ type: "wake", all: true }]);

    expect(commands).toMatchObject([{ type: "start_date", date: { runId: SECOND } }]);
  });

  test("is not taken up again before its time", () => {
    const { commands } = decide(begun(), [{ type: "wake" }], plus(NOON, START_AGAIN_AFTER_MS - 1));

    expect(commands).toEqual([]);
  });

  test("is looked at again a minute after it was taken up again", () => {
    const { backfill } = decide(begun(), [{ type: "wake" }], plus(NOON, START_AGAIN_AFTER_MS));

    expect(backfill.due).toBe(plus(NOON, 2 * MINUTE_MS));
  });

  test("needs no look once its run has been seen: that tells its end itself", () => {
    const { backfill } = decide(tell(begun(), started(), started(SECOND)), [], plus(NOON, START_AGAIN_AFTER_MS));

    expect(backfill.due).toBeNull();
  });

  test("belongs to the newest epoch that was seen", () => {
    const backfill = tell(begun(), started(FIRST, 2));

    expect(tell(backfill, started(FIRST, 1))).toBe(backfill);
    expect(tell(backfill, started(FIRST, 3)).active[0]?.epoch).toBe(3);
  });

  test.each([
    ["a start", started(OTHER)],
    ["a skip", skipped(OTHER)],
    ["an end", finished(OTHER)],
  ])("is none of those that %s is told of: then nothing changes", (_what, event) => {
    expect(decide(begun(), [event]).changed).toBe(false);
  });

  test("is not skipped once its run is this backfill's", () => {
    const backfill = tell(begun(), started());

    expect(tell(backfill, skipped())).toBe(backfill);
  });

  test("that was skipped makes room for the next", () => {
    const backfill = tell(begun(), skipped());

    expect([backfill.taken, backfill.skipped]).toEqual([3, [{ from: 0, to: 0, reason: "in flight" }]]);
  });

  test("may end before anybody has told that it was seen", () => {
    expect(tell(begun(), finished(FIRST, { epoch: 4 })).ended.success).toBe(1);
  });

  test("counts for the estimate only if it succeeded", () => {
    const backfill = tell(begun(), finished(), finished(SECOND, { state: "failed", tookMs: 50_000 }));

    expect([backfill.took, backfill.ended]).toEqual([
      { ms: 1_000, runs: 1 },
      { success: 1, failed: 1, cancelled: 0 },
    ]);
  });
});

describe("a person's hand on a backfill", () => {
  test("pauses it once; who was first is remembered", () => {
    const paused = tell(begun(), PAUSE);

    expect(paused.stopped).toEqual({ by: "ann", reason: "month end", at: NOON });
    expect(tell(paused, { ...PAUSE, by: "bob" })).toBe(paused);
  });

  test("resumes only what is paused", () => {
    expect(decide(begun(), [RESUME]).changed).toBe(false);
    expect(tell(begun(), PAUSE, RESUME)).toMatchObject({ state: "running", stopped: null });
  });

  test.each([
    ["pause", PAUSE],
    ["resume", RESUME],
  ])("cannot %s what was cancelled", (_what, event) => {
    expect(tell(begun(), CANCEL, event)).toMatchObject({ state: "cancelled", stopped: { reason: "wrong" } });
  });

  test("cancels a paused one as well", () => {
    expect(tell(begun(), PAUSE, CANCEL)).toMatchObject({ state: "cancelled", endedAt: NOON });
  });

  test("asks each run to end, with whose hand it is, and again when it is looked at", () => {
    const asked = [FIRST, SECOND].map((runId) => ({ type: "cancel_run", runId, by: "ann", reason: "wrong" }));
    const cancelled = decide(begun(), [CANCEL]);

    expect([cancelled.commands, decide(cancelled.backfill, [{ type: "wake" }]).commands]).toEqual([asked, asked]);
  });

  test("reaches a run that was being made meanwhile", () => {
    const { commands } = decide(tell(begun(), CANCEL), [started()]);

    expect(commands).toEqual([{ type: "cancel_run", runId: FIRST, by: "ann", reason: "wrong" }]);
  });

  test("takes up no other date once it is cancelled or paused", () => {
    expect([tell(begun(), CANCEL, finished()).taken, tell(begun(), PAUSE, finished()).taken]).toEqual([2, 2]);
  });

  test("is too late once it is over", () => {
    const over = tell(aBackfill({ count: 0 }));

    expect(decide(over, [CANCEL]).changed).toBe(false);
  });
});

test("a backfill is over once it is completed or cancelled", () => {
  const states = ["running", "paused", "completed", "cancelled"] as const;

  expect(states.filter((state) => isBackfillOver({ state }))).toEqual(["completed", "cancelled"]);
});

describe("dates that were left out", () => {
  const known: readonly SkippedDates[] = [
    { from: 4, to: 6, reason: "a" },
    { from: 10, to: 10, reason: "b" },
  ];

  test.each([
    [3, "a", [{ from: 3, to: 6, reason: "a" }, known[1]]],
    [7, "a", [{ from: 4, to: 7, reason: "a" }, known[1]]],
    [9, "b", [known[0], { from: 9, to: 10, reason: "b" }]],
    [7, "b", [...known, { from: 7, to: 7, reason: "b" }]],
    [8, "a", [...known, { from: 8, to: 8, reason: "a" }]],
  ])("%i for reason %s: stretches grow, of the same reason only", (place, reason, stretches) => {
    expect(withSkipped(known, place, reason)).toEqual(stretches);
  });

  const full = Array.from({ length: BACKFILL_SKIPS_MAX }, (_, n) => ({ from: 2 * n, to: 2 * n, reason: "a" }));

  test("beyond the bound lengthen the last stretch of their reason", () => {
    const last = 2 * (BACKFILL_SKIPS_MAX - 1);

    expect(withSkipped(full, 5_000, "a").at(-1)).toEqual({ from: last, to: 5_000, reason: "a" });
    expect(withSkipped([{ from: 9_000, to: 9_000, reason: "b" }, ...full.slice(1)], 8_000, "b")[0]).toEqual({
      from: 8_000,
      to: 9_000,
      reason: "b",
    });
  });

  test("beyond the bound are dropped if none was left out for their reason", () => {
    expect(withSkipped(full, 5_000, "b")).toBe(full);
  });
});
