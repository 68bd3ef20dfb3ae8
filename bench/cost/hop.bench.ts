/** A hop of a chain on AWS, modelled on published quantiles: see hop.ts. */
import type { BenchLine } from "../line.ts";
import { CHAIN_CALLS } from "./chain-calls.ts";
import { LATENCY, modelledHop } from "./hop.ts";

export const name = "modelled-hop";

const SAMPLES = 200_000;

export async function run(): Promise<readonly BenchLine[]> {
  const { p50Ms, p99Ms } = modelledHop(CHAIN_CALLS, SAMPLES, Math.random);
  return [
    {
      workload: "modelled-hop",
      n: SAMPLES,
      durability: "modelled, not measured",
      p50Ms,
      p99Ms,
      totalSeconds: 0,
      tasksPerSecond: 0,
      rssMb: 0,
      calls: CHAIN_CALLS,
      notes: { quantiles: JSON.stringify(LATENCY) },
    },
  ];
}
