import { describe, expect, test } from "vitest";
import { DAY_MS, NOON, aSchedule, aVersionHash } from "../../../test/builders/index.ts";
import { GAPS_MAX, type Gap } from "./record.ts";
import { plus, type Instant } from "../time.ts";
import { gapAt, withGap } from "./gaps.ts";

const DAILY = aSchedule({ expression: "0 12 * * *" });
const day = (count: number): Instant => plus(NOON, count * DAY_MS);
const aGap = (from: number, to = from, overrides: Partial<Gap> = {}): Gap => ({
  version: aVersionHash(),
  from: day(from),
  to: day(to),
  ...overrides,
});

describe("what was passed over", () => {
  test("lengthens what was passed over right before it", () => {
    expect(withGap([aGap(1, 2)], aGap(3, 5), DAILY)).toEqual([aGap(1, 5)]);
  });

  test.each([
    ["a firing lies between them", [aGap(1, 2)], aGap(4)],
    ["another version's schedule named the dates", [aGap(1, 2, { version: aVersionHash("b") })], aGap(3)],
    ["its first interval was a partial one", [aGap(1, 2)], aGap(3, 3, { start: day(2) })],
    ["it has another reason", [aGap(1, 2, { reason: "data_window" })], aGap(3)],
    ["there was none before", [], aGap(3)],
  ])("stands for itself if %s", (_why, gaps, gap) => {
    expect(withGap(gaps, gap, DAILY)).toEqual([...gaps, gap]);
  });

  test("keeps where a partial first interval began", () => {
    const partial = aGap(1, 1, { start: day(0) });

    expect(withGap([partial], aGap(2), DAILY)).toEqual([{ ...partial, to: day(2) }]);
  });

  const many = (first: Partial<Gap> = {}): Gap[] =>
    Array.from({ length: GAPS_MAX }, (_, n) => aGap(2 * n, 2 * n, n === 0 ? first : {}));

  test("is all kept up to a bound", () => {
    expect(withGap(many().slice(1), aGap(1_000), DAILY)).toHaveLength(GAPS_MAX);
  });

  test("beyond the bound makes the two oldest one, so that none of them is lost", () => {
    const gaps = withGap(many(), aGap(1_000), DAILY);

    expect([gaps.length, gaps[0], gaps[1], gaps.at(-1)]).toEqual([GAPS_MAX, aGap(0, 2), aGap(4), aGap(1_000)]);
  });

  test("beyond the bound still knows where the oldest began", () => {
    expect(withGap(many({ start: day(-1) }), aGap(1_000), DAILY)[0]).toEqual(aGap(0, 2, { start: day(-1) }));
  });
});

test.each([
  ["one reason", { reason: "data_window" }, { reason: "data_window" }],
  ["a reason, and none", { reason: "data_window" }, {}],
  ["none, and a reason", {}, { reason: "data_window" }],
] as const)("of two that become one, with %s, only what both have remains", (_what, first, second) => {
  const rest = Array.from({ length: GAPS_MAX - 2 }, (_, n) => aGap(2 * n + 4));
  const [joined] = withGap([aGap(0, 0, first), aGap(2, 2, second), ...rest], aGap(1_000), DAILY);

  expect(joined).toEqual(aGap(0, 2, "reason" in first && "reason" in second ? first : {}));
});

describe("the gap of a firing", () => {
  const gaps = [aGap(1, 3), aGap(5, 6)];

  test.each([
    [1, gaps[0]],
    [2, gaps[0]],
    [3, gaps[0]],
    [4, undefined],
    [5, gaps[1]],
    [0, undefined],
  ])("due on day %i", (due, gap) => {
    expect(gapAt(gaps, aVersionHash(), day(due))).toBe(gap);
  });

  test("is none of another version", () => {
    expect(gapAt(gaps, aVersionHash("b"), day(2))).toBeUndefined();
  });
});
