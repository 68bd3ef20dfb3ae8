import { describe, expect, test } from "vitest";
import { DAY_MS, NOON, aSchedule, aVersionHash } from "../../../test/builders/index.ts";
import { dagId, type BackfillId } from "../ids.ts";
import { iso, parseInstant, plus, instant, type Instant } from "../time.ts";
import { backfillDates } from "./dates.ts";
import { HELD_LOOK_AFTER_MS, START_AGAIN_AFTER_MS, decideBackfill, newBackfill, withSkipped } from "./decide.ts";
import { BACKFILL_SKIPS_MAX, type Backfill, type BackfillEvent, type BackfillPlan } from "./record.ts";

const at = (text: string): Instant => parseInstant(`${text}T00:00:00Z`) ?? instant(NaN);
const DAILY = aSchedule();

const aPlan = (overrides: Partial<BackfillPlan> = {}): BackfillPlan => ({
  dagId: dagId("orders"),
  version: aVersionHash(),
  spans: [{ start: at("2026-02-01"), end: at("2026-02-06") }],
  endedBy: NOON,
  order: "oldest",
  seed: 7,
  parallel: 2,
  reprocess: "none",
  latest: false,
  ignoreDependsOnPast: false,
  tasks: null,
  params: {},
  ...overrides,
});

const aBackfill = (overrides: Partial<BackfillPlan> = {}): Backfill => {
  const plan = aPlan(overrides);
  const count = backfillDates(DAILY, plan).length;
  return newBackfill({ backfillId: "orders.backfill.1" as BackfillId, plan, count, by: "ada", now: NOON });
};

const decide = (backfill: Backfill, events: readonly BackfillEvent[], now: Instant = NOON) =>
  decideBackfill(backfill, DAILY, events, now);
const started = ({ commands }: ReturnType<typeof decide>): readonly string[] =>
  commands.flatMap((command) => (command.type === "start_date" ? [iso(command.date.logicalDate).slice(8, 10)] : []));
const begun = (): Backfill => decide(aBackfill(), []).backfill;
const run = (day: string) => `orders.scheduled.202602${day}T000000Z` as Backfill["active"][number]["runId"];
const finished = (day: string, state: "success" | "failed" | "cancelled" = "success", epoch = 0): BackfillEvent => ({
  type: "run_finished",
  runId: run(day),
  epoch,
  state,
  tookMs: 1_000,
});
const CANCEL: BackfillEvent = { type: "cancel", by: "ada", reason: "wrong" };

describe("the dates of a backfill", () => {
  const days = (overrides: Partial<BackfillPlan>): string =>
    backfillDates(DAILY, aPlan(overrides))
      .map(({ logicalDate }) => iso(logicalDate).slice(8, 10))
      .join(" ");

  test("are those of the schedule from the start on, before the end, in the order that was asked for", () => {
    expect(days({})).toBe("01 02 03 04 05");
    expect(days({ order: "newest" })).toBe("05 04 03 02 01");
    const mixed = days({ order: "random" });
    expect(mixed).not.toBe("01 02 03 04 05");
    expect([mixed.split(" ").toSorted().join(" "), days({ order: "random" })]).toEqual(["01 02 03 04 05", mixed]);
  });

  test("end with the last interval that is over", () => {
    expect(days({ endedBy: plus(at("2026-02-04"), -1) })).toBe("01 02");
    expect(days({ endedBy: at("2026-02-04") })).toBe("01 02 03");
  });

  test("of ten years are listed in a moment", () => {
    const start = performance.now();
    const wanted = { spans: [{ start: at("2016-01-01"), end: at("2026-01-01") }], order: "oldest", seed: 0 } as const;

    expect(backfillDates(aSchedule({ timezone: "Europe/London" }), { ...wanted, endedBy: NOON })).toHaveLength(3_653);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("a backfill", () => {
  test("takes up as many dates as it may at the same time, and one more with each end", () => {
    const first = decide(aBackfill(), []);
    expect([started(first), first.backfill.taken]).toEqual([["01", "02"], 2]);

    const second = decide(first.backfill, [finished("02")]);
    expect([started(second), second.backfill.ended]).toEqual([["03"], { success: 1, failed: 0, cancelled: 0 }]);
  });

  test("is completed once every date has its run or was left out", () => {
    let backfill = begun();
    for (const day of ["01", "02", "03"]) ({ backfill } = decide(backfill, [finished(day)]));
    const last: BackfillEvent = { type: "date_skipped", runId: run("04"), reason: "it has a run" };
    ({ backfill } = decide(backfill, [finished("05", "failed"), last]));

    expect([backfill.state, backfill.ended, backfill.skipped, backfill.due]).toEqual([
      "completed",
      { success: 3, failed: 1, cancelled: 0 },
      [{ from: 3, to: 3, reason: "it has a run" }],
      null,
    ]);
  });

  test("counts an end once, and none of before it cleared the run", () => {
    const { backfill } = decide(begun(), [{ type: "date_started", runId: run("01"), epoch: 3 }]);

    expect(decide(backfill, [finished("01", "failed", 2)]).changed).toBe(false);
    const once = decide(backfill, [finished("01", "success", 3), finished("01", "success", 3)]).backfill;
    expect(once.ended.success).toBe(1);
  });

  test("takes up a date again that nobody has seen to start, in case we died before", () => {
    const backfill = begun();
    const later = plus(NOON, START_AGAIN_AFTER_MS);
    expect(backfill.due).toBe(later);

    expect(started(decide(backfill, [{ type: "wake" }], later))).toEqual(["01", "02"]);
    expect(started(decide(backfill, [{ type: "wake", all: true }]))).toEqual(["01", "02"]);
  });

  test("that is paused starts nothing new, and goes on when it is resumed", () => {
    const { backfill } = decide(begun(), [{ type: "pause", by: "ada", reason: "month end" }]);
    const quiet = decide(backfill, [finished("01")]);
    expect([started(quiet), quiet.backfill.state, quiet.backfill.stopped?.reason]).toEqual([[], "paused", "month end"]);

    expect(started(decide(quiet.backfill, [{ type: "resume", by: "ada", reason: "" }]))).toEqual(["03"]);
  });

  test("of a paused DAG takes up nothing, finishes what is at work, and looks whether it may go on", () => {
    const held = decideBackfill(begun(), DAILY, [finished("01")], NOON, true);
    expect([started(held), held.backfill.ended.success, held.backfill.due]).toEqual([
      [],
      1,
      plus(NOON, START_AGAIN_AFTER_MS),
    ]);

    const seen = begun().active.map(({ runId }): BackfillEvent => ({ type: "date_started", runId, epoch: 0 }));
    const waiting = decideBackfill({ ...begun(), due: null }, DAILY, seen, NOON, true).backfill;
    expect(waiting.due).toBe(plus(NOON, HELD_LOOK_AFTER_MS));
    expect(decideBackfill(waiting, DAILY, [{ type: "wake" }], NOON, true).changed).toBe(false);
    expect(started(decide(held.backfill, [{ type: "wake" }]))).toEqual(["03"]);
  });

  test("that is cancelled cancels its runs, and asks again until they have ended", () => {
    const { backfill, commands } = decide(begun(), [CANCEL]);
    expect(commands.map((command) => command.type)).toEqual(["cancel_run", "cancel_run"]);
    expect([backfill.state, backfill.due]).toEqual(["cancelled", plus(NOON, START_AGAIN_AFTER_MS)]);

    const over = decide(backfill, [finished("01", "cancelled"), finished("02", "cancelled")]).backfill;
    expect([over.active, over.due, decide(over, [CANCEL]).changed]).toEqual([[], null, false]);
  });

  test("decides the same for events that come twice", () => {
    const once = decide(begun(), [finished("01")]).backfill;

    expect(decide(once, [finished("01")]).backfill).toEqual(once);
  });
});

test("skipped dates next to each other are one stretch, and there is a bound", () => {
  let skipped = withSkipped([], 4, "a");
  for (const place of [6, 5]) skipped = withSkipped(skipped, place, "a");
  expect(skipped[0]).toEqual({ from: 4, to: 5, reason: "a" });

  for (let place = 10; place < 2_000; place += 2) skipped = withSkipped(skipped, place, "a");
  expect(skipped).toHaveLength(BACKFILL_SKIPS_MAX);
});

test("gives each date of a year its run, ten at a time, whatever comes twice", () => {
  const spans = [{ start: at("2025-01-01"), end: at("2026-01-01") }];
  let { backfill, commands } = decide(aBackfill({ spans, parallel: 10 }), []);
  const seen = new Set<string>();
  while (backfill.state === "running") {
    const runs = commands.flatMap((command) => (command.type === "start_date" ? [command.date.runId] : []));
    for (const id of runs) seen.add(id);
    const ends = backfill.active.map(
      ({ runId }): BackfillEvent => ({ ...(finished("01") as object), runId }) as BackfillEvent,
    );
    ({ backfill, commands } = decide(backfill, [...ends, ...ends], plus(NOON, DAY_MS)));
  }

  expect([seen.size, backfill.ended.success, backfill.count]).toEqual([365, 365, 365]);
});
