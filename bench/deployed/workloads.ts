/** What is counted on the deployed stack, and how the counts become calls a task. */
import { mean, totalOf, type Calls } from "../aws/measure.ts";
import { chainDifference, shared, type ChainCalls } from "../aws/workloads.ts";
import { dollarsPerMillion } from "../cost/task.ts";
import { lineOf, rounded, type BenchLine } from "../line.ts";
import { callsOf, measureDeployed, measureWarm, type DeployedRun } from "./measure.ts";
import type { DeployedBench } from "./world.ts";

const DURABILITY = "the deployed stack on MiniStack";
const SHORT = 20;
const LONG = 40;
const WIDTH = 200;
/** Odd, so that one is in the middle. */
const FAN_OUT_RUNS = 5;

export interface Counted<C> {
  readonly calls: C;
  readonly lines: readonly BenchLine[];
  /** Of each operation and function, for people. */
  readonly table: string;
}

/** Of the pipelines `chain_20` and `chain_40`. */
export async function deployedChain(bench: DeployedBench): Promise<Counted<ChainCalls>> {
  const first = await measureWarm(bench, `chain_${SHORT}`);
  const second = await measureWarm(bench, `chain_${LONG}`);
  const calls = chainDifference(callsOf(first), callsOf(second), { short: SHORT, long: LONG });
  const notes = {
    callsPerTask: rounded(calls.perTaskTotal),
    callsOfStartAndEnd: rounded(calls.startAndEnd),
    dollarsPerMillion: rounded(dollarsPerMillion(calls.perTask)),
  };
  const runs = [
    [SHORT, first],
    [LONG, second],
  ] as const;
  const byFunction = second.functions.map(({ name, calls: long }): readonly [string, Calls] => {
    const short = first.functions.find((fn) => fn.name === name)?.calls ?? {};
    return [name, chainDifference(short, long, { short: SHORT, long: LONG }).perTask];
  });
  return {
    calls,
    lines: runs.map(([n, run]) => line("deployed-chain", n, n, run, notes)),
    table: tableOf(`a task of a chain: (calls at ${LONG} - calls at ${SHORT}) / ${LONG - SHORT}`, byFunction),
  };
}

export interface DeployedFanOut {
  /** All calls of the run, its start and end included, by its tasks. */
  readonly perTask: number;
  /** Events of the run that the scheduler was given at once. */
  readonly batchMean: number;
}

/** Of the pipeline `fan_out_200`, on functions that have run it once: of several runs the one in the middle, by its calls. */
export async function deployedFanOut(bench: DeployedBench, workload: string): Promise<Counted<DeployedFanOut>> {
  await measureDeployed(bench, `fan_out_${WIDTH}`);
  const runs: DeployedRun[] = [];
  while (runs.length < FAN_OUT_RUNS) runs.push(await measureDeployed(bench, `fan_out_${WIDTH}`));
  const tasks = WIDTH + 1;
  const perTask = (each: DeployedRun): number => totalOf(callsOf(each)) / tasks;
  const sorted = runs.toSorted((a, b) => perTask(a) - perTask(b));
  const run = itemAt(sorted, (FAN_OUT_RUNS - 1) / 2);
  const all = shared(callsOf(run), tasks);
  const batchMean = mean(run.functions.find(({ name }) => name === "Scheduler")?.batches ?? []);
  const notes = {
    callsPerTask: rounded(totalOf(all)),
    callsPerTaskLeast: rounded(perTask(itemAt(sorted, 0))),
    callsPerTaskMost: rounded(perTask(itemAt(sorted, FAN_OUT_RUNS - 1))),
    dollarsPerMillion: rounded(dollarsPerMillion(all)),
  };
  const byFunction = [...run.functions, { name: "caller", calls: run.caller }].map(
    ({ name, calls }): readonly [string, Calls] => [name, shared(calls, tasks)],
  );
  return {
    calls: { perTask: totalOf(all), batchMean },
    lines: [line(workload, WIDTH, tasks, run, notes)],
    table: tableOf(`a task of 1 -> ${WIDTH}: all calls / ${tasks}, ${workload}`, byFunction),
  };
}

function itemAt(runs: readonly DeployedRun[], index: number): DeployedRun {
  const run = runs[index];
  if (run === undefined) throw new RangeError(`there is no run ${index} of ${runs.length}`);
  return run;
}

function line(
  workload: string,
  n: number,
  tasks: number,
  run: DeployedRun,
  notes: Readonly<Record<string, number>>,
): BenchLine {
  const batches = run.functions.map(({ name, batches: own }): [string, number] => [
    `batchMean ${name}`,
    rounded(mean(own)),
  ]);
  return lineOf({
    workload,
    n,
    durability: DURABILITY,
    samplesMs: [],
    totalMs: run.totalMs,
    tasks,
    calls: callsOf(run),
    notes: { ...notes, ...Object.fromEntries(batches) },
  });
}

const CALL_WIDTH = 26;
const NUMBER_WIDTH = 18;

/** Rows are operations, columns are functions. */
function tableOf(title: string, columns: readonly (readonly [string, Calls])[]): string {
  const operations = [...new Set(columns.flatMap(([, calls]) => Object.keys(calls)))].toSorted();
  const row = (what: string, cells: readonly string[]): string =>
    what.padEnd(CALL_WIDTH) + cells.map((cell) => cell.padStart(NUMBER_WIDTH)).join("");
  const counts = (numbers: readonly number[]): readonly string[] =>
    [...numbers, numbers.reduce((sum, number) => sum + number, 0)].map((number) => number.toFixed(2));
  const rows = operations.map((operation) => row(operation, counts(columns.map(([, calls]) => calls[operation] ?? 0))));
  const head = row("", [...columns.map(([name]) => name), "together"]);
  return [title, head, ...rows, row("together", counts(columns.map(([, calls]) => totalOf(calls)))), ""].join("\n");
}
