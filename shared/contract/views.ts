/** What the CLI's `--json` and the API say of runs and tasks. These shapes stay. Times are ISO 8601 in UTC. */

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
}

/** A scheduled date that was passed over. */
export interface MissingView {
  readonly dagId: string;
  readonly logicalDate: string;
  readonly dataInterval: { readonly start: string; readonly end: string };
  /** When its run would have come. */
  readonly due: string;
}

export interface TaskView {
  readonly taskId: string;
  /** null: not mapped. */
  readonly mapIndex: number | null;
  readonly state: string;
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly cause: string | null;
  /** The child run that its latest attempt started. */
  readonly childRunId: string | null;
}

export interface DagView {
  readonly dagId: string;
  readonly description: string | null;
  readonly schedule: string | null;
  readonly triggers: readonly string[];
  readonly paused: boolean;
  readonly removed: boolean;
  readonly nextRun: string | null;
  readonly activeRuns: number;
  readonly version: string;
  readonly owner: string | null;
  readonly tags: readonly string[];
}

export interface WhyView {
  readonly runId: string;
  readonly state: string;
  readonly why: string;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly state: string;
    readonly attempt: number;
    readonly why: string;
    readonly since: string | null;
    readonly nextLook: string | null;
    readonly waitsFor: readonly { readonly taskId: string; readonly state: string }[];
    readonly broke: readonly string[];
    /** As of its task. */
    readonly childRunId: string | null;
  }[];
}
