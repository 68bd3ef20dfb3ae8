/** What came of many seeds, added up. */
import type { Outcome, Stats } from "./simulate.ts";

export interface Failure {
  readonly seed: number;
  readonly promise: string;
  readonly says: string;
  readonly text: string;
}

/** Plain JSON: workers send it. */
export interface Summary {
  seeds: number;
  readonly failures: Failure[];
  readonly faults: Record<string, number>;
  readonly crashPoints: Record<string, number>;
  readonly checked: Record<string, number>;
  readonly stats: Stats[];
}

export const emptySummary = (): Summary => ({
  seeds: 0,
  failures: [],
  faults: {},
  crashPoints: {},
  checked: {},
  stats: [],
});

export function addOutcome(summary: Summary, outcome: Outcome): void {
  const { seed, violation, stats } = outcome;
  summary.seeds += 1;
  summary.stats.push(stats);
  if (violation !== undefined) {
    const { promise, says, text } = violation;
    summary.failures.push({ seed, promise, says, text });
  }
  addCounts(summary.faults, outcome.faults);
  addCounts(summary.crashPoints, outcome.crashPoints);
  addCounts(summary.checked, outcome.checked);
}

export function addSummary(summary: Summary, other: Summary): void {
  summary.seeds += other.seeds;
  summary.failures.push(...other.failures);
  summary.stats.push(...other.stats);
  addCounts(summary.faults, Object.entries(other.faults));
  addCounts(summary.crashPoints, Object.entries(other.crashPoints));
  addCounts(summary.checked, Object.entries(other.checked));
}

function addCounts(total: Record<string, number>, counts: Iterable<readonly [string, number]>): void {
  for (const [name, count] of counts) total[name] = (total[name] ?? 0) + count;
}

/** The value below which a share of them lies. */
export function quantile(stats: readonly Stats[], of: keyof Stats, share: number): number {
  const values = stats.map((entry) => entry[of]).toSorted((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
}
