import type { BenchLine } from "../line.ts";
import { LIVES, measured } from "./decisions.ts";

export const name = "decisions";

/** Whole lives, of which the first are not counted: they pay for compiling the code. */
const TIMES = { warmUp: 10, counted: 50 };

/**
 * One decision of the engine at a time, without store and queue: how long `advance` takes on one event. p50 and p99 are of
 * decisions; beside them what it takes to read a record from its stored form, and to write it.
 */
export async function run(): Promise<readonly BenchLine[]> {
  return Object.values(LIVES).map((life) => measured(life(), TIMES));
}
