/** What can be said of an environment: dev, staging, prod ... */
import type { Duration, Schedule } from "freshet";
import type { ExecutorClass } from "../shared/core/executor-class.ts";

/** A bucket that pipelines name: one that the deployment makes, or one that exists already. */
export type BucketConfig =
  | { readonly create: true }
  /** `notifies`: its events go to EventBridge already. Otherwise the deployment switches that on. */
  | { readonly existing: string; readonly notifies?: boolean };

/** Where tasks with `executor: "worker"` run. Nothing of it exists unless a DAG has such a task. */
export type WorkersConfig =
  | {
      readonly run: "fargate";
      /** `own`: one with public subnets and nothing in it; addresses are free there, and a NAT gateway is not. */
      readonly vpc: "own" | { readonly id: string; readonly subnets: "public" | "private" };
      /** Attempts at work at once in one container; there are as many containers as `maxConcurrency` needs. */
      readonly slots: number;
    }
  /** Only their queue is made: somebody starts `worker.mjs` elsewhere. */
  | { readonly run: "elsewhere" };

/**
 * What starts by the clock. `"as written"`: what the DAGs say; `"none"`: nothing. `dags` says it of single ones: a schedule in place
 * of their own (`cron("0 12 * * *")`, `every.day()` ...), null for none, `"as written"` where the others have none.
 */
export type SchedulesConfig =
  | ScheduleDefault
  | {
      readonly default: ScheduleDefault;
      readonly dags: Readonly<Record<string, Schedule | null | "as written">>;
    };
type ScheduleDefault = "as written" | "none";

/**
 * Who is told of failed runs, of missed deadlines, of DAGs that were paused because their runs fail, and of alarms. `"off"`:
 * nobody, and nothing of it exists. Without addresses the topic is there for subscriptions of yours: `freshet.alerts`.
 */
export type AlertingConfig = "off" | { readonly emails: readonly string[] };

export interface EnvironmentConfig {
  /** By the name that pipelines have for it. One that no DAG's trigger names is reachable for tasks all the same. */
  readonly buckets: Readonly<Record<string, BucketConfig>>;
  readonly schedules: SchedulesConfig;
  /** `"ignored"`: nobody is told of deadlines that are missed, and none is noted. */
  readonly deadlines: "watched" | "ignored";
  /**
   * How far back it holds data: `"7d"`. What ended longer ago gets no run by the schedule, and no backfill; tasks see it in
   * `ctx.environment`. null: all there is.
   */
  readonly dataWindow: Duration | null;
  /** Attempts at work at once, by executor class. */
  readonly maxConcurrency: { readonly default: number } & Partial<Record<ExecutorClass, number>>;
  /**
   * Executor classes that are deployed whether or not a DAG asks for them: those that a DAG asked for before, until the runs in
   * flight that still need them have ended. `lambda-2048`, `worker` ...
   */
  readonly keepClasses?: readonly ExecutorClass[];
  /**
   * Batches of run events that are decided at once; as many as Lambda thinks right unless given, which is at least 2. Few make a wide
   * run cheaper, since more of its events come in one batch; as many that hang hold everything up.
   */
  readonly schedulerConcurrency?: number;
  readonly workers: WorkersConfig;
  /** Memory of the `lambda` class, in MB. */
  readonly memoryMb: number;
  readonly architecture: "arm64" | "x86_64";
  /** Concurrency kept for the tick, so that no storm of events starves the clock; null in accounts with a small quota. */
  readonly tickConcurrency: number | null;
  readonly logRetentionDays: 7 | 14 | 30 | 90 | 180 | 365;
  readonly alerting: AlertingConfig;
  /** X-Ray traces of all functions; they are billed. */
  readonly tracing: boolean;
  /** Whether tables and buckets outlive the stack. */
  readonly keepData: boolean;
  /**
   * Names of tables that were restored: they take the place of those that the deployment makes, which stay as they are.
   * docs/runbooks/restore.md
   */
  readonly restoredTables?: { readonly engine: string; readonly attempts: string };
  readonly tags: Readonly<Record<string, string>>;
}
