/** Calls of a task in a fan-out, and how many completions the scheduler found in a batch. */
import type { BenchLine } from "../line.ts";
import { withEmulators } from "./with-emulators.ts";
import { fanOutCalls } from "./workloads.ts";

export const name = "aws-fan-out";

const CASES = [
  { width: 20, join: false },
  { width: 20, join: true },
  { width: 200, join: false },
  { width: 200, join: true },
  { width: 200, join: false, firstMinute: true },
] as const;

export const run = (): Promise<readonly BenchLine[]> =>
  withEmulators(async (endpoints) => {
    const lines: BenchLine[] = [];
    for (const { width, ...options } of CASES) lines.push((await fanOutCalls(endpoints, width, options)).line);
    return lines;
  });
