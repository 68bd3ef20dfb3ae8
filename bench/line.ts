/** What a workload reports: one line of JSON each. */

export interface BenchLine {
  readonly workload: string;
  /** Its size: tasks of a chain, width of a fan-out, files ... */
  readonly n: number;
  /** What a commit survives. */
  readonly durability: string;
  /** Of what the workload repeats: a hop, a start ... */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly totalSeconds: number;
  readonly tasksPerSecond: number;
  /** Of this process, at the end. */
  readonly rssMb: number;
  /** Calls on the wire by operation; empty where there is no wire. */
  readonly calls: Readonly<Record<string, number>>;
  /** What this workload alone can say. */
  readonly notes?: Readonly<Record<string, number | string>>;
}

/** A file `<suite>/<anything>.bench.ts`. */
export interface Workload {
  /** By which it is asked for on the command line. */
  readonly name: string;
  readonly run: (options: BenchOptions) => Promise<readonly BenchLine[]>;
}

export interface BenchOptions {
  /** How long a workload measures that waits for the clock: `--minutes 10`. */
  readonly minutes: number;
}

export interface Measured {
  readonly workload: string;
  readonly n: number;
  readonly durability: string;
  readonly samplesMs: readonly number[];
  readonly totalMs: number;
  readonly tasks: number;
  readonly calls?: BenchLine["calls"];
  readonly notes?: BenchLine["notes"];
}

const BYTES_PER_MB = 1024 * 1024;

export function lineOf({ workload, n, durability, samplesMs, totalMs, tasks, calls = {}, notes }: Measured): BenchLine {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  return {
    workload,
    n,
    durability,
    p50Ms: rounded(quantile(sorted, 0.5)),
    p99Ms: rounded(quantile(sorted, 0.99)),
    totalSeconds: rounded(totalMs / 1_000),
    tasksPerSecond: rounded((tasks * 1_000) / totalMs),
    rssMb: rounded(process.memoryUsage.rss() / BYTES_PER_MB),
    calls,
    ...(notes === undefined ? {} : { notes }),
  };
}

/** The smallest sample that at least this share of the samples does not exceed; 0 if there are none. */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;
