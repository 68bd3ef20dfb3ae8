import { describe, expect, test } from "vitest";
import { gapsOf } from "./coverage.ts";
import { distributionText, failuresText } from "./report.ts";
import { simulate } from "./simulate.ts";
import { emptySummary } from "./summary.ts";
import { simulateMany } from "./workers.ts";

/** Seeds of the ordinary test command; `npm run simulate:soak` does as many more as one has time for. */
const SEEDS = 2_000;
/** Once so many seeds have broken a promise, what is broken is known: nobody need wait for the rest. */
const FAILURES_MAX = 20;
/** Far above what it takes: machines that build are busy. */
const TIMEOUT_MS = 900_000;

describe("the engine, simulated over faulty ports", () => {
  test(
    "keeps every promise in every seed, and each promise and fault is put to the test",
    { timeout: TIMEOUT_MS },
    async () => {
      const start = performance.now();

      const summary = await simulateMany({ from: 1, count: SEEDS, failuresMax: FAILURES_MAX });

      console.log(distributionText(summary, (performance.now() - start) / 1_000));
      if (summary.failures.length > 0) expect.fail(failuresText(summary.failures, summary.seeds));
      expect(gapsOf(summary)).toEqual([]);
    },
  );

  test("does the same again for the same seed", async () => {
    const histories = await Promise.all([historyOf(7), historyOf(7)]);

    expect(histories[1]).toEqual(histories[0]);
  });

  test("does something else for another seed", async () => {
    expect(await historyOf(8)).not.toEqual(await historyOf(7));
  });

  test("is told when nothing was put to the test", () => {
    expect(gapsOf(emptySummary()).length).toBeGreaterThan(50);
  });
});

async function historyOf(seed: number): Promise<readonly string[]> {
  const lines: string[] = [];
  await simulate(seed, { trace: (at, line) => lines.push(`${at} ${line}`) });
  return lines;
}
