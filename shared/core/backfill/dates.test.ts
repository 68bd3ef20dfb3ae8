import { describe, expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS, NOON, aBackfillPlan, aSchedule } from "../../../test/builders/index.ts";
import { iso, plus } from "../time.ts";
import { backfillDates } from "./dates.ts";
import { BACKFILL_DATES_MAX, type BackfillPlan } from "./record.ts";

const MIDNIGHT = plus(NOON, -12 * HOUR_MS);
const span = (from: number, to: number) => ({ start: plus(MIDNIGHT, from * DAY_MS), end: plus(MIDNIGHT, to * DAY_MS) });
const days = (overrides: Partial<BackfillPlan>, schedule = aSchedule()): string =>
  backfillDates(schedule, aBackfillPlan({ endedBy: plus(NOON, 100 * DAY_MS), ...overrides }))
    .map(({ logicalDate }) => iso(logicalDate).slice(5, 10))
    .join(" ");

describe("the dates of a backfill", () => {
  test("of several stretches follow one another", () => {
    expect(days({ spans: [span(0, 2), span(4, 5)] })).toBe("03-02 03-03 03-06");
  });

  test("begin with the date at which a stretch starts, and not with one before", () => {
    expect(days({ spans: [{ start: MIDNIGHT, end: plus(MIDNIGHT, 1) }] })).toBe("03-02");
    expect(days({ spans: [{ start: plus(MIDNIGHT, 1), end: plus(MIDNIGHT, DAY_MS) }] })).toBe("");
  });

  test("are in an order that the seed decides", () => {
    const random = (seed: number): string => days({ spans: [span(0, 5)], order: "random", seed });

    expect([random(7), random(8)]).toEqual([random(7), random(8)]);
    expect(new Set([1, 2, 3, 4, 5, 6].map(random)).size).toBeGreaterThan(3);
    expect(random(7).split(" ").toSorted().join(" ")).toBe(days({ spans: [span(0, 5)] }));
  });

  test("may be in any order by chance, each about as often", () => {
    const orders = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      const order = days({ spans: [span(0, 3)], order: "random", seed });
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }

    expect(orders.size).toBe(6);
    expect(Math.min(...orders.values())).toBeGreaterThan(60);
  });

  test("do not depend on the seed in any other order", () => {
    const spans = [span(0, 5)];

    expect(days({ spans, order: "newest", seed: 1 })).toBe(days({ spans, order: "newest", seed: 2 }));
  });

  test("are those of the schedule that is meant, whatever was asked for before", () => {
    const spans = [span(0, 7)];
    const weekly = aSchedule({ expression: "0 4 * * 1", interval: "week" });

    expect([days({ spans }).length, days({ spans }, weekly).split(" ").length]).toEqual([41, 1]);
  });

  test("are still right after many others have been listed", () => {
    for (let n = 0; n < 40; n++) days({ spans: [span(0, n)] });

    expect(days({ spans: [span(0, 2)] })).toBe("03-02 03-03");
  });

  test("are at most one more than a backfill may have, so that too many are noticed", () => {
    const minutely = aSchedule({ expression: "* * * * *", interval: "cron" });
    const spans = [{ start: MIDNIGHT, end: plus(MIDNIGHT, 2 * BACKFILL_DATES_MAX * MINUTE_MS) }];

    const found = backfillDates(minutely, aBackfillPlan({ spans, endedBy: plus(NOON, 400 * DAY_MS) }));

    expect(found).toHaveLength(BACKFILL_DATES_MAX + 1);
  });
});
