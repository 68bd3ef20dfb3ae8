import { expect, test } from "vitest";
import { LIVES, measured, type Life } from "./decisions.ts";

/** Enough for the median to be of compiled code, on a machine that does other things, too. */
const TIMES = { warmUp: 2, counted: 3 };

const TIMEOUT_MS = 60_000;

const BARS: readonly (readonly [what: string, ms: number, life: () => Life])[] = [
  ["on a run of 100 tasks", 0.1, LIVES.run],
  ["on a chunk of 512", 0.3, LIVES.chunk],
  ["on a chunk of 512 that fails, instance by instance", 0.3, LIVES.failingChunk],
  ["on the parent of 10,000 instances", 2, LIVES.parent],
  ["on the parent of 10,000 instances, so many at once", 2, LIVES.boundedParent],
];

test.each(BARS)(
  "one decision %s takes less than %f ms",
  (_what, ms, life) => {
    expect(measured(life(), TIMES).p50Ms).toBeLessThan(ms);
  },
  TIMEOUT_MS,
);
