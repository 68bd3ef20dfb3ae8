/**
 * What the suite must exercise. A promise that was never put to the test, a fault that never happened and a crash point at
 * which nothing died show nothing: any of them fails the suite.
 */
import { CRASH_POINTS } from "../../shared/app/crash-points.ts";
import { CHECKERS } from "./checkers/index.ts";
import { FAULTS } from "./faults.ts";
import { quantile, type Summary } from "./summary.ts";

/**
 * Promises that have a checker here. Not on the list: S14, which the contract suites of the ports show (one sequence of calls,
 * every adapter, the simulated ones too), and S15, since there are no secrets yet.
 */
const PROMISES = "S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 S12 S13 S16 S17 L1 L2 L3 L4 L5 L6 L7".split(" ");

/** The median world has at least these. */
const MEDIAN_WORLD = { dags: 3, instances: 30, commits: 200, faults: 10 } as const;

/** What was not exercised, as sentences; empty if all was. */
export function gapsOf(summary: Summary): readonly string[] {
  const gaps: string[] = [];
  for (const name of PROMISES) {
    if (!CHECKERS.some(({ promise }) => promise === name)) gaps.push(`${name} has no checker`);
  }
  for (const { promise, says } of CHECKERS) {
    if ((summary.checked[says] ?? 0) === 0) gaps.push(`${promise} was never put to the test: ${says}`);
  }
  for (const name of FAULTS) if ((summary.faults[name] ?? 0) === 0) gaps.push(`the fault ${name} never happened`);
  for (const point of CRASH_POINTS) {
    if ((summary.crashPoints[point] ?? 0) === 0) gaps.push(`nothing died at the crash point ${point}`);
  }
  for (const [name, least] of Object.entries(MEDIAN_WORLD) as [keyof typeof MEDIAN_WORLD, number][]) {
    const median = quantile(summary.stats, name, 0.5);
    if (median < least) gaps.push(`the median world has ${median} ${name}; at least ${least} make it worth the name`);
  }
  return gaps;
}
