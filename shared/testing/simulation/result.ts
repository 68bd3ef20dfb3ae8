/** What came of a period. Plain JSON; times are ISO 8601 in UTC. */
import type { TaskView } from "../../contract/views.ts";
import type { RunState } from "../../core/states.ts";

export interface SimulatedAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  readonly startedAt: string;
  readonly endedAt: string;
  /** `lost`: its worker died; `closed`: it was ended from outside. */
  readonly ended: "success" | "skipped" | "failed" | "lost" | "closed";
  /** The failure or the reason; null: there is nothing to say. */
  readonly cause: string | null;
}

export interface SimulatedTask extends TaskView {
  readonly attempts: readonly SimulatedAttempt[];
}

/** By when a run had to have succeeded. */
export interface SimulatedDeadline {
  readonly name: string;
  readonly at: string;
  readonly missed: boolean;
  /** Milliseconds by which the run succeeded too late; null: it was not late, or never succeeded. */
  readonly lateMs: number | null;
}

export interface SimulatedRun {
  readonly runId: string;
  readonly runType: string;
  readonly logicalDate: string | null;
  readonly dataInterval: { readonly start: string; readonly end: string } | null;
  readonly state: RunState;
  readonly degraded: boolean;
  readonly cause: string | null;
  /** When its schedule fired; of other runs, when they were put in the queue. */
  readonly dueAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** The earliest comes first. */
  readonly deadlines: readonly SimulatedDeadline[];
  /** In the order of the DAG, a mapped task followed by its instances; then the hooks that were called. */
  readonly tasks: readonly SimulatedTask[];
  /** The tasks that it had to wait for, one after the other: without any of them it would have ended earlier. */
  readonly longestPath: readonly string[];
}

export interface Simulation {
  readonly dagId: string;
  /** The same seed, with the same options, gives the same again. */
  readonly seed: number;
  readonly from: string;
  /** Not included. */
  readonly to: string;
  /** In the order in which they were put in the queue. */
  readonly runs: readonly SimulatedRun[];
  readonly totals: SimulatedTotals;
  /** The longest paths, the most common first. */
  readonly longestPaths: readonly PathSummary[];
  /** Firings that got no run, since the run before was still at work: of those that have passed, the latest becomes a run. */
  readonly passedOver: readonly { readonly logicalDate: string; readonly due: string }[];
}

export interface PathSummary {
  readonly tasks: readonly string[];
  /** Runs that went this way. */
  readonly runs: number;
  /** Milliseconds of those runs, from start to end. */
  readonly medianMs: number;
  readonly longestMs: number;
}

export interface TaskTotals {
  readonly taskId: string;
  /** Task instances by the state they ended in. */
  readonly states: Readonly<Record<string, number>>;
  readonly attempts: number;
  /** Attempts after a failure. */
  readonly retries: number;
  /** Attempts whose worker was lost. */
  readonly lost: number;
  readonly timeouts: number;
}

export interface PoolTotals {
  readonly name: string;
  readonly slots: number;
  /** Task instances that had to wait for slots. */
  readonly waits: number;
  /** Milliseconds that those waited. */
  readonly medianMs: number;
  readonly longestMs: number;
}

export interface DeadlineTotals {
  readonly name: string;
  /** Runs that had it. */
  readonly runs: number;
  /** ... and had not succeeded by then. */
  readonly missed: number;
  /** Milliseconds by which the latest of them succeeded too late; 0: none did succeed too late. */
  readonly latestMs: number;
}

export interface SimulatedTotals {
  readonly runs: number;
  readonly states: Readonly<Record<Exclude<RunState, "queued" | "running">, number>>;
  readonly degraded: number;
  /** The most that were at work at once. */
  readonly activeRunsMax: number;
  /** Firings that got no run. */
  readonly passedOver: number;
  readonly attempts: number;
  readonly retries: number;
  readonly lost: number;
  readonly timeouts: number;
  /** Milliseconds from the start of a run to its end. */
  readonly lengthMs: { readonly median: number; readonly p90: number; readonly longest: number };
  /** Milliseconds that runs waited for their place among the active ones, the longest. */
  readonly waitMsMax: number;
  /** In the order of the DAG. */
  readonly tasks: readonly TaskTotals[];
  /** By name. */
  readonly pools: readonly PoolTotals[];
  /** In the order of the DAG. */
  readonly deadlines: readonly DeadlineTotals[];
}
