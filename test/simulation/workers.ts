/** Many seeds, spread over processes: a world is one thread. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { addSummary, emptySummary, type Summary } from "./summary.ts";
import type { SeedRange } from "./worker.ts";

export interface Spread {
  readonly from: number;
  /** Seeds at the most. */
  readonly count: number;
  /** No new range is begun after so long; without it, all of them are. */
  readonly seconds?: number;
  /** No new range is begun once so many seeds have broken a promise; without it, all of them are. */
  readonly failuresMax?: number;
  readonly workers?: number;
  /** The module that simulates ranges; another one for copies of the engine. */
  readonly worker?: string;
  readonly onProgress?: (summary: Summary) => void;
}

/** Seeds handed to a worker at once. */
const RANGE = 25;
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));

export async function simulateMany(spread: Spread): Promise<Summary> {
  const { from, count, failuresMax = Infinity, worker = WORKER, workers = availableParallelism(), onProgress } = spread;
  const total = emptySummary();
  const until = spread.seconds === undefined ? Infinity : performance.now() + spread.seconds * 1_000;
  let next = from;
  const work = async (): Promise<void> => {
    const child = fork(worker, [], { execArgv: [], serialization: "advanced" });
    const goesOn = (): boolean =>
      next < from + count && performance.now() < until && total.failures.length < failuresMax;
    try {
      while (goesOn()) {
        const range: SeedRange = { from: next, count: Math.min(RANGE, from + count - next), failuresMax };
        next += range.count;
        child.send(range);
        addSummary(total, await answerOf(child, range));
        onProgress?.(total);
      }
    } finally {
      child.disconnect();
    }
  };
  await Promise.all(Array.from({ length: Math.min(workers, Math.ceil(count / RANGE)) }, work));
  return total;
}

async function answerOf(child: ReturnType<typeof fork>, { from, count }: SeedRange): Promise<Summary> {
  const answered = new AbortController();
  const { signal } = answered;
  const ended = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`the worker for seeds ${from} to ${from + count - 1} ended with code ${String(code)}`);
  });
  ended.catch(() => undefined); // Given up once it has answered.
  try {
    const [summary] = (await Promise.race([once(child, "message", { signal }), ended])) as [Summary];
    return summary;
  } finally {
    answered.abort();
  }
}
