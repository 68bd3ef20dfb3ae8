/** What the CLI's `--json` and the API say of runs and tasks. These shapes stay. Times are ISO 8601 in UTC. */

/** Who paused something, and why. */
export interface PauseView {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

/** What an operator did to a run, or would do. */
export interface RunActView {
  readonly runId: string;
  readonly dagId: string;
  readonly action: "clear" | "mark" | "retry_now" | "pause" | "resume" | "cancel";
  readonly dryRun: boolean;
  readonly by: string;
  readonly reason: string;
  readonly run: { readonly from: string; readonly to: string };
  readonly version: { readonly from: string; readonly to: string };
  /** In the order of the DAG. `none`: it runs again in its turn. */
  readonly tasks: readonly {
    readonly taskId: string;
    readonly mapIndex: number | null;
    readonly from: string;
    readonly to: string;
    readonly attempt: number;
    readonly because:
      | "selected"
      | "upstream"
      | "downstream"
      | "follows"
      | "setup"
      | "teardown"
      | "unfinished"
      | "version"
      | "instances";
    /** It may be at work: it is stopped first. */
    readonly closes: boolean;
  }[];
  /** Tasks whose pauses begin, and end; null is the run itself. */
  readonly paused: readonly (string | null)[];
  readonly resumed: readonly (string | null)[];
}

export interface DagActView {
  readonly dagId: string;
  readonly action: "pause" | "resume";
  readonly dryRun: boolean;
  readonly by: string;
  readonly reason: string;
  readonly activeRuns: number;
  readonly nextRun: string | null;
  /** Since when a firing waits for its run. */
  readonly behindSince: string | null;
}

/** One act of an operator, as it is kept. */
export interface AuditView {
  readonly kind: "run" | "dag" | "pool" | "backfill";
  readonly id: string;
  readonly version: number;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
  readonly action: string;
  readonly before: AuditStateView;
  readonly after: AuditStateView;
}

export interface AuditStateView {
  readonly state?: string;
  readonly version?: string;
  readonly paused?: boolean;
  readonly pausedTasks?: readonly string[];
  readonly slots?: number;
  readonly tasks?: Readonly<Record<string, string>>;
  readonly more?: number;
}

export interface RunView {
  readonly runId: string;
  readonly dagId: string;
  readonly runType: string;
  /** Of a run that a task of another run started. */
  readonly parent: { readonly runId: string; readonly taskId: string; readonly attempt: number } | null;
  readonly state: string;
  readonly degraded: boolean;
  readonly logicalDate: string | null;
  readonly dataInterval: { readonly start: string; readonly end: string } | null;
  /** An edit of the schedule made the interval shorter or longer than the schedule's own. */
  readonly partial: boolean;
  readonly queuedAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** How often it was queued again after it had ended. */
  readonly epoch: number;
  readonly paused: PauseView | null;
  /** Tasks that are paused on their own. */
  readonly pausedTasks: readonly string[];
  /** Those that were missed, and those that still may be. */
  readonly deadlines: readonly DeadlineView[];
}

/** By when a run must have succeeded. */
export interface DeadlineView {
  readonly name: string;
  readonly at: string;
  /** When it was seen, and told, that it had passed; null: it was not, so far. */
  readonly missedAt: string | null;
}

/** What a backfill does, or would do, with one date. */
export interface BackfillRow {
  readonly logicalDate: string;
  readonly action: "create" | "clear" | "skip";
  readonly reason: string | null;
}

export interface BackfillView {
  readonly backfillId: string;
  readonly dagId: string;
  readonly state: string;
  /** Its DAG is paused: it takes up no date until somebody resumes that. */
  readonly dagPaused: PauseView | null;
  /** The pool of which its tasks take slots, besides their own. */
  readonly pool: string | null;
  readonly by: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
  /** Who paused or cancelled it, and why. */
  readonly stopped: { readonly by: string; readonly reason: string; readonly at: string } | null;
  readonly count: number;
  readonly success: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly running: number;
  readonly left: number;
  readonly skipped: readonly { readonly logicalDate: string; readonly reason: string }[];
  readonly skippedCount: number;
  /** When it will be done, by what its runs, or earlier ones, have taken; null: nobody knows. */
  readonly estimatedEnd: string | null;
}

/** A scheduled date that was passed over. */
export interface MissingView {
  readonly dagId: string;
  readonly logicalDate: string;
  readonly dataInterval: { readonly start: string; readonly end: string };
  /** When its run would have come. */
  readonly due: string;
  /** Why it has none, where that is more than the DAG's way with what overlaps or is late. */
  readonly reason: string | null;
}

/** Numbers of instances; `open`: not ended yet. */
export interface InstancesView {
  readonly total: number;
  readonly success: number;
  readonly failed: number;
  readonly skipped: number;
  readonly open: number;
}

export interface TaskView {
  readonly taskId: string;
  /** null: no instance of a mapped task. */
  readonly mapIndex: number | null;
  /** What the mapped task calls the instance; null: nothing. */
  readonly mapKey: string | null;
  readonly state: string;
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly cause: string | null;
  /** Of a mapped task: how its instances stand; null before there are any, and of anything else. */
  readonly instances: InstancesView | null;
  /** The child run that its latest attempt started. */
  readonly childRunId: string | null;
}

export interface DagView {
  readonly dagId: string;
  readonly description: string | null;
  readonly schedule: string | null;
  readonly triggers: readonly string[];
  readonly paused: boolean;
  readonly pausedBy: string | null;
  readonly pausedAt: string | null;
  readonly pausedReason: string | null;
  readonly removed: boolean;
  readonly nextRun: string | null;
  readonly activeRuns: number;
  readonly version: string;
  readonly owner: string | null;
  readonly tags: readonly string[];
}

/** Why a DAG starts no run just now. */
export interface DagWhyView extends DagView {
  /** `waiting`: nothing is due; `behind`: something is due that has no run yet. */
  readonly standing: "removed" | "paused" | "behind" | "waiting";
  /** Sentences, what matters first. */
  readonly why: readonly string[];
  /** Since when a firing waits for its run. */
  readonly behindSince: string | null;
  readonly active: readonly string[];
  /** Dates that were passed over and have had no run since; the newest of them. */
  readonly missing: readonly MissingView[];
  /** Backfills that are not over. */
  readonly backfills: readonly string[];
  /** What operators did to it, the latest first. */
  readonly acts: readonly Omit<AuditView, "before" | "after">[];
}

export interface WhyView {
  readonly runId: string;
  readonly state: string;
  readonly why: string;
  /** By how much each was missed, or when it comes, and which tasks the run waits for. */
  readonly deadlines: readonly (DeadlineView & {
    readonly why: string;
    readonly waitsFor: readonly { readonly taskId: string; readonly state: string }[];
  })[];
  /** What operators did to it, the latest first. */
  readonly acts: readonly Omit<AuditView, "before" | "after">[];
  readonly tasks: readonly {
    readonly taskId: string;
    readonly state: string;
    readonly attempt: number;
    readonly why: string;
    readonly since: string | null;
    readonly nextLook: string | null;
    readonly waitsFor: readonly { readonly taskId: string; readonly state: string }[];
    /** The pool that it waits for a slot of. */
    readonly pool: string | null;
    readonly broke: readonly string[];
    /** As of its task. */
    readonly childRunId: string | null;
  }[];
}

/** A pool: how many slots there are, who holds them, and who waits, the first to be served first. */
export interface PoolView {
  readonly pool: string;
  readonly slots: number;
  /** As the source says; another number stands while an operator's resize does. */
  readonly declared: number;
  readonly resized: { readonly by: string; readonly at: string } | null;
  readonly used: number;
  /** Slots that are waited for. */
  readonly waiting: number;
  readonly holders: readonly { readonly runId: string; readonly slots: number }[];
  readonly waiters: readonly {
    readonly runId: string;
    /** That all of its waiting tasks would take. */
    readonly slots: number;
    /** That its best-ranked waiting task takes. */
    readonly next: number;
    readonly priority: number;
    readonly deadline: string | null;
    readonly logicalDate: string | null;
    readonly since: string | null;
  }[];
  /** DAGs that take slots of it. */
  readonly dags: readonly string[];
}
