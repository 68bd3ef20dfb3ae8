/** Simulates ranges of seeds for the process that forked it. */
import { setImmediate } from "node:timers/promises";
import { simulate } from "./simulate.ts";
import { addOutcome, emptySummary } from "./summary.ts";

export interface SeedRange {
  readonly from: number;
  readonly count: number;
  /** Once so many seeds have broken a promise the rest of the range is left. */
  readonly failuresMax: number;
}

// Refusals are made by the thousand, and nobody reads where.
Error.stackTraceLimit = 0;

process.on("message", (range: SeedRange) => {
  void simulateRange(range).then((summary) => process.send?.(summary));
});
process.on("disconnect", () => process.exit());

async function simulateRange({ from, count, failuresMax }: SeedRange) {
  const summary = emptySummary();
  for (let seed = from; seed < from + count; seed++) {
    addOutcome(summary, await simulate(seed));
    await setImmediate(); // Worlds leave no room for anything else.
    if (summary.failures.length >= failuresMax) break;
  }
  return summary;
}
