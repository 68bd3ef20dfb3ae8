/**
 * How long a hop of a chain takes on AWS: from the end of one task's code to the beginning of the next one's. Modelled, not
 * measured: the counted calls on its way, each with a time drawn from the quantiles that somebody published or that are assumed.
 */
import type { Calls } from "./task.ts";

/** In milliseconds; log-normal from each to the next. */
interface Quantiles {
  readonly p50: number;
  readonly p90?: number;
  readonly p99: number;
}

/** docs/benchmarks.md says where they are from. */
export const LATENCY = {
  /** From a message that was sent to the function that has it. */
  queue: { p50: 16, p90: 34, p99: 105 },
  dynamo: { p50: 5, p99: 20 },
  /** SendMessageBatch itself. */
  send: { p50: 8, p99: 40 },
  /** Of one of the three functions on the way: the one that ends, the one that decides, the one that begins. */
  compute: { p50: 6, p99: 20 },
} as const satisfies Readonly<Record<string, Quantiles>>;

const COMPUTED = 3;
/** Of the standard normal distribution. */
const Z90 = 1.281_552;
const Z99 = 2.326_348;

export interface Hop {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Deletes and receives lie beside the way: an event source makes them. */
export function modelledHop(calls: Calls, samples: number, random: () => number): Hop {
  const count = (...names: readonly string[]): number => names.reduce((sum, name) => sum + (calls[name] ?? 0), 0);
  const sends = count("SQS.SendMessageBatch", "SQS.SendMessage");
  const reads = count("DynamoDB.GetItem", "DynamoDB.BatchGetItem", "DynamoDB.Query");
  const parts: readonly Quantiles[] = [
    ...Array.from({ length: sends }, () => [LATENCY.send, LATENCY.queue]).flat(),
    ...Array.from({ length: reads + count("DynamoDB.PutItem", "DynamoDB.UpdateItem") }, () => LATENCY.dynamo),
    ...Array.from({ length: COMPUTED }, () => LATENCY.compute),
  ];
  const hops = Array.from({ length: samples }, () => parts.reduce((sum, part) => sum + draw(part, random), 0));
  const sorted = Float64Array.from(hops).toSorted();
  // In whole milliseconds, as the quantiles are that it is made of.
  const at = (share: number): number => Math.round(sorted[Math.ceil(samples * share) - 1] ?? 0);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

function draw({ p50, p90, p99 }: Quantiles, random: () => number): number {
  // Box and Muller's way from two even draws to a normal one.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  if (p90 === undefined) return p50 * Math.exp((Math.log(p99 / p50) / Z99) * normal);
  if (normal <= Z90) return p50 * Math.exp((Math.log(p90 / p50) / Z90) * normal);
  return p90 * Math.exp((Math.log(p99 / p90) / (Z99 - Z90)) * (normal - Z90));
}
