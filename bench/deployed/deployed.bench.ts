/** Calls of a task on the stack as it is deployed, and what a million of them cost. Its tables go to stderr. */
import type { BenchLine } from "../line.ts";
import { deployedChain, deployedFanOut } from "./workloads.ts";
import { openDeployedBench } from "./world.ts";

export const name = "deployed";

const SCALED_OUT = "bench/deployed/apps/scaled-out.ts";

export async function run(): Promise<readonly BenchLine[]> {
  const counted: { readonly lines: readonly BenchLine[]; readonly table: string }[] = [];
  const local = await openDeployedBench({});
  try {
    const fanOut = await deployedFanOut(local, "deployed-fan-out"); // Its sandboxes then also have the chains' code.
    counted.push(await deployedChain(local), fanOut);
  } finally {
    await local.close();
  }
  const scaledOut = await openDeployedBench({ app: SCALED_OUT });
  try {
    counted.push(await deployedFanOut(scaledOut, "deployed-fan-out-scaled-out"));
  } finally {
    await scaledOut.close();
  }
  for (const { table } of counted) console.error(table);
  return counted.flatMap(({ lines }) => lines);
}
