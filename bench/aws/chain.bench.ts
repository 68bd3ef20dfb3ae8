/** Calls of a task in a chain: (calls at 40 - calls at 20) / 20. */
import type { BenchLine } from "../line.ts";
import { withEmulators } from "./with-emulators.ts";
import { chainCalls } from "./workloads.ts";

export const name = "aws-chain";

export const run = (): Promise<readonly BenchLine[]> =>
  withEmulators(async (endpoints) => (await chainCalls(endpoints, 20, 40)).lines);
