/** What is counted, and how the counts become calls a task. */
import { dollarsPerMillion } from "../cost/task.ts";
import { lineOf, rounded, type BenchLine } from "../line.ts";
import { chain, fanOut, mapped } from "./graphs.ts";
import { mean, measureRun, totalOf, type AwsRun, type Calls, type Concurrency } from "./measure.ts";
import type { Endpoints } from "./world.ts";

const DURABILITY = "DynamoDB Local in memory";

/** A run cannot batch with itself: more of either would wait. */
const ONE_AT_A_TIME: Concurrency = { schedulers: 2, executors: 2 };
/** An account whose executors have scaled out; two is the least maximum that an event source takes. */
const SCALED_OUT: Concurrency = { schedulers: 2, executors: 32 };
/** How Lambda begins to take from a queue that was empty. */
const FIRST_MINUTE: Concurrency = { schedulers: 5, executors: 5 };

export interface ChainCalls {
  /** What one task more costs: the difference between both lengths, by their difference. */
  readonly perTask: Calls;
  readonly perTaskTotal: number;
  readonly startAndEnd: number;
}

export async function chainCalls(
  endpoints: Endpoints,
  short: number,
  long: number,
): Promise<{ readonly calls: ChainCalls; readonly lines: readonly BenchLine[] }> {
  const runs: AwsRun[] = [];
  for (const length of [short, long]) runs.push(await measureRun(endpoints, chain(length), ONE_AT_A_TIME));
  const [first, second] = runs as [AwsRun, AwsRun];
  const calls = chainDifference(first.calls, second.calls, { short, long });
  const { perTask, perTaskTotal } = calls;
  const lines = [short, long].map((n, index) => {
    const run = runs[index] as AwsRun;
    const hopsMs = run.startsMs.slice(1).map((at, before) => at - (run.startsMs[before] ?? 0));
    return lineOf({
      workload: "aws-chain",
      n,
      durability: DURABILITY,
      samplesMs: hopsMs,
      totalMs: run.totalMs,
      tasks: n,
      calls: run.calls,
      notes: {
        dollarsPerMillion: rounded(dollarsPerMillion(perTask)),
        callsPerTask: rounded(perTaskTotal),
        callsOfStartAndEnd: rounded(calls.startAndEnd),
        ...notesOf(run),
      },
    });
  });
  return { calls, lines };
}

/** A task more or less is all that the two chains differ in. */
export function chainDifference(
  first: Calls,
  second: Calls,
  { short, long }: { readonly short: number; readonly long: number },
): ChainCalls {
  const tasks = long - short;
  const perTask = Object.fromEntries(
    Object.entries(second)
      .map(([call, count]): [string, number] => [call, (count - (first[call] ?? 0)) / tasks])
      .filter(([, count]) => count !== 0),
  );
  const perTaskTotal = (totalOf(second) - totalOf(first)) / tasks;
  return { perTask, perTaskTotal, startAndEnd: totalOf(second) - long * perTaskTotal };
}

export interface FanOutCalls {
  /** All calls of the run, its start and end included, by its tasks. */
  readonly perTask: number;
  readonly batchMean: number;
}

export async function fanOutCalls(
  endpoints: Endpoints,
  width: number,
  options: { readonly join: boolean; readonly firstMinute?: boolean },
): Promise<{ readonly calls: FanOutCalls; readonly line: BenchLine }> {
  const graph = fanOut(width, options);
  const concurrency = options.firstMinute === true ? FIRST_MINUTE : SCALED_OUT;
  const run = await measureRun(endpoints, graph, concurrency);
  const calls = { perTask: totalOf(run.calls) / graph.tasks, batchMean: mean(run.batches) };
  const workload = `aws-fan-out${options.join ? "-join" : ""}${options.firstMinute === true ? "-first-minute" : ""}`;
  const line = lineOf({
    workload,
    n: width,
    durability: DURABILITY,
    samplesMs: run.startsMs,
    totalMs: run.totalMs,
    tasks: graph.tasks,
    calls: run.calls,
    notes: {
      dollarsPerMillion: rounded(dollarsPerMillion(shared(run.calls, graph.tasks))),
      callsPerTask: rounded(calls.perTask),
      ...concurrency,
      ...notesOf(run),
    },
  });
  return { calls, line };
}

/** What of the run's calls falls to each of its tasks, the run's start and end included. */
export const shared = (calls: Calls, tasks: number): Calls =>
  Object.fromEntries(Object.entries(calls).map(([call, count]) => [call, count / tasks]));

export interface MapUnits {
  /** Write units of the run, its start and end included, by its tasks. */
  readonly perTask: number;
  readonly callsPerTask: number;
}

export async function mapUnits(
  endpoints: Endpoints,
  width: number,
  concurrency: Concurrency = SCALED_OUT,
): Promise<{ readonly units: MapUnits; readonly line: BenchLine }> {
  const graph = mapped(width);
  const run = await measureRun(endpoints, graph, concurrency);
  const units = { perTask: run.writeUnits / graph.tasks, callsPerTask: totalOf(run.calls) / graph.tasks };
  const line = lineOf({
    workload: "aws-map",
    n: width,
    durability: DURABILITY,
    samplesMs: run.startsMs,
    totalMs: run.totalMs,
    tasks: graph.tasks,
    calls: run.calls,
    notes: {
      writeUnitsPerTask: rounded(units.perTask),
      callsPerTask: rounded(units.callsPerTask),
      ...concurrency,
      ...notesOf(run),
    },
  });
  return { units, line };
}

const notesOf = ({ batches, indexUnits, tickCalls, schedulerCalls, executorCalls }: AwsRun) => ({
  batchMean: rounded(mean(batches)),
  indexWriteUnits: indexUnits,
  schedulerCalls,
  executorCalls,
  idleTickCalls: totalOf(tickCalls),
});
