import { expect, test } from "vitest";
import { CRASH_POINTS } from "../../shared/app/crash-points.ts";
import { CHECKERS } from "./checkers/index.ts";
import { gapsOf } from "./coverage.ts";
import { FAULTS } from "./faults.ts";
import { emptySummary, type Summary } from "./summary.ts";

const once = (names: readonly string[]): Record<string, number> => Object.fromEntries(names.map((name) => [name, 1]));

/** Of one world, in which everything happened once. */
const aSummary = (overrides: Partial<Summary> = {}): Summary => ({
  ...emptySummary(),
  checked: once(CHECKERS.map(({ says }) => says)),
  faults: once(FAULTS),
  crashPoints: once(CRASH_POINTS),
  stats: [{ dags: 3, runs: 9, instances: 30, commits: 200, codeStarts: 20, faults: 10, steps: 1_000 }],
  ...overrides,
});

test("worlds in which everything happened leave nothing out", () => {
  expect(gapsOf(aSummary())).toEqual([]);
});

test("a checker that had nothing to check, a fault that never happened and an unvisited crash point are named", () => {
  const { checked, faults, crashPoints } = aSummary();
  delete checked["every run has ended"];
  delete faults["db:late_renewal"];
  delete crashPoints["run:committed"];

  expect(gapsOf(aSummary({ checked, faults, crashPoints }))).toEqual([
    "L1 was never put to the test: every run has ended",
    "the fault db:late_renewal never happened",
    "nothing died at the crash point run:committed",
  ]);
});

test("worlds that are too small are worth no name", () => {
  const stats = [{ dags: 2, runs: 9, instances: 30, commits: 199, codeStarts: 20, faults: 10, steps: 1_000 }];

  expect(gapsOf(aSummary({ stats }))).toEqual([
    "the median world has 2 dags; at least 3 make it worth the name",
    "the median world has 199 commits; at least 200 make it worth the name",
  ]);
});
