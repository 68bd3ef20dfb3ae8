import { describe, expect, test } from "vitest";
import { compare, scoreOf, type Count, type Report, type Score } from "./score.ts";

const aReport = (files: Readonly<Record<string, readonly string[]>>): Report => ({
  files: Object.fromEntries(
    Object.entries(files).map(([path, statuses]) => [path, { mutants: statuses.map((status) => ({ status })) }]),
  ),
});
const aScore = (modules: Readonly<Record<string, readonly [noticed: number, of: number]>>): Score => {
  const counts: Record<string, Count> = {};
  const total = { noticed: 0, of: 0 };
  for (const [path, [noticed, of]] of Object.entries(modules)) {
    counts[path] = { noticed, of };
    total.noticed += noticed;
    total.of += of;
  }
  return { total, modules: counts };
};

describe("a score", () => {
  test("counts what was noticed, whatever noticed it, of all that was tried", () => {
    const report = aReport({ "a.ts": ["Killed", "Timeout", "Survived", "NoCoverage", "Ignored", "CompileError"] });

    expect(scoreOf([report])).toEqual({ total: { noticed: 2, of: 4 }, modules: { "a.ts": { noticed: 2, of: 4 } } });
  });

  test("adds up reports of parts, the later one of a module instead of the one before", () => {
    const parts = [aReport({ "b.ts": ["Survived"], "a.ts": ["Killed"] }), aReport({ "b.ts": ["Killed"] })];

    expect(scoreOf(parts)).toEqual(aScore({ "a.ts": [1, 1], "b.ts": [1, 1] }));
  });

  test("has nothing to say of modules without mutants", () => {
    expect(scoreOf([aReport({ "types.ts": [] })])).toEqual(aScore({}));
  });
});

describe("a score that was recorded", () => {
  const recorded = aScore({ "a.ts": [9, 10], "b.ts": [5, 10] });

  test("is held by one that is as good", () => {
    expect(compare(recorded, recorded)).toEqual({
      holds: true,
      lines: ["together: 70.0 % (14 of 20), recorded 70.0 % (14 of 20)"],
    });
  });

  test("is not held by one that is worse by a single mutant, and the module is named", () => {
    const { holds, lines } = compare(recorded, aScore({ "a.ts": [8, 10], "b.ts": [5, 10] }));

    expect([holds, lines[0]]).toEqual([false, "a.ts: 80.0 % (8 of 10), was 90.0 % (9 of 10)"]);
  });

  test("is held if one module is worse and another one makes up for it", () => {
    expect(compare(recorded, aScore({ "a.ts": [8, 10], "b.ts": [6, 10] }))).toMatchObject({
      holds: true,
      lines: [expect.stringContaining("a.ts"), expect.stringContaining("together")],
    });
  });

  test("is not held if a module was left out", () => {
    expect(compare(recorded, aScore({ "a.ts": [10, 10] }))).toMatchObject({
      holds: false,
      lines: ["b.ts: not measured, was 50.0 % (5 of 10)", expect.anything()],
    });
  });

  test("names modules that are new, which count from when they are recorded", () => {
    expect(compare(recorded, aScore({ "a.ts": [9, 10], "b.ts": [5, 10], "c.ts": [0, 10] }))).toEqual({
      holds: true,
      lines: ["c.ts: 0.0 % (0 of 10), not recorded yet", expect.stringContaining("together: 70.0 % (14 of 20)")],
    });
  });
});
